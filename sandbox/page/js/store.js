/**
 * What the page knows: who is who, the channels, the messages, what is under way. Views listen to
 * its topics and read it; only `events.js`, `interactions.js` and `session.js` change it.
 *
 * Topics: "guild" (channels, roles, names), "messages" (of a channel), "status" (of the
 * connection), "commands" (they were fetched), "channel" (another one is shown).
 */

import { compareIds } from "./ids.js";

const FLAG = { EPHEMERAL: 1 << 6, LOADING: 1 << 7, COMPONENTS_V2: 1 << 15 };
export const CHANNEL = { TEXT: 0, DM: 1, NEWS: 5 };
const THREADS = new Set([10, 11, 12]);
const ADMINISTRATOR = 1n << 3n;

export class Store {
  #listeners = new Map();

  /** @param {any} me the member as the configuration lists them */
  constructor(me) {
    this.me = me;
    this.guild = null;
    this.channelId = null;
    this.status = "connecting";
    const user = { id: me.id, username: me.name };
    /** @type {Map<string, any>} */ this.users = new Map([[me.id, user]]);
    /** @type {Map<string, any>} */ this.members = new Map([[me.id, { roles: me.roles ?? [] }]]);
    /** @type {Map<string, any>} */ this.roles = new Map();
    /** @type {Map<string, any>} */ this.channels = new Map();
    /** @type {Map<string, Map<string, any>>} */ this.messages = new Map();
    /** @type {Map<string, {oldest: boolean}>} channels whose history is here */
    this.histories = new Map();
    /** @type {Map<string, any>} commands on their way, by nonce */ this.pending = new Map();
    /** @type {Map<string, any>} what a message's controls are doing */ this.controls = new Map();
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
    this.emit("channel", channelId);
    this.emit("guild");
  }

  get channel() {
    return this.channels.get(this.channelId) ?? null;
  }

  /** The shown channel's guild, or null in a direct message. */
  get guildId() {
    const channel = this.channel;
    if (!channel || channel.type === CHANNEL.DM) return null;
    return channel.guild_id ?? this.guild?.id ?? null;
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
    if (message.member && message.author) this.putMember(message.author.id, message.member);
  }

  putUser(user) {
    const { member, ...rest } = user;
    this.users.set(user.id, { ...this.users.get(user.id), ...rest });
    if (member) this.putMember(user.id, member);
  }

  putMember(userId, member) {
    const { roles = [], nick = null, permissions } = member;
    this.members.set(userId, { ...this.members.get(userId), roles, nick, permissions });
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

  /** Whether Discord's client would list this command for the member. */
  mayUse(command) {
    const required = command.default_member_permissions;
    if (required === null || required === undefined || !this.guildId) return true;
    const held = this.#permissions();
    const wanted = BigInt(required);
    if (held & ADMINISTRATOR || this.guild?.owner_id === this.me.id) return true;
    return wanted !== 0n && (held & wanted) === wanted;
  }

  #permissions() {
    const ids = [this.guild?.id, ...(this.members.get(this.me.id)?.roles ?? [])];
    return ids.reduce((sum, id) => sum | BigInt(this.roles.get(id)?.permissions ?? 0), 0n);
  }
}

export const isEphemeral = (message) => Boolean((message.flags ?? 0) & FLAG.EPHEMERAL);
export const isLoading = (message) => Boolean((message.flags ?? 0) & FLAG.LOADING);
export const isLayout = (message) => Boolean((message.flags ?? 0) & FLAG.COMPONENTS_V2);
export const isThread = (channel) => THREADS.has(channel.type);
export const nameOf = (user) => user?.global_name ?? user?.username;
export const hexColor = (number) => `#${number.toString(16).padStart(6, "0")}`;
