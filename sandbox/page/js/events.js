/** Gateway events into store changes: one small handler an event. */

import { CHANNEL } from "./store.js";

const HANDLERS = {
  READY: ready,
  GUILD_CREATE: guild,
  GUILD_UPDATE: guild,
  GUILD_ROLE_CREATE: (store, { role }) => store.roles.set(role.id, role),
  GUILD_ROLE_UPDATE: (store, { role }) => store.roles.set(role.id, role),
  GUILD_ROLE_DELETE: (store, { role_id: id }) => store.roles.delete(id),
  GUILD_MEMBER_ADD: member,
  GUILD_MEMBER_UPDATE: member,
  CHANNEL_CREATE: channel,
  CHANNEL_UPDATE: channel,
  CHANNEL_DELETE: channelGone,
  THREAD_CREATE: channel,
  THREAD_UPDATE: channel,
  THREAD_DELETE: channelGone,
  MESSAGE_CREATE: messageCreated,
  MESSAGE_UPDATE: (store, message) => store.changeMessage(message.channel_id, message),
  MESSAGE_DELETE: (store, data) => store.dropMessage(data.channel_id, data.id),
  MESSAGE_DELETE_BULK: (store, data) => {
    for (const id of data.ids) store.dropMessage(data.channel_id, id);
  },
};

const ABOUT_MESSAGES = /^MESSAGE_/;

/**
 * Apply one event; unknown ones are other clients' business.
 * @param {import("./store.js").Store} store
 */
export function applyEvent(store, type, data) {
  const handler = HANDLERS[type];
  if (!handler) return;
  handler(store, data);
  if (!ABOUT_MESSAGES.test(type)) store.emit("guild");
}

function ready(store, data) {
  store.putUser(data.user);
  for (const user of data.users ?? []) store.putUser(user);
  for (const item of data.guilds ?? []) if (!item.unavailable) guild(store, item);
  for (const item of data.private_channels ?? []) channel(store, item);
}

function guild(store, data) {
  const { channels = [], threads = [], roles = [], members = [], ...rest } = data;
  store.guild = { ...store.guild, ...rest, ...rest.properties };
  for (const role of roles) store.roles.set(role.id, role);
  for (const item of members) member(store, item);
  for (const item of [...channels, ...threads]) channel(store, { guild_id: data.id, ...item });
}

function member(store, data) {
  const id = data.user?.id ?? data.user_id;
  if (data.user) store.putUser(data.user);
  store.putMember(id, data);
}

function channel(store, data) {
  store.channels.set(data.id, { ...store.channels.get(data.id), ...data });
  for (const user of data.recipients ?? []) store.putUser(user);
}

function channelGone(store, { id }) {
  store.channels.delete(id);
  store.messages.delete(id);
  if (store.channelId !== id) return;
  const next = [...store.channels.values()].find((item) => item.type === CHANNEL.TEXT);
  store.showChannel(next?.id ?? null);
}

function messageCreated(store, message) {
  const place = message.channel_id;
  if (place !== store.channelId && message.author.id !== store.me.id) {
    store.unread.add(place);
    store.emit("guild");
  }
  store.putMessages(place, [message]);
}
