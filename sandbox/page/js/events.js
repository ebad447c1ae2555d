/** Gateway events into store changes: one small handler an event. */

const HANDLERS = {
  READY: ready,
  GUILD_CREATE: guild,
  GUILD_UPDATE: guild,
  GUILD_DELETE: guildGone,
  GUILD_ROLE_CREATE: role,
  GUILD_ROLE_UPDATE: role,
  GUILD_ROLE_DELETE: (store, data) => rolesOf(store, data)?.delete(data.role_id),
  GUILD_MEMBER_ADD: member,
  GUILD_MEMBER_UPDATE: member,
  GUILD_MEMBER_REMOVE: memberGone,
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

/** What is not in it any more was left meanwhile. */
function ready(store, data) {
  store.putUser(data.user);
  store.setLocale(data.user.locale);
  for (const user of data.users ?? []) store.putUser(user);
  store.guilds.clear();
  store.channels.clear();
  for (const item of data.guilds ?? []) if (!item.unavailable) guild(store, item);
  for (const item of data.private_channels ?? []) channel(store, item);
}

function guild(store, data) {
  const { channels = [], threads = [], roles = [], members = [], ...rest } = data;
  const known = store.guilds.get(data.id) ?? { roles: new Map(), members: new Map() };
  store.guilds.set(data.id, { ...known, ...rest, ...rest.properties });
  for (const item of roles) known.roles.set(item.id, item);
  for (const item of members) member(store, { ...item, guild_id: data.id });
  for (const item of [...channels, ...threads]) channel(store, { guild_id: data.id, ...item });
}

function guildGone(store, { id, unavailable }) {
  if (unavailable) return;
  store.guilds.delete(id);
  for (const item of [...store.channels.values()]) {
    if (item.guild_id === id) forgetChannel(store, item.id);
  }
  if (store.shownGuildId !== id) return;
  const [next] = store.guilds.keys();
  store.showGuild(next ?? null);
}

const rolesOf = (store, { guild_id: guildId }) => store.guilds.get(guildId)?.roles;

function role(store, data) {
  rolesOf(store, data)?.set(data.role.id, data.role);
}

function member(store, { guild_id: guildId, user, ...data }) {
  store.putUser(user);
  store.putMember(guildId, user.id, data);
}

function memberGone(store, { guild_id: guildId, user }) {
  store.guilds.get(guildId)?.members.delete(user.id);
}

function channel(store, data) {
  store.channels.set(data.id, { ...store.channels.get(data.id), ...data });
  for (const user of data.recipients ?? []) store.putUser(user);
}

function channelGone(store, { id }) {
  forgetChannel(store, id);
  if (store.channelId === id) store.showGuild(store.shownGuildId);
}

function forgetChannel(store, id) {
  store.channels.delete(id);
  store.messages.delete(id);
  store.histories.delete(id);
  store.unread.delete(id);
}

function messageCreated(store, message) {
  const place = message.channel_id;
  if (place !== store.channelId && message.author.id !== store.me.id) {
    store.unread.add(place);
    store.emit("guild");
  }
  store.putMessages(place, [message]);
}
