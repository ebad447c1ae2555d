/** Embeds: colour bar, author, title, text, fields, pictures, footer. */

import { h } from "./dom.js";
import { linkProps } from "./links.js";
import { fromItem, mediaView } from "./media.js";
import { hexColor } from "./store.js";
import { messageTime } from "./timestamps.js";

/**
 * @param {any} embed
 * @param {import("./markdown_view.js").MarkdownView} markdown
 */
export function embedView(embed, markdown) {
  const style = embed.color ? { "--accent": hexColor(embed.color) } : {};
  const body = h(
    "div",
    { class: "embed-body" },
    embed.author ? h("div", { class: "embed-author" }, embed.author.name) : null,
    embed.title ? h("div", { class: "embed-title" }, title(embed, markdown)) : null,
    embed.description ? markdown.blocks(embed.description, "embed-description") : null,
    fields(embed.fields ?? [], markdown),
    embed.image ? mediaView(fromItem(embed.image)) : null,
    embed.video ? mediaView(fromItem(embed.video)) : null,
    footer(embed),
  );
  const corner = embed.thumbnail
    ? h("div", { class: "thumbnail" }, mediaView({ ...fromItem(embed.thumbnail), width: null }))
    : null;
  return h("article", { class: "embed", style, testid: "embed" }, body, corner);
}

function title(embed, markdown) {
  const text = markdown.inline(embed.title);
  if (!embed.url) return text;
  return h("a", linkProps(embed.url), text);
}

function fields(list, markdown) {
  if (!list.length) return null;
  const views = list.map((field) => {
    const name = h("div", { class: "embed-field-name" }, markdown.inline(field.name));
    const props = { class: `embed-field ${field.inline ? "inline" : ""}` };
    return h("div", props, name, markdown.blocks(field.value));
  });
  return h("div", { class: "embed-fields" }, views);
}

function footer(embed) {
  const parts = [embed.footer?.text];
  if (embed.timestamp) parts.push(messageTime(Date.parse(embed.timestamp)));
  const text = parts.filter(Boolean).join(" • ");
  return text ? h("div", { class: "embed-footer" }, text) : null;
}
