/**
 * What the page knows: who is who, the channels, the messages, what is under way. Views listen to
 * its topics and read it; only `events.js`, `interactions.js` and `session.js` change it.
 *
 * One guild is shown at a time: `guild`, `roles` and `members` are its own. A direct message is
 * shown beside the guild that was shown before it.
 *
 * Topics: "guild" (guilds, channels, roles, names), "messages" (of a channel), "status" (of the
 * connection), "commands" (they were fetched), "channel" (another one is shown).
 */

import { compareIds } from "./ids.js";

const FLAG = { EPHEMERAL: 1 << 6, LOADING: 1 << 7, COMPONENTS_V2: 1 << 15 };
export const CHANNEL = { TEXT: 0, DM: 1, VOICE: 2, GROUP: 3, NEWS: 5, STAGE: 13, FORUM: 15 };
const VOICES = new Set([CHANNEL.VOICE, CHANNEL.STAGE]);
const LISTED = new Set([CHANNEL.TEXT, CHANNEL.NEWS, CHANNEL.FORUM, ...VOICES]);
const THREADS = new Set([10, 11, 12]);
const NOBODY = new Map();
const VIEW_CHANNEL = 1n << 10n;

export class Store {
  #listeners = new Map();

  /** @param {any} me the member as the configuration lists them */
  constructor(me) {
    this.me = me;
    /** @type {Map<string, any>} each with `roles` and `members`, by id */ this.guilds = new Map();
    this.shownGuildId = null;
    this.channelId = null;
    /** @type {Map<string, string>} the channel last shown, by guild */ this.visited = new Map();
    this.status = "connecting";
    /** @type {string | null} the language of the member's client */ this.locale = null;
    const user = { id: me.id, username: me.name };
    /** @type {Map<string, any>} */ this.users = new Map([[me.id, user]]);
    /** @type {Map<string, any>} */ this.channels = new Map();
    /** @type {Map<string, Map<string, any>>} */ this.messages = new Map();
    /** @type {Map<string, {oldest: boolean}>} channels whose history is here */
    this.histories = new Map();
    /** @type {Map<string, any>} commands on their way, by nonce */ this.pending = new Map();
    /** @type {Map<string, any>} what a message's controls are doing */ this.controls = new Map();
    /** @type {Map<string, Map<string, any[]>>} chosen in selects, by message and custom id */
    this.choices = new Map();
    /** @type {Set<string>} */ this.unread = new Set();
  }

  /** @param {AbortSignal} signal ends the listening */
  on(topic, listener, signal) {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    signal.addEventListener("abort", () => listeners.delete(listener));
  }

  emit(topic, detail = null) {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(detail);
  }

  setStatus(status) {
    this.status = status;
    this.emit("status", status);
  }

  showChannel(channelId) {
    this.channelId = channelId;
    this.unread.delete(channelId);
    if (this.guildId) {
      this.shownGuildId = this.guildId;
      this.visited.set(this.guildId, channelId);
    }
    this.emit("channel", channelId);
    this.emit("guild");
  }

  /** Show a guild: the channel last looked at, or its first; null when none can be seen. */
  showGuild(guildId) {
    this.shownGuildId = guildId;
    const last = this.visited.get(guildId);
    this.showChannel(this.channels.has(last) ? last : (this.places(guildId)[0]?.id ?? null));
  }

  get guild() {
    return this.guilds.get(this.shownGuildId) ?? null;
  }

  get roles() {
    return this.guild?.roles ?? NOBODY;
  }

  get members() {
    return this.guild?.members ?? NOBODY;
  }

  get channel() {
    return this.channels.get(this.channelId) ?? null;
  }

  /** The channels of a guild by position, each followed by its threads. */
  places(guildId = this.shownGuildId) {
    const all = [...this.channels.values()].filter((item) => item.guild_id === guildId);
    const listed = all.filter(({ type }) => LISTED.has(type));
    listed.sort((left, right) => (left.position ?? 0) - (right.position ?? 0));
    return listed.flatMap((item) => [item, ...all.filter(openThreadOf(item))]);
  }

  get directChannels() {
    return [...this.channels.values()].filter(isDirect);
  }

  hasUnread(guildId) {
    return [...this.unread].some((id) => this.channels.get(id)?.guild_id === guildId);
  }

  setLocale(locale) {
    this.locale = locale;
    this.emit("locale", locale);
  }

  /** What a channel is called; a direct message after the other side. */
  channelName(channel) {
    return channel.name ?? this.displayName(channel.recipients?.[0]?.id);
  }

  /** The shown channel's guild, or null in a direct message. */
  get guildId() {
    return this.channel?.guild_id ?? null;
  }

  /** A channel's messages, oldest first. */
  messagesIn(channelId) {
    const messages = [...(this.messages.get(channelId)?.values() ?? [])];
    return messages.sort((left, right) => compareIds(left.id, right.id));
  }

  message(channelId, id) {
    return this.messages.get(channelId)?.get(id) ?? null;
  }

  /** The message that a reply answers, as it is now; null when it was deleted. */
  referencedBy({ channel_id: channelId, referenced_message: sent }) {
    return sent ? (this.message(channelId, sent.id) ?? sent) : null;
  }

  /** Merge changes into a message, or, when it is not loaded, into what replies show of it. */
  changeMessage(channelId, message) {
    if (this.message(channelId, message.id)) this.putMessages(channelId, [message]);
    else this.#renewReplies(channelId, message.id, message);
  }

  /** Add messages or merge changes into known ones. */
  putMessages(channelId, list) {
    const messages = this.messages.get(channelId) ?? new Map();
    this.messages.set(channelId, messages);
    for (const message of list) {
      if (message.components) this.choices.delete(message.id);
      messages.set(message.id, { ...messages.get(message.id), ...message });
      this.rememberUsers(message);
    }
    this.emit("messages", channelId);
  }

  dropMessage(channelId, id) {
    this.controls.delete(id);
    this.messages.get(channelId)?.delete(id);
    this.#renewReplies(channelId, id, null);
  }

  /** Replies came with a copy of their message: it may not be loaded itself. */
  #renewReplies(channelId, id, changes) {
    for (const reply of this.messages.get(channelId)?.values() ?? []) {
      const sent = reply.referenced_message;
      if (sent?.id === id) reply.referenced_message = changes && { ...sent, ...changes };
    }
    this.emit("messages", channelId);
  }

  /** After a session that could not be resumed: what was missed is fetched again. */
  forgetHistories() {
    this.histories.clear();
    for (const messages of this.messages.values()) {
      for (const message of messages.values()) {
        if (!isEphemeral(message)) messages.delete(message.id);
      }
    }
  }

  rememberUsers(message) {
    const people = [message.author, ...(message.mentions ?? [])];
    people.push(message.interaction_metadata?.user, message.referenced_message?.author);
    for (const user of people) if (user?.id) this.putUser(user);
    if (message.member) this.putMember(message.guild_id, message.author.id, message.member);
  }

  putUser({ member: _member, ...user }) {
    this.users.set(user.id, { ...this.users.get(user.id), ...user });
  }

  putMember(guildId, userId, member) {
    const { roles = [], nick = null, joined_at: joinedAt } = member;
    this.guilds.get(guildId)?.members.set(userId, { roles, nick, joinedAt });
  }

  setChoice(message, customId, values) {
    const choices = this.choices.get(message.id) ?? new Map();
    this.choices.set(message.id, choices.set(customId, values));
    this.emit("messages", message.channel_id);
  }

  setPending(nonce, pending) {
    if (pending) this.pending.set(nonce, { ...this.pending.get(nonce), ...pending });
    else this.pending.delete(nonce);
    this.emit("messages", this.channelId);
  }

  setControls(message, state) {
    if (state) this.controls.set(message.id, state);
    else this.controls.delete(message.id);
    this.emit("messages", message.channel_id);
  }

  displayName(userId) {
    const user = this.users.get(userId);
    return this.members.get(userId)?.nick ?? nameOf(user) ?? "someone";
  }

  /** The member's roles, highest first, without @everyone. */
  rolesOf(userId) {
    const ids = this.members.get(userId)?.roles ?? [];
    const roles = ids.map((id) => this.roles.get(id)).filter(Boolean);
    return roles.sort((left, right) => right.position - left.position);
  }

  /** CSS colour of a member's name, or null. */
  colorOf(userId) {
    const role = this.rolesOf(userId).find((item) => item.color);
    return role ? hexColor(role.color) : null;
  }
}

export const isEphemeral = (message) => Boolean((message.flags ?? 0) & FLAG.EPHEMERAL);
export const isLoading = (message) => Boolean((message.flags ?? 0) & FLAG.LOADING);
export const isLayout = (message) => Boolean((message.flags ?? 0) & FLAG.COMPONENTS_V2);
/** Whether a channel is hidden from everyone without a role that opens it. */
export const isPrivate = ({ guild_id: everyone, permission_overwrites: list = [] }) =>
  list.some(({ id, deny }) => id === everyone && BigInt(deny) & VIEW_CHANNEL);
const openThreadOf = (parent) => (channel) =>
  isThread(channel) && channel.parent_id === parent.id && !channel.thread_metadata?.archived;
export const isDirect = ({ type }) => type === CHANNEL.DM || type === CHANNEL.GROUP;
/** Whether people write there: a forum has only its posts. */
export const isWritable = (channel) => Boolean(channel) && channel.type !== CHANNEL.FORUM;
/** The name of a channel's icon. */
export function symbolOf(channel) {
  if (isDirect(channel)) return channel.type === CHANNEL.GROUP ? "people" : "at";
  if (VOICES.has(channel.type)) return "voice";
  if (channel.type === CHANNEL.FORUM) return "forum";
  if (isThread(channel)) return "thread";
  return isPrivate(channel) ? "lock" : "hash";
}
export const isThread = (channel) => THREADS.has(channel.type);
export const nameOf = (user) => user?.global_name ?? user?.username;
export const hexColor = (number) => `#${number.toString(16).padStart(6, "0")}`;
