/** Markdown trees as DOM nodes. Text only ever becomes text nodes; links only http(s). */

import { h } from "./dom.js";
import { linkProps } from "./links.js";
import { parse, parseInline } from "./markdown.js";
import { hexColor } from "./store.js";
import { formatTimestamp } from "./timestamps.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strike: "s", item: "li" };

export class MarkdownView {
  /** @param {import("./store.js").Store} store names of who and what is mentioned */
  constructor(store) {
    this.store = store;
  }

  /** @returns {HTMLElement} the text with blocks (headings, lists, quotes, code) */
  blocks(text, className = "") {
    return h("div", { class: `markdown ${className}` }, this.#render(parse(text)));
  }

  /** @returns {HTMLElement} one line without blocks, as titles have it */
  inline(text, className = "") {
    return h("span", { class: `markdown ${className}` }, this.#render(parseInline(text)));
  }

  #render(nodes) {
    return nodes.map((node) => this.#node(node));
  }

  #node(node) {
    const children = node.children ? this.#render(node.children) : [];
    if (TAGS[node.type]) return h(TAGS[node.type], {}, children);
    return this[`_${node.type}`](node, children);
  }

  _text(node) {
    return node.text;
  }

  _paragraph(node, children) {
    return h("div", { class: "paragraph" }, children);
  }

  _heading({ level }, children) {
    const props = { class: `heading h${level}`, role: "heading", "aria-level": level + 2 };
    return h("div", props, children);
  }

  _subtext(node, children) {
    return h("div", { class: "subtext" }, children);
  }

  _quote(node, children) {
    return h("blockquote", {}, children);
  }

  _list(node, children) {
    return node.ordered ? h("ol", { start: node.start }, children) : h("ul", {}, children);
  }

  _code(node) {
    return h("code", {}, node.text);
  }

  _code_block(node) {
    const props = { class: "code-block", tabindex: 0, data: { language: node.language } };
    return h("pre", props, h("code", {}, node.text.replace(/^\n|\n$/g, "")));
  }

  _spoiler(node, children) {
    const props = { class: "spoiler", role: "button", tabindex: 0, "aria-label": "Show spoiler" };
    return h("span", { ...props, data: { action: "spoiler" } }, h("span", {}, children));
  }

  _link(node, children) {
    return h("a", linkProps(node.url), children);
  }

  _user(node) {
    return h("span", { class: "mention" }, `@${this.store.displayName(node.id)}`);
  }

  _role(node) {
    const role = this.store.roles.get(node.id);
    const style = role?.color ? { "--mention": hexColor(role.color) } : {};
    const props = { class: "mention", style, data: { roleId: node.id } };
    return h("span", props, `@${role?.name ?? "unknown role"}`);
  }

  _channel(node) {
    const channel = this.store.channels.get(node.id);
    const props = { class: "mention", type: "button", data: { action: "channel", id: node.id } };
    return channel
      ? h("button", props, `#${channel.name}`)
      : h("span", { class: "mention" }, "#unknown");
  }

  _command(node) {
    const data = { action: "command", name: node.name };
    return h("button", { class: "mention", type: "button", data }, `/${node.name}`);
  }

  _emoji(node) {
    return h("span", { class: "emoji", title: `:${node.name}:` }, `:${node.name}:`);
  }

  _everyone(node) {
    return h("span", { class: "mention" }, node.text);
  }

  _time({ unixS, style }) {
    const when = new Date(unixS * 1000);
    const valid = !Number.isNaN(when.getTime());
    const props = { datetime: valid ? when.toISOString() : null, data: { unix: unixS, style } };
    props.title = valid ? formatTimestamp(unixS, "F") : null;
    const text = valid ? formatTimestamp(unixS, style) : `<t:${unixS}:${style}>`;
    return h("time", valid ? props : {}, text);
  }
}
