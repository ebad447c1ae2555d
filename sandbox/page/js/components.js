/** Message components, V1 and V2, as DOM. Clicks are delegated: see `message_list.js`. */

import { COMPONENT, isSelect } from "./component_kinds.js";
import { h, icon, dots } from "./dom.js";
import { selectItems } from "./entities.js";
import { linkProps } from "./links.js";
import { fileView, fromItem, kindOf, mediaView } from "./media.js";
import { hexColor } from "./store.js";

const BUTTON_STYLES = ["", "primary", "secondary", "success", "danger", "link", "premium"];
const LINK = 5;

export class ComponentsView {
  /**
   * @param {import("./markdown_view.js").MarkdownView} markdown
   * @param {import("./store.js").Store} store
   */
  constructor(markdown, store) {
    this.markdown = markdown;
    this.store = store;
    this.renderers = {
      [COMPONENT.ROW]: this.#row,
      [COMPONENT.BUTTON]: this.#button,
      [COMPONENT.SECTION]: this.#section,
      [COMPONENT.TEXT]: this.#text,
      [COMPONENT.THUMBNAIL]: this.#thumbnail,
      [COMPONENT.GALLERY]: this.#gallery,
      [COMPONENT.FILE]: this.#file,
      [COMPONENT.SEPARATOR]: this.#separator,
      [COMPONENT.CONTAINER]: this.#container,
    };
  }

  /** @returns {HTMLElement | null} a message's components */
  view(message) {
    if (!message.components?.length) return null;
    const context = {
      choices: this.store.choices.get(message.id),
      busy: this.store.controls.get(message.id)?.busy ?? null,
      attachments: message.attachments ?? [],
    };
    const parts = message.components.map((item) => this.#render(item, context));
    return h("div", { class: "components" }, parts);
  }

  #render(component, context) {
    if (isSelect(component)) return this.#select(component, context);
    const renderer = this.renderers[component.type];
    if (!renderer) return h("div", { class: "unknown" }, `(component of type ${component.type})`);
    return renderer.call(this, component, context);
  }

  #row({ components }, context) {
    const items = components.map((item) => this.#render(item, context));
    return h("div", { class: "action-row", testid: "action-row" }, items);
  }

  #button(button, { busy }) {
    const style = BUTTON_STYLES[button.style] ?? "secondary";
    const label = [button.emoji ? h("span", { class: "emoji" }, emojiText(button.emoji)) : null];
    if (button.label) label.push(h("span", {}, button.label));
    const shared = { class: `button ${style}`, "aria-label": button.label ?? button.emoji?.name };
    if (button.style === LINK) {
      const props = { ...shared, ...linkProps(button.url), testid: "link-button" };
      return h("a", props, label, icon("external"));
    }
    const mine = busy !== null && busy === button.custom_id;
    const data = { action: "press", key: button.custom_id, customId: button.custom_id };
    const state = { disabled: Boolean(button.disabled), "aria-busy": mine ? "true" : null };
    if (busy !== null) state["aria-disabled"] = "true"; // disabled would drop the focus
    const props = { type: "button", ...shared, ...state, data: { ...data, testid: "button" } };
    return h("button", props, h("span", { class: "button-label" }, label), mine ? dots() : null);
  }

  #select(select, { busy, choices }) {
    const chosen = this.#chosen(select, choices?.get(select.custom_id));
    const text = chosen.length ? chosen.join(", ") : (select.placeholder ?? "Make a selection");
    const data = { action: "choose", key: select.custom_id, customId: select.custom_id };
    const props = {
      type: "button",
      class: `select ${chosen.length ? "" : "placeholder"}`,
      disabled: Boolean(select.disabled),
      "aria-haspopup": "listbox",
      "aria-disabled": busy === null ? null : "true",
      "aria-busy": busy === select.custom_id ? "true" : null,
      "aria-label": chosen.length ? `${select.placeholder ?? "Selection"}: ${text}` : text,
      data: { ...data, testid: "select" },
    };
    return h("button", props, h("span", {}, text), icon("down"));
  }

  /** Labels of what the member chose just now, or else of what the message says is chosen. */
  #chosen(select, values) {
    const { items, selected } = selectItems(select, this.store);
    const chosen = values ?? selected;
    return items.filter(({ value }) => chosen.includes(value)).map(({ label }) => label);
  }

  #section({ components, accessory }, context) {
    const texts = components.map((item) => this.#render(item, context));
    const beside = accessory ? this.#render(accessory, context) : null;
    return h("div", { class: "section" }, h("div", { class: "section-text" }, texts), beside);
  }

  #text({ content }) {
    return this.markdown.blocks(content, "text-display");
  }

  #thumbnail({ media, description, spoiler }, { attachments }) {
    const item = fromItem(resolve(media, attachments), { description, spoiler });
    return h("div", { class: "thumbnail" }, mediaView({ ...item, width: null, height: null }));
  }

  #gallery({ items }, { attachments }) {
    const single = items.length === 1;
    const views = items.map(({ media, ...about }) => {
      const item = fromItem(resolve(media, attachments), about);
      return mediaView(single ? item : { ...item, width: null, height: null });
    });
    const props = { class: `gallery ${single ? "single" : ""}`, testid: "gallery" };
    return h("div", { ...props, role: "group", "aria-label": "Media" }, views);
  }

  #file({ file, name, size, spoiler }, { attachments }) {
    const item = fromItem(resolve(file, attachments), { spoiler });
    const media = { ...item, name: name ?? item.name, sizeBytes: size ?? null };
    return kindOf(media) === "audio" ? mediaView(media) : fileView(media);
  }

  #separator({ divider = true, spacing = 1 }) {
    const classes = ["separator", divider ? "" : "blank", spacing === 2 ? "large" : ""];
    return h("hr", { class: classes.join(" ") });
  }

  #container({ components, accent_color: accent, spoiler }, context) {
    const inner = components.map((item) => this.#render(item, context));
    const colored = accent !== null && accent !== undefined;
    const props = {
      class: `container ${colored ? "accented" : ""}`,
      style: colored ? { "--accent": hexColor(accent) } : {},
      testid: "container",
    };
    if (!spoiler) return h("div", props, inner);
    const cover = { role: "button", tabindex: 0, "aria-label": "Show spoiler" };
    const data = { action: "spoiler" };
    return h("div", { class: "spoiler media-spoiler", ...cover, data }, h("div", props, inner));
  }
}

/** The server replaces `attachment://name` by the file's address; do it here if it did not. */
function resolve(item, attachments) {
  if (!item.url.startsWith("attachment://")) return item;
  const name = item.url.slice("attachment://".length);
  const attachment = attachments.find(({ filename }) => filename === name);
  return attachment ?? item;
}

const emojiText = (emoji) => (emoji.id ? `:${emoji.name}:` : emoji.name);
