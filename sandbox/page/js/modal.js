/** A form the bot opens, in a dialog that keeps the focus until it is sent or closed. */

import { COMPONENT } from "./component_kinds.js";
import { dots, h, iconButton, uniqueId } from "./dom.js";
import { makeModalField } from "./modal_fields.js";

/**
 * @param {any} modal as INTERACTION_MODAL_CREATE carries it
 * @param {{store: import("./store.js").Store,
 *          interactions: import("./interactions.js").Interactions,
 *          markdown: import("./markdown_view.js").MarkdownView}} parts
 * @returns {HTMLDialogElement} shown
 */
export function openModal(modal, { store, interactions, markdown }) {
  const rows = modal.components.map((component) => makeRow(component, store, markdown));
  const problem = h("div", { class: "form-error", role: "alert", testid: "modal-error" });
  const label = h("span", { class: "button-label" }, "Submit");
  const button = { type: "submit", class: "button primary", testid: "modal-submit" };
  const submit = h("button", button, label);
  const dialog = layout(modal, rows, problem, submit);

  const send = async () => {
    if (!rows.map(showProblem).every(Boolean)) {
      dialog.querySelector(".invalid :is(input, textarea, button)")?.focus();
      return;
    }
    problem.textContent = "";
    setBusy(submit, true);
    try {
      const files = collectFiles(rows);
      await interactions.submitModal(modal, rows.map((row) => row.answer()), files);
      dialog.close();
    } catch (error) {
      problem.textContent = `${error.message}. Nothing was lost: try again.`;
      setBusy(submit, false);
    }
  };
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-busy") !== "true") send();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".modal-fields :is(input, textarea, .select)")?.focus();
  return dialog;
}

function layout(modal, rows, problem, submit) {
  const titleId = uniqueId("modal");
  const close = () => dialog.close();
  const closeButton = iconButton("close", "Close", { class: "icon-button", on: { click: close } });
  const props = { type: "button", class: "button secondary", testid: "modal-cancel" };
  const cancel = h("button", { ...props, on: { click: close } }, "Cancel");
  const data = { testid: "modal", customId: modal.custom_id };
  const dialog = h(
    "dialog",
    { class: "modal", "aria-labelledby": titleId, data },
    h(
      "form",
      { novalidate: true },
      h("header", { class: "modal-head" }, h("h2", { id: titleId }, modal.title), closeButton),
      h("div", { class: "modal-fields" }, rows.map((row) => row.element)),
      h("footer", { class: "modal-foot" }, problem, cancel, submit),
    ),
  );
  return dialog;
}

/** A row has `element`, `fields` and `answer()`. */
function makeRow(component, store, markdown) {
  if (component.type === COMPONENT.TEXT) {
    const { type, id, content } = component;
    return { element: markdown.blocks(content), fields: [], answer: () => ({ type, id }) };
  }
  if (component.type === COMPONENT.LABEL) return labelRow(component, store);
  return actionRow(component, store);
}

function labelRow(label, store) {
  const field = makeModalField(label.component, label.label, store);
  const { type, id } = label;
  return {
    element: fieldElement(field, label.label, label.description),
    fields: [field],
    answer: () => ({ type, id, component: field.answer() }),
  };
}

/** The older form of a modal: text inputs that carry their own label. */
function actionRow(row, store) {
  const fields = row.components.map((item) => makeModalField(item, item.label ?? "", store));
  const elements = fields.map((field) => fieldElement(field, field.component.label));
  const { type, id } = row;
  return {
    element: h("div", {}, elements),
    fields,
    answer: () => ({ type, id, components: fields.map((field) => field.answer()) }),
  };
}

function fieldElement(field, label, description = null) {
  const boxed = field.component.type === COMPONENT.CHECKBOX;
  const required = field.component.required !== false && !boxed;
  const mark = required ? h("span", { class: "required-mark", title: "required" }, " *") : null;
  const id = uniqueId("field-error");
  field.errorElement = h("div", { class: "field-error", id });
  field.element.setAttribute("aria-describedby", id);
  field.onChange = () => showText(field, null);
  field.element.addEventListener("input", field.onChange);
  return h(
    "div",
    { class: "modal-field" },
    boxed ? null : h("div", { class: "modal-label" }, label, mark), // a checkbox shows it itself
    description ? h("div", { class: "field-about" }, description) : null,
    field.element,
    field.errorElement,
  );
}

/** Show what is wrong in a row; true when nothing is. */
function showProblem({ fields }) {
  const problems = fields.map((field) => {
    const text = field.check();
    showText(field, text);
    return text;
  });
  return problems.every((text) => !text);
}

function showText({ errorElement }, text) {
  errorElement.textContent = text ?? "";
  errorElement.parentElement.classList.toggle("invalid", Boolean(text));
}

/** All files of the form in the order they are sent, each upload told where its own begin. */
function collectFiles(rows) {
  const files = [];
  for (const field of rows.flatMap((row) => row.fields)) {
    if (!field.files.length) continue;
    field.offset = files.length;
    files.push(...field.files);
  }
  return files;
}

function setBusy(button, busy) {
  button.setAttribute("aria-busy", String(busy));
  button.querySelector(".dots")?.remove();
  if (busy) button.append(dots());
}
