/**
 * The inputs of a form the bot opens. A field has `element`, `check()` (the sentence that is wrong,
 * or null), `answer()` (its part of the submission) and `files`.
 */

import { COMPONENT, isSelect } from "./component_kinds.js";
import { h, icon, uniqueId } from "./dom.js";
import { selectItems } from "./entities.js";
import { FileField } from "./file_field.js";
import { openPicker } from "./picker.js";
import { countProblem, lengthProblem } from "./validation.js";

const PARAGRAPH = 2;
const REQUIRED = "This is required.";

/**
 * @param {any} component what stands inside a label or an action row
 * @param {string} label
 * @param {import("./store.js").Store} store
 */
export function makeModalField(component, label, store) {
  if (isSelect(component)) return new SelectField(component, label, store);
  switch (component.type) {
    case COMPONENT.TEXT_INPUT:
      return new TextInput(component, label);
    case COMPONENT.FILE_UPLOAD:
      return new UploadField(component, label);
    case COMPONENT.RADIO_GROUP:
      return new RadioField(component, label);
    case COMPONENT.CHECKBOX_GROUP:
      return new CheckboxGroupField(component, label);
    case COMPONENT.CHECKBOX:
      return new CheckboxField(component, label);
    default:
      throw new Error(`A form cannot hold a component of type ${component.type}.`);
  }
}

const testidOf = (component) => `modal-${component.custom_id}`;
const isRequired = (component) => component.required !== false;

class Field {
  constructor(component) {
    this.component = component;
    this.files = [];
    /** called when something was chosen; typing makes input events */
    this.onChange = () => {};
  }

  /** What the submission says about this component. */
  identity() {
    const { type, custom_id: customId, id } = this.component;
    return id === undefined ? { type, custom_id: customId } : { type, id, custom_id: customId };
  }
}

class TextInput extends Field {
  constructor(component, label) {
    super(component);
    const long = component.style === PARAGRAPH;
    this.element = h(long ? "textarea" : "input", {
      class: "input",
      type: long ? null : "text",
      rows: long ? 4 : null,
      placeholder: component.placeholder,
      "aria-label": label,
      "aria-required": String(isRequired(component)),
      testid: testidOf(component),
    });
    this.element.value = component.value ?? "";
  }

  check() {
    const { value } = this.element;
    if (!value.trim()) return isRequired(this.component) ? REQUIRED : null;
    return lengthProblem(value, this.component.min_length, this.component.max_length);
  }

  answer() {
    return { ...this.identity(), value: this.element.value };
  }
}

class SelectField extends Field {
  constructor(component, label, store) {
    super(component);
    const { items, selected } = selectItems(component, store);
    this.items = items;
    this.values = selected;
    this.text = h("span", {});
    this.element = h(
      "button",
      {
        type: "button",
        class: "select",
        "aria-haspopup": "listbox",
        "aria-label": label,
        disabled: Boolean(component.disabled),
        testid: testidOf(component),
        on: { click: () => this.#open(label) },
      },
      this.text,
      icon("down"),
    );
    this.#describe();
  }

  #open(label) {
    const { min_values: min, max_values: max } = this.component;
    openPicker({
      anchor: this.element,
      label,
      items: this.items,
      selected: this.values,
      min: isRequired(this.component) ? (min ?? 1) : 0,
      max: max ?? 1,
      onDone: (values) => {
        this.values = values;
        this.#describe();
        this.onChange();
      },
    });
  }

  #describe() {
    const chosen = this.items.filter((item) => this.values.includes(item.value));
    const labels = chosen.map(({ label }) => label);
    this.text.textContent = labels.join(", ") || (this.component.placeholder ?? "Make a selection");
    this.element.classList.toggle("placeholder", !labels.length);
  }

  check() {
    if (!this.values.length && !isRequired(this.component)) return null;
    const { min_values: min, max_values: max } = this.component;
    return this.values.length ? countProblem(this.values.length, min ?? 1, max ?? 1) : REQUIRED;
  }

  answer() {
    return { ...this.identity(), values: this.values };
  }
}

class UploadField extends Field {
  constructor(component, label) {
    super(component);
    const max = component.max_values ?? 1;
    const onChange = () => this.onChange();
    this.upload = new FileField({ label, testid: testidOf(component), max, onChange });
    this.element = this.upload.element;
    /** index of the first of these files among all of the form's; set when it is sent */
    this.offset = 0;
    Object.defineProperty(this, "files", { get: () => this.upload.files });
  }

  check() {
    const count = this.files.length;
    if (!count) return isRequired(this.component) ? "Attach a file." : null;
    const { min_values: min, max_values: max } = this.component;
    return countProblem(count, min ?? 1, max ?? 1, "file");
  }

  answer() {
    return { ...this.identity(), values: this.files.map((_, at) => String(this.offset + at)) };
  }
}

/** What radio buttons and groups of checkboxes share. */
class OptionsField extends Field {
  constructor(component, label, type) {
    super(component);
    const name = uniqueId("choice");
    this.inputs = component.options.map((option) =>
      h("input", {
        type,
        name,
        value: option.value,
        checked: Boolean(option.default),
        testid: `${testidOf(component)}-${option.value}`,
      }),
    );
    const rows = component.options.map((option, at) =>
      h("label", { class: "choice" }, this.inputs[at], optionText(option)),
    );
    const role = type === "radio" ? "radiogroup" : "group";
    this.element = h("div", { class: "choices", role, "aria-label": label }, rows);
  }

  get chosen() {
    return this.inputs.filter((input) => input.checked).map((input) => input.value);
  }
}

function optionText({ label, description }) {
  return h("span", {}, label, description ? h("small", {}, description) : null);
}

class RadioField extends OptionsField {
  constructor(component, label) {
    super(component, label, "radio");
  }

  check() {
    return this.chosen.length || !isRequired(this.component) ? null : REQUIRED;
  }

  answer() {
    return { ...this.identity(), value: this.chosen[0] ?? null };
  }
}

class CheckboxGroupField extends OptionsField {
  constructor(component, label) {
    super(component, label, "checkbox");
  }

  check() {
    const { min_values: min, max_values: max, options } = this.component;
    if (!this.chosen.length) return isRequired(this.component) && min !== 0 ? REQUIRED : null;
    return countProblem(this.chosen.length, min ?? 1, max ?? options.length);
  }

  answer() {
    return { ...this.identity(), values: this.chosen };
  }
}

class CheckboxField extends Field {
  constructor(component, label) {
    super(component);
    const checked = Boolean(component.default);
    this.input = h("input", { type: "checkbox", checked, testid: testidOf(component) });
    this.element = h("label", { class: "choice" }, this.input, h("span", {}, label));
  }

  check() {
    return null;
  }

  answer() {
    return { ...this.identity(), value: this.input.checked };
  }
}
