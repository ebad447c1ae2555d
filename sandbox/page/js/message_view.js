/** One message as DOM, from the line above it to the notice under it. Pure: reads the store. */

import { ComponentsView } from "./components.js";
import { dots, h, icon, iconButton } from "./dom.js";
import { embedView } from "./embeds.js";
import { snowflakeTimeMs } from "./ids.js";
import { parse, plainText } from "./markdown.js";
import { MarkdownView } from "./markdown_view.js";
import { fromAttachment, mediaView } from "./media.js";
import { isEphemeral, isLayout, isLoading, nameOf } from "./store.js";
import { messageTime } from "./timestamps.js";

const AVATAR_COLORS = ["#5865f2", "#3ba55c", "#b8761a", "#d0475e", "#8b5cd6", "#2f8fb0"];
/** Message types that look different. */
const TYPE = {
  THREAD_CREATED: 18,
  REPLY: 19,
  CHAT_COMMAND: 20,
  THREAD_STARTER: 21,
  MENU_COMMAND: 23,
};
const COMMANDS = new Set([TYPE.CHAT_COMMAND, TYPE.MENU_COMMAND]);
const REPLIES = new Set([TYPE.REPLY, TYPE.THREAD_STARTER]);
const EXCERPT_CHARACTERS = 120;

/** A round mark with the first letters of a name, drawn instead of a picture. */
export function avatar(userId, name, small = false) {
  const letters = name.split(/\s+/).map((word) => [...word][0] ?? "").join("");
  const color = AVATAR_COLORS[snowflakeHash(userId) % AVATAR_COLORS.length];
  const props = { class: `avatar ${small ? "small" : ""}`, style: { "--color": color } };
  return h("span", { ...props, "aria-hidden": "true" }, letters.slice(0, 2).toUpperCase());
}

/** The low bits tell neighbours apart; the high bits are only time. */
const snowflakeHash = (id) => Number(BigInt(id || 0) & 0xffffn);

export class MessageView {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.markdown = new MarkdownView(store);
    this.components = new ComponentsView(this.markdown, store);
  }

  /**
   * @param {any} message
   * @param {boolean} compact follows another of the same author, so the name is left out
   */
  view(message, compact) {
    const labelId = `label-${message.id}`;
    const classes = ["message"];
    if (compact) classes.push("compact");
    if (this.#mentionsMe(message)) classes.push("mentioned");
    if (isEphemeral(message)) classes.push("ephemeral");
    const data = {
      testid: "message",
      key: message.id,
      messageId: message.id,
      authorId: message.author.id,
      ephemeral: isEphemeral(message),
      loading: isLoading(message),
    };
    const props = { class: classes.join(" "), id: `message-${message.id}`, tabindex: -1, data };
    const header = this.#header(message, compact, labelId);
    return h(
      "li",
      { ...props, "aria-labelledby": labelId },
      this.#above(message),
      this.#gutter(message, compact),
      h("div", { class: "message-body" }, header, this.#body(message)),
      this.#toolbar(message),
    );
  }

  #mentionsMe(message) {
    const { me, members } = this.store;
    const own = members.get(me.id)?.roles ?? [];
    const named = (message.mentions ?? []).some(({ id }) => id === me.id);
    return named || (message.mention_roles ?? []).some((id) => own.includes(id));
  }

  #above(message) {
    const metadata = message.interaction_metadata;
    const name = metadata?.name ?? message.interaction?.name;
    if (metadata && name && COMMANDS.has(message.type)) {
      return this.#usedLine(metadata.user, message.type === TYPE.CHAT_COMMAND ? `/${name}` : name);
    }
    if (REPLIES.has(message.type)) return this.#replyLine(message);
    return null;
  }

  #usedLine(user, title) {
    const who = this.store.displayName(user.id);
    return h(
      "div",
      { class: "above", testid: "used" },
      avatar(user.id, who, true),
      h("strong", {}, who),
      " used ",
      h("span", { class: "command-name" }, title),
    );
  }

  #replyLine(message) {
    const referenced = this.store.referencedBy(message);
    if (!referenced) {
      const gone = h("em", {}, "Original message was deleted");
      return h("div", { class: "above", testid: "reply" }, icon("reply"), gone);
    }
    const who = this.store.displayName(referenced.author.id);
    const data = { action: "jump", id: referenced.id, testid: "reply" };
    const text = excerpt(referenced) || "Click to see the message";
    return h(
      "button",
      { type: "button", class: "above", data, "aria-label": `Reply to ${who}: ${text}` },
      avatar(referenced.author.id, who, true),
      h("strong", {}, who),
      h("span", { class: "excerpt" }, text),
    );
  }

  #gutter(message, compact) {
    const who = this.#authorName(message);
    const clock = messageTime(snowflakeTimeMs(message.id));
    const inside = compact
      ? h("time", { class: "hover-time" }, clock.slice(-5))
      : avatar(message.author.id, who);
    return h("div", { class: "gutter", "aria-hidden": "true" }, inside);
  }

  #authorName({ author }) {
    return this.store.users.has(author.id) ? this.store.displayName(author.id) : nameOf(author);
  }

  #header(message, compact, labelId) {
    const { author } = message;
    const sentMs = snowflakeTimeMs(message.id);
    const color = this.store.colorOf(author.id);
    const badge = author.bot ? h("span", { class: "badge" }, "APP") : null;
    const time = h("time", { datetime: new Date(sentMs).toISOString() }, messageTime(sentMs));
    const style = color ? { "--name": color } : {};
    const props = { class: "author", style, testid: "author" };
    const name = h("span", props, this.#authorName(message));
    const classes = `message-header ${compact ? "visually-hidden" : ""}`;
    return h("div", { class: classes, id: labelId }, name, badge, time);
  }

  #body(message) {
    const parts = isLoading(message) ? [this.#thinking(message)] : this.#content(message);
    parts.push(this.#failure(message));
    if (isEphemeral(message)) parts.push(dismissLine(message));
    return parts;
  }

  #thinking(message) {
    const text = `${this.#authorName(message)} is thinking…`;
    return h("div", { class: "thinking", testid: "thinking" }, dots(), text);
  }

  #content(message) {
    const edited = message.edited_timestamp
      ? h("span", { class: "edited", testid: "edited" }, "(edited)")
      : null;
    const parts = [];
    const started = message.type === TYPE.THREAD_CREATED;
    const content = started ? `started a thread: ${message.content}` : message.content;
    if (content) {
      const text = this.markdown.blocks(content);
      if (edited) (text.lastElementChild ?? text).append(" ", edited);
      parts.push(h("div", { class: "content", testid: "content" }, text));
    }
    if (!isLayout(message)) parts.push(attachments(message.attachments ?? []));
    parts.push((message.embeds ?? []).map((embed) => embedView(embed, this.markdown)));
    parts.push(this.components.view(message));
    parts.push(threadLink(this.store.channels.get(message.thread?.id)));
    if (edited && !content) parts.push(h("div", {}, edited));
    return parts;
  }

  #failure(message) {
    const failed = this.store.controls.get(message.id)?.failed;
    const props = { class: "failed", role: "alert", testid: "interaction-failed" };
    return failed ? h("div", props, failed) : null;
  }

  #toolbar(message) {
    const label = `More for the message of ${this.#authorName(message)}`;
    const button = iconButton("dots", label, {
      class: "icon-button",
      "aria-haspopup": "menu",
      testid: "message-menu",
      data: { action: "menu" },
    });
    return h("div", { class: "toolbar" }, button);
  }
}

function threadLink(thread) {
  if (!thread) return null;
  const data = { action: "channel", id: thread.id, testid: "thread-link" };
  return h("button", { type: "button", class: "thread-link", data }, icon("thread"), thread.name);
}

function attachments(list) {
  if (!list.length) return null;
  const props = { class: "attachments", testid: "attachments" };
  return h("div", props, list.map((item) => mediaView(fromAttachment(item))));
}

function dismissLine() {
  const props = { type: "button", class: "link", testid: "dismiss", data: { action: "dismiss" } };
  const button = h("button", props, "Dismiss message");
  const words = "Only you can see this • ";
  return h("div", { class: "only-you", testid: "only-you" }, icon("eye"), words, button);
}

/** The beginning of a message as one plain line. */
export function excerpt(message) {
  const text = message.content || firstText(message.components ?? []) || message.embeds?.[0]?.title;
  if (text) return plainText(parse(text)).slice(0, EXCERPT_CHARACTERS);
  return message.attachments?.length ? message.attachments[0].filename : "";
}

function firstText(components) {
  for (const component of components) {
    const text = component.content ?? firstText(component.components ?? []);
    if (text) return text;
  }
  return "";
}
