/**
 * The inputs of a command's options. A field has `element`, `focus()`, `check()` and, when it
 * carries a file, `file`.
 */

import { nameOf, OPTION } from "./commands.js";
import { Combobox } from "./combobox.js";
import { h } from "./dom.js";
import { channelItems, mentionableItems, roleItems, userItems } from "./entities.js";
import { FileField } from "./file_field.js";
import { filterItems } from "./listbox.js";
import { checkText, missing, rangeHint } from "./validation.js";

const AUTOCOMPLETE_DELAY_MS = 250;
const NUMERIC = new Set([OPTION.INTEGER, OPTION.NUMBER]);
const BOOLEAN_ITEMS = [
  { value: true, label: "True" },
  { value: false, label: "False" },
];

/**
 * @typedef {{store: import("./store.js").Store, onChange: () => void,
 *            suggest: (option: any, typed: string) => Promise<any[]>}} FieldContext
 */

/** @param {FieldContext} context */
export function makeField(option, context) {
  if (option.type === OPTION.ATTACHMENT) return new AttachmentField(option, context);
  if (option.autocomplete) return new AutocompleteField(option, context);
  const items = fixedItems(option, context.store);
  return items ? new ChoiceField(option, items, context) : new TextField(option, context);
}

/** The items an option is limited to, or null when it is free text. */
function fixedItems(option, store) {
  if (option.choices?.length) {
    return option.choices.map((choice) => ({ value: choice.value, label: nameOf(choice) }));
  }
  switch (option.type) {
    case OPTION.BOOLEAN:
      return BOOLEAN_ITEMS;
    case OPTION.USER:
      return userItems(store);
    case OPTION.ROLE:
      return roleItems(store);
    case OPTION.CHANNEL:
      return channelItems(store, option.channel_types);
    case OPTION.MENTIONABLE:
      return mentionableItems(store);
    default:
      return null;
  }
}

const testidOf = (option) => `option-${option.name}`;

class TextField {
  constructor(option, { onChange }) {
    this.option = option;
    const shared = {
      "aria-label": nameOf(option),
      autocomplete: "off",
      testid: testidOf(option),
      on: { input: onChange },
    };
    this.element = NUMERIC.has(option.type)
      ? h("input", {
          type: "text",
          inputmode: option.type === OPTION.INTEGER ? "numeric" : "decimal",
          placeholder: rangeHint(option),
          class: "input",
          ...shared,
        })
      : h("textarea", { rows: 1, class: "input growing", ...shared });
  }

  focus() {
    this.element.focus();
  }

  check() {
    return checkText(this.option, this.element.value);
  }
}

/** One of a list; the text must be one of its labels. */
class ChoiceField {
  constructor(option, items, { onChange }) {
    this.option = option;
    this.items = items;
    this.combobox = new Combobox({
      label: nameOf(option),
      testid: testidOf(option),
      load: async (typed) => filterItems(items, typed),
      placeholder: "Choose…",
      onChange,
    });
    this.element = this.combobox.input;
    this.element.setAttribute("aria-label", nameOf(option));
  }

  focus() {
    this.element.focus();
  }

  check() {
    const { picked, text } = this.combobox;
    if (picked) return { value: picked.value };
    const typed = text.trim().toLowerCase();
    if (!typed) return missing(this.option);
    const exact = this.items.find(({ label }) => label.toLowerCase() === typed);
    return exact ? { value: exact.value } : { error: "Choose one of the list." };
  }
}

/** Free text with the bot's suggestions. */
class AutocompleteField {
  constructor(option, { onChange, suggest }) {
    this.option = option;
    this.combobox = new Combobox({
      label: nameOf(option),
      testid: testidOf(option),
      load: async (typed) => {
        const choices = await suggest(option, typed);
        return choices.map(({ name, value }) => ({ value, label: name }));
      },
      delayMs: AUTOCOMPLETE_DELAY_MS,
      placeholder: rangeHint(option),
      onChange,
    });
    this.element = this.combobox.input;
    this.element.setAttribute("aria-label", nameOf(option));
  }

  focus() {
    this.element.focus();
  }

  check() {
    const { picked, text } = this.combobox;
    if (!picked) return checkText(this.option, text);
    const numeric = NUMERIC.has(this.option.type);
    return { value: numeric ? Number(picked.value) : picked.value };
  }
}

class AttachmentField {
  constructor(option, { onChange }) {
    this.option = option;
    this.field = new FileField({ label: nameOf(option), testid: testidOf(option), onChange });
    this.element = this.field.element;
  }

  get file() {
    return this.field.files[0] ?? null;
  }

  add(file) {
    this.field.list.add([file]);
  }

  focus() {
    this.field.focus();
  }

  check() {
    return this.file ? { value: this.file } : missing(this.option);
  }
}
