/**
 * The list of a combobox, picker or command menu: one active item, pointer and arrows. It never
 * takes the focus from what controls it; the controller names it through `aria-activedescendant`.
 */

import { h, icon, uniqueId } from "./dom.js";
import { morphChildren } from "./morph.js";

/**
 * @typedef {{value: any, label: string, detail?: string, color?: string | null,
 *            key?: string}} Item
 */

export class Listbox {
  /**
   * @param {{label: string, onPick: (item: Item) => void, multiple?: boolean,
   *          onActive?: (id: string | null) => void, testid?: string}} settings
   */
  constructor({ label, onPick, multiple = false, onActive = () => {}, testid = "listbox" }) {
    this.onPick = onPick;
    this.onActive = onActive;
    /** @type {Item[]} */ this.items = [];
    this.selected = new Set();
    this.index = -1;
    this.element = h("ul", {
      class: "listbox",
      role: "listbox",
      id: uniqueId("listbox"),
      "aria-label": label,
      "aria-multiselectable": multiple ? "true" : null,
      data: { testid },
      on: { pointerdown: keepFocus, click: (event) => this.#clicked(event) },
    });
  }

  /** @returns {Item | null} */
  get active() {
    return this.items[this.index] ?? null;
  }

  /**
   * A row that stays is the same element, so that a press on it counts when the list is renewed
   * between its beginning and its end.
   *
   * @param {Item[]} items
   * @param {number} index of the active one, -1 for none
   */
  setItems(items, index = -1) {
    this.items = items;
    this.index = Math.min(index, items.length - 1);
    morphChildren(this.element, h("ul", {}, items.map((item, at) => this.#row(item, at))));
    this.#announce();
  }

  /** A sentence instead of items. */
  setMessage(text) {
    this.setItems([]);
    this.element.append(h("li", { class: "listbox-message", role: "presentation" }, text));
  }

  /** Move the active item, around the ends. */
  move(step) {
    if (!this.items.length) return;
    const start = this.index < 0 && step < 0 ? 0 : this.index;
    this.activate((start + step + this.items.length) % this.items.length);
  }

  activate(index) {
    this.element.querySelector(".active")?.classList.remove("active");
    this.index = index;
    this.#announce();
  }

  /** Arrow, Home, End and Page keys. @returns {boolean} whether the key was one of them */
  handleKey(event) {
    const last = this.items.length - 1;
    const moves = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      PageDown: () => this.activate(Math.min(last, this.index + 8)),
      PageUp: () => this.activate(Math.max(0, this.index - 8)),
    };
    const move = moves[event.key];
    if (!move || !this.items.length) return false;
    event.preventDefault();
    move();
    return true;
  }

  setSelected(values) {
    this.selected = new Set(values);
    [...this.element.children].forEach((row, at) => {
      const chosen = this.selected.has(this.items[at]?.value);
      row.setAttribute("aria-selected", String(chosen));
    });
  }

  #row(item, at) {
    const value = item.key ?? item.value;
    return h(
      "li",
      {
        role: "option",
        id: `${this.element.id}-${at}`,
        class: "option",
        "aria-selected": String(this.selected.has(item.value)),
        data: { index: at, key: value, value },
      },
      item.color ? h("span", { class: "swatch", style: { "--color": item.color } }) : null,
      h(
        "span",
        { class: "option-text" },
        h("span", { class: "option-label" }, item.label),
        item.detail ? h("span", { class: "option-detail" }, item.detail) : null,
      ),
      icon("check"),
    );
  }

  #announce() {
    const row = this.index < 0 ? null : this.element.children[this.index];
    row?.classList.add("active");
    row?.scrollIntoView({ block: "nearest" });
    this.onActive(row?.id ?? null);
  }

  #clicked(event) {
    const row = event.target.closest("[role=option]");
    if (row) this.onPick(this.items[Number(row.dataset.index)]);
  }
}

function keepFocus(event) {
  event.preventDefault();
}

/** Items whose label, detail or value holds what was typed; those that begin with it first. */
export function filterItems(items, typed) {
  const query = typed.trim().toLowerCase();
  if (!query) return items;
  const starts = (item) => item.label.toLowerCase().startsWith(query);
  const holds = (item) => itemHolds(item, query);
  return [...items.filter(starts), ...items.filter((item) => !starts(item) && holds(item))];
}

/** @param {string} query in lower case */
export function itemHolds(item, query) {
  const texts = [item.label, item.detail ?? "", String(item.value)];
  return texts.some((text) => text.toLowerCase().includes(query));
}
