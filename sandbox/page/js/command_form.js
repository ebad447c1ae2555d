/**
 * The form of a chosen command: its required options, the optional ones that were added, and chips
 * for the rest. Enter sends, Escape cancels.
 */

import { aboutOf, nameOf, OPTION } from "./commands.js";
import { h, iconButton, uniqueId } from "./dom.js";
import { makeField } from "./option_fields.js";
import { rangeHint } from "./validation.js";

export class CommandForm {
  #rows = new Map();

  /**
   * @param {import("./commands.js").Command} command
   * @param {{store: import("./store.js").Store,
   *          interactions: import("./interactions.js").Interactions,
   *          onSent: () => void, onClose: () => void}} parts
   */
  constructor(command, { store, interactions, onSent, onClose }) {
    this.command = command;
    this.store = store;
    this.interactions = interactions;
    this.onSent = onSent;
    this.onClose = onClose;
    this.fields = h("div", { class: "fields" });
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "More options" });
    this.error = h("div", { class: "form-error", role: "alert", testid: "command-error" });
    const button = { type: "submit", class: "button primary", testid: "command-send" };
    this.send = h("button", button, "Send");
    this.element = this.#layout();
    for (const option of command.options) if (option.required) this.#addRow(option);
    this.#renderChips();
  }

  focus() {
    const first = [...this.#rows.values()][0];
    if (first) first.field.focus();
    else this.send.focus();
  }

  /** Put pasted or dropped files into the attachment options that are still empty. */
  addFiles(files) {
    const attachments = this.command.options.filter(({ type }) => type === OPTION.ATTACHMENT);
    for (const file of files) {
      const empty = attachments.find(({ name }) => !this.#rows.get(name)?.field.file);
      const option = empty ?? attachments[0];
      if (!option) {
        this.error.textContent = `${this.command.title} takes no files.`;
        return;
      }
      (this.#rows.get(option.name) ?? this.#addRow(option)).field.add(file);
    }
    this.#renderChips();
  }

  #layout() {
    const titleId = uniqueId("command");
    const cancel = iconButton("close", "Cancel (Escape)", {
      class: "icon-button",
      testid: "command-cancel",
      on: { click: () => this.onClose() },
    });
    const head = h(
      "header",
      { class: "form-head" },
      h("span", { class: "form-title", id: titleId }, this.command.title),
      h("span", { class: "form-description" }, this.command.description),
      cancel,
    );
    const words = [h("kbd", {}, "Enter"), " sends, ", h("kbd", {}, "Esc"), " cancels"];
    const keys = h("span", { class: "hint keys" }, words);
    const foot = h("footer", { class: "form-foot" }, this.error, keys, this.send);
    return h(
      "form",
      {
        class: "command-form",
        novalidate: true,
        "aria-labelledby": titleId,
        testid: "command-form",
        data: { command: this.command.name },
        on: {
          keydown: (event) => this.#key(event),
          submit: (event) => {
            event.preventDefault();
            this.#submit();
          },
        },
      },
      head,
      h("div", { class: "form-scroll" }, this.fields, this.chips),
      foot,
    );
  }

  #key(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const typing = event.target.matches("input, textarea");
    if (event.key === "Escape") {
      event.preventDefault();
      this.onClose();
    } else if (event.key === "Enter" && !event.shiftKey && typing) {
      event.preventDefault();
      this.element.requestSubmit();
    }
  }

  #addRow(option) {
    const row = { option };
    const problem = { class: "field-error", id: uniqueId("error") };
    row.error = h("div", { ...problem, testid: `error-${option.name}` });
    row.field = makeField(option, {
      store: this.store,
      onChange: () => this.#changed(row),
      suggest: (asked, typed) => this.#suggest(asked, typed),
    });
    const control = row.field.element.matches("input, textarea")
      ? row.field.element
      : row.field.element.querySelector("input");
    control.setAttribute("aria-describedby", row.error.id);
    control.setAttribute("aria-required", String(Boolean(option.required)));
    row.control = control;
    row.element = this.#rowElement(row);
    this.#rows.set(option.name, row);
    this.fields.append(row.element);
    return row;
  }

  #rowElement({ option, field, error }) {
    const range = rangeHint(option);
    const about = range ? `${aboutOf(option)} (${range})` : aboutOf(option);
    const remove = iconButton("close", `Remove ${nameOf(option)}`, {
      class: "icon-button",
      testid: `remove-${option.name}`,
      on: { click: () => this.#removeRow(option.name) },
    });
    const label = h(
      "div",
      { class: "field-label" },
      h("span", { class: "field-name" }, nameOf(option)),
      h("span", { class: "field-about" }, about),
      option.required ? h("span", { class: "required" }, "required") : remove,
    );
    const wide = field.element.matches("textarea, .file-field");
    const props = { class: `field ${wide ? "wide" : ""}`, data: { option: option.name } };
    return h("div", props, label, field.element, error);
  }

  #removeRow(name) {
    this.#rows.get(name).element.remove();
    this.#rows.delete(name);
    this.#renderChips();
    this.chips.querySelector(`[data-option="${name}"]`).focus();
  }

  #renderChips() {
    const left = this.command.options.filter(({ name }) => !this.#rows.has(name));
    const chips = left.map((option) =>
      h(
        "button",
        {
          type: "button",
          class: "chip",
          title: aboutOf(option),
          "aria-label": `Add ${nameOf(option)}: ${aboutOf(option)}`,
          testid: `chip-${option.name}`,
          data: { option: option.name },
          on: {
            click: () => {
              const row = this.#addRow(option);
              this.#renderChips();
              row.field.focus();
              row.element.scrollIntoView({ block: "nearest" });
            },
          },
        },
        `+ ${nameOf(option)}`,
      ),
    );
    this.chips.replaceChildren(...chips);
    this.chips.hidden = !chips.length;
  }

  #suggest(asked, typed) {
    const options = this.#values()
      .filter(({ option, checked }) => "value" in checked && option.name !== asked.name)
      .filter(({ option }) => option.type !== OPTION.ATTACHMENT)
      .map(({ option: { type, name }, checked: { value } }) => ({ type, name, value }));
    options.push({ type: asked.type, name: asked.name, value: typed, focused: true });
    return this.interactions.suggest(this.command, options);
  }

  #values() {
    const rows = this.command.options.map(({ name }) => this.#rows.get(name)).filter(Boolean);
    return rows.map((row) => ({ ...row, checked: row.field.check() }));
  }

  async #submit() {
    const values = this.#values();
    for (const row of values) this.#showError(row, row.checked.error ?? "");
    const wrong = values.find(({ checked }) => "error" in checked);
    if (wrong) {
      wrong.field.focus();
      wrong.element.scrollIntoView({ block: "nearest" });
      return;
    }
    const files = [];
    const options = values
      .filter(({ checked }) => "value" in checked)
      .map(({ option: { type, name }, checked: { value } }) => {
        if (type !== OPTION.ATTACHMENT) return { type, name, value };
        files.push(value);
        return { type, name, value: files.length - 1 };
      });
    await this.#run(options, files);
  }

  async #run(options, files) {
    this.error.textContent = "";
    this.send.disabled = true;
    try {
      await this.interactions.runCommand(this.command, options, files);
      this.onSent();
      this.onClose();
    } catch (error) {
      this.error.textContent = error.message;
      this.send.disabled = false;
    }
  }

  #showError({ error, control, element }, text) {
    error.textContent = text;
    control.setAttribute("aria-invalid", String(Boolean(text)));
    element.classList.toggle("invalid", Boolean(text));
  }

  /** A file in its place moves the reader on to what is still to be filled. */
  #changed(row) {
    if (row.error.textContent) this.#showError(row, "");
    if (!row.field.file) return;
    const next = [...this.#rows.values()].find(({ option, field }) => {
      return option.required && field.check().error;
    });
    (next?.field ?? this.send).focus();
  }
}
