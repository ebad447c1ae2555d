/** Who one can look on as, and what they are in each guild. Pure. */

import { hexColor, nameOf } from "./store.js";
import { formatTimestamp } from "./timestamps.js";

/** Somebody of any guild, by id or name. */
export function findPerson(config, idOrName) {
  const wanted = idOrName?.toLowerCase();
  return everyone(config).find(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
}

/**
 * Items of a list: the members of the shown guild with their roles as they are now, then the
 * people who are only in other guilds.
 * @param {import("./store.js").Store} store
 */
export function peopleItems(config, store) {
  const items = new Map();
  for (const { id, name } of everyone(config)) {
    if (store.members.has(id)) items.set(id, memberItem(store, id, name));
  }
  for (const guild of config.guilds) {
    for (const { id, name, roles, owner } of guild.members) {
      const detail = `${rolesText(owner, roles)} in ${guild.name}`;
      if (!items.has(id)) items.set(id, { value: id, label: name, detail });
    }
  }
  return [...items.values()];
}

function everyone({ guilds }) {
  return guilds.flatMap(({ members }) => members);
}

function memberItem(store, id, name) {
  const roles = store.rolesOf(id);
  const color = roles.find((role) => role.color)?.color;
  const label = store.members.get(id).nick ?? nameOf(store.users.get(id)) ?? name;
  const detail = `${describeRoles(store, id)}, joined ${joined(store, id)}`;
  return { value: id, label, detail, color: color ? hexColor(color) : null };
}

/** What a member is in the shown guild. */
export function describeRoles(store, id) {
  const names = store.rolesOf(id).map((role) => role.name);
  return rolesText(store.guild?.owner_id === id, names);
}

function rolesText(owner, names) {
  return [...(owner ? ["owner"] : []), ...names].join(", ") || "no roles";
}

function joined(store, id) {
  return formatTimestamp(Date.parse(store.members.get(id).joinedAt) / 1000, "R");
}
