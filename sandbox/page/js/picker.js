/** The list a select menu opens, in messages and in forms: one choice or several. */

import { h } from "./dom.js";
import { filterItems, Listbox } from "./listbox.js";
import { Popup } from "./popup.js";
import { countProblem } from "./validation.js";

const SEARCH_FROM_ITEMS = 8;

/**
 * @param {{anchor: HTMLElement, label: string, items: import("./listbox.js").Item[],
 *          selected?: any[], min?: number, max?: number,
 *          onDone: (values: any[]) => void}} settings `onDone` gets a valid, changed choice
 */
export function openPicker({ anchor, label, items, selected = [], min = 1, max = 1, onDone }) {
  const several = max > 1;
  const before = new Set(selected);
  let chosen = [...selected];

  const pick = ({ value }) => {
    if (!several) {
      chosen = min === 0 && before.has(value) ? [] : [value];
      popup.close();
      return;
    }
    chosen = chosen.includes(value) ? chosen.filter((item) => item !== value) : [...chosen, value];
    listbox.setSelected(chosen);
    note.textContent = problem() ?? `${chosen.length} of ${max} chosen`;
  };
  const problem = () => countProblem(chosen.length, min, max);

  const onActive = (id) => focusTarget?.setAttribute("aria-activedescendant", id ?? "");
  const testid = "picker";
  const listbox = new Listbox({ label, onPick: pick, multiple: several, onActive, testid });
  listbox.selected = before;
  const search = items.length > SEARCH_FROM_ITEMS ? searchInput(label, listbox) : null;
  search?.addEventListener("input", () => show(search.value));
  const range = `Choose ${min} to ${max}`;
  const note = h("span", { class: "picker-note", role: "status" }, several ? range : "");
  const done = h("button", { type: "button", class: "button primary small" }, "Done");
  done.addEventListener("click", () => popup.close());
  const foot = several ? h("div", { class: "picker-foot" }, note, done) : null;
  const box = h("div", { class: "picker" }, search, listbox.element, foot);
  const popup = new Popup(anchor, box, { onClose: () => finish() });
  const focusTarget = search ?? listbox.element;

  const show = (typed) => {
    const found = filterItems(items, typed);
    const current = typed ? 0 : Math.max(0, found.findIndex((item) => before.has(item.value)));
    if (found.length) listbox.setItems(found, current);
    else listbox.setMessage("No options match.");
    listbox.setSelected(chosen);
  };

  const finish = () => {
    anchor.setAttribute("aria-expanded", "false");
    anchor.focus({ preventScroll: true });
    const changed = chosen.length !== before.size || chosen.some((value) => !before.has(value));
    if (changed && !problem()) onDone(chosen);
  };

  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      popup.close();
    } else if (listbox.handleKey(event) || event.target === done) {
      return;
    } else if (event.key === "Enter" || (event.key === " " && event.target !== search)) {
      event.preventDefault();
      if (listbox.active) pick(listbox.active);
    }
  });

  listbox.element.tabIndex = 0;
  popup.open();
  anchor.setAttribute("aria-expanded", "true");
  show("");
  focusTarget.focus({ preventScroll: true });
}

function searchInput(label, listbox) {
  return h("input", {
    type: "text",
    class: "input",
    placeholder: "Search",
    "aria-label": `Search: ${label}`,
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": listbox.element.id,
    testid: "picker-search",
  });
}
