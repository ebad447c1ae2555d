/** Members, roles, channels and the options of a select menu as items of a list. */

import { COMPONENT } from "./component_kinds.js";
import { hexColor, isThread } from "./store.js";

/** Members of the place, by name. */
export function userItems(store) {
  const people = [...store.members.keys()].map((id) => store.users.get(id)).filter(Boolean);
  const items = people.map((user) => ({
    value: user.id,
    label: store.displayName(user.id),
    detail: user.bot ? "App" : user.username,
    color: store.colorOf(user.id),
  }));
  return items.sort((left, right) => left.label.localeCompare(right.label));
}

/** Roles, highest first. */
export function roleItems(store) {
  const roles = [...store.roles.values()].sort((left, right) => right.position - left.position);
  return roles.map((role) => ({
    value: role.id,
    label: role.name,
    color: role.color ? hexColor(role.color) : null,
  }));
}

/** Channels of the guild as they are listed beside it; `types` limits which kinds. */
export function channelItems(store, types = null) {
  const channels = store.places().filter(({ type }) => !types?.length || types.includes(type));
  return channels.map((channel) => ({
    value: channel.id,
    label: `#${channel.name}`,
    detail: isThread(channel) ? "Thread" : (channel.topic ?? undefined),
  }));
}

export function mentionableItems(store) {
  return [...userItems(store), ...roleItems(store).map((item) => ({ ...item, detail: "Role" }))];
}

/** The items and the current choice of a select menu of any type. */
export function selectItems(select, store) {
  if (select.type === COMPONENT.STRING_SELECT) {
    const items = select.options.map(({ value, label, description, emoji }) => ({
      value,
      label: emoji?.name && !emoji.id ? `${emoji.name} ${label}` : label,
      detail: description,
    }));
    const selected = select.options.filter((option) => option.default);
    return { items, selected: selected.map(({ value }) => value) };
  }
  const makers = {
    [COMPONENT.USER_SELECT]: () => userItems(store),
    [COMPONENT.ROLE_SELECT]: () => roleItems(store),
    [COMPONENT.MENTIONABLE_SELECT]: () => mentionableItems(store),
    [COMPONENT.CHANNEL_SELECT]: () => channelItems(store, select.channel_types),
  };
  const selected = (select.default_values ?? []).map((item) => item.id);
  return { items: makers[select.type](), selected };
}
