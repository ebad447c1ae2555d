/**
 * Building DOM nodes. Text always becomes a text node: nothing here parses HTML.
 */

const SVG = "http://www.w3.org/2000/svg";

/** Icon outlines on a 24 x 24 grid, drawn with the current text colour. */
const ICONS = {
  hash: "M9.5 4 7 20M17 4l-2.5 16M4.5 9h16M3.5 15h16",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  thread: "M5 5h14v10H9l-4 4zM9 9h6M9 12h4",
  voice: "M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  forum: "M4 4h16v11H10l-4 4v-4H4zM8 8h8M8 11h5",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19a6 6 0 0 1 12 0M16 5.5a3 3 0 0 1 0 5M17 13.5a6 6 0 0 1 4 5.5",
  at: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm4 0v5.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-4 7.5",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  send: "M4 12 20 4l-5 16-4-6zM11 14l9-10",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  close: "M6 6l12 12M18 6 6 18",
  dots: "M6 12h.01M12 12h.01M18 12h.01",
  down: "M6 9l6 6 6-6",
  swap: "M8 9l4-4 4 4M8 15l4 4 4-4",
  check: "M5 12.5 10 17l9-10",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  reply: "M4 18v-4a5 5 0 0 1 5-5h11M16 5l4 4-4 4",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
};

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [props] attributes; also `class`, `data`, `testid`, `style`, `on`
 * @param {...any} children nodes, strings, arrays of them; null and false are skipped
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  append(element, children);
  return element;
}

function setProp(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") {
    for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
  } else if (name === "testid") {
    element.dataset.testid = value;
  } else if (name === "data") {
    for (const [key, item] of Object.entries(value)) {
      if (item !== null && item !== undefined) element.dataset[key] = String(item);
    }
  } else if (name === "style") {
    for (const [key, item] of Object.entries(value)) element.style.setProperty(key, item);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** A decorative icon, hidden from assistive technology: label the button instead. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** An icon-only button with its spoken name. */
export function iconButton(name, label, props = {}) {
  return h("button", { type: "button", title: label, "aria-label": label, ...props }, icon(name));
}

/** Three moving dots; still under prefers-reduced-motion. */
export function dots() {
  return h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}

let serial = 0;

/** A document-unique id, for aria references. */
export function uniqueId(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}
