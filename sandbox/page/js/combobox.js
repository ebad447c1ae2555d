/** A text input with suggestions: command choices, autocomplete, members, roles, channels. */

import { h, uniqueId } from "./dom.js";
import { itemHolds, Listbox } from "./listbox.js";
import { Popup } from "./popup.js";

export class Combobox {
  #timer = 0;
  #asked = 0;

  /**
   * @param {{label: string, testid: string, load: (typed: string) => Promise<any[]>,
   *          delayMs?: number, placeholder?: string, inputMode?: string | null,
   *          onChange?: () => void}} settings
   */
  constructor({ label, testid, load, delayMs = 0, placeholder, inputMode = null, onChange }) {
    this.load = load;
    this.delayMs = delayMs;
    this.onChange = onChange ?? (() => {});
    /** @type {import("./listbox.js").Item | null} the suggestion taken, until text is typed */
    this.picked = null;
    this.listbox = new Listbox({
      label: `Choices for ${label}`,
      onPick: (item) => this.pick(item),
      onActive: (id) => this.#setActive(id),
      testid: `${testid}-list`,
    });
    this.input = h("input", {
      type: "text",
      id: uniqueId("combobox"),
      class: "input",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      placeholder,
      inputmode: inputMode,
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-controls": this.listbox.element.id,
      data: { testid },
      on: {
        input: () => this.#typed(),
        focus: () => this.#focused(),
        click: () => this.#open(),
        blur: () => this.popup.close(),
        keydown: (event) => this.#key(event),
      },
    });
    this.popup = new Popup(this.input, this.listbox.element, { onClose: () => this.#closed() });
  }

  get text() {
    return this.input.value;
  }

  /** Take a suggestion. */
  pick(item) {
    this.picked = item;
    this.input.value = item.label;
    this.input.dataset.value = String(item.value);
    this.popup.close();
    this.onChange();
  }

  #typed() {
    this.picked = null;
    delete this.input.dataset.value;
    this.onChange();
    this.#open();
    this.#refresh(this.delayMs);
  }

  #focused() {
    if (this.picked) this.input.select();
    this.#open();
  }

  #open() {
    if (this.popup.isOpen) return;
    this.listbox.setMessage("Loading…");
    this.popup.open();
    this.input.setAttribute("aria-expanded", "true");
    this.#refresh(0);
  }

  #closed() {
    clearTimeout(this.#timer);
    this.#asked += 1; // an answer on its way is for a list that is gone
    this.input.setAttribute("aria-expanded", "false");
    this.#setActive(null);
  }

  #refresh(delayMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(), delayMs);
  }

  async #fetch() {
    this.#asked += 1;
    const asked = this.#asked;
    const typed = this.picked ? "" : this.text;
    try {
      const items = await this.load(typed);
      if (asked === this.#asked) this.#show(items, typed);
    } catch (error) {
      const text = `Loading options failed. ${error.message}`;
      if (asked === this.#asked) this.listbox.setMessage(text);
    }
  }

  /** Only an item that fits what was typed is made active: Enter must not surprise. */
  #show(items, typed) {
    this.listbox.setSelected(this.picked ? [this.picked.value] : []);
    const query = typed.trim().toLowerCase();
    const index = query ? items.findIndex((item) => itemHolds(item, query)) : -1;
    if (items.length) this.listbox.setItems(items, index);
    else this.listbox.setMessage("No options match.");
  }

  #setActive(id) {
    if (id) this.input.setAttribute("aria-activedescendant", id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.isComposing) return;
    const arrows = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (arrows && !this.popup.isOpen) {
      event.preventDefault();
      this.#open();
      return;
    }
    if (!this.popup.isOpen || this.listbox.handleKey(event)) return;
    const { active } = this.listbox;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.popup.close();
    } else if ((event.key === "Enter" || event.key === "Tab") && active) {
      if (event.key === "Enter") event.preventDefault();
      this.pick(active);
    }
  }
}
