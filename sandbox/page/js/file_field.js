/** Files to send: chosen, pasted, dropped or drawn, with a preview of each. */

import { h, icon, iconButton } from "./dom.js";
import { formatBytes } from "./media.js";
import { samplePicture } from "./sample_picture.js";

/** The chosen files as a list of previews. */
export class FileList {
  /** @param {{max: number, onChange: () => void}} settings the newest files win over `max` */
  constructor({ max, onChange }) {
    this.max = max;
    this.onChange = onChange;
    /** @type {{file: File, url: string | null}[]} */ this.entries = [];
    this.element = h("ul", { class: "previews", "aria-label": "Attached files" });
  }

  get files() {
    return this.entries.map(({ file }) => file);
  }

  add(files) {
    const added = [...files].map((file) => ({ file, url: previewUrl(file) }));
    const all = [...this.entries, ...added];
    for (const entry of all.splice(0, Math.max(0, all.length - this.max))) release(entry);
    this.#set(all);
  }

  clear() {
    this.entries.forEach(release);
    this.#set([]);
  }

  #remove(entry) {
    release(entry);
    this.#set(this.entries.filter((other) => other !== entry));
  }

  #set(entries) {
    this.entries = entries;
    this.element.replaceChildren(...entries.map((entry) => this.#preview(entry)));
    this.element.hidden = !entries.length;
    this.onChange();
  }

  #preview(entry) {
    const { file, url } = entry;
    const remove = iconButton("close", `Remove ${file.name}`, {
      class: "icon-button",
      on: { click: () => this.#remove(entry) },
    });
    return h(
      "li",
      { class: "preview", testid: "preview", data: { filename: file.name } },
      url ? h("img", { src: url, alt: "" }) : icon("file"),
      h("span", { class: "preview-text" }, file.name, h("small", {}, formatBytes(file.size))),
      remove,
    );
  }
}

const previewUrl = (file) => (file.type.startsWith("image/") ? URL.createObjectURL(file) : null);

function release({ url }) {
  if (url) URL.revokeObjectURL(url);
}

/** An attachment option or a form's file upload. */
export class FileField {
  /** @param {{label: string, testid: string, max?: number, onChange?: () => void}} settings */
  constructor({ label, testid, max = 1, onChange = () => {} }) {
    this.list = new FileList({ max, onChange: () => this.#changed(onChange) });
    this.list.element.hidden = true;
    this.input = fileInput(label, testid, max > 1, (files) => this.list.add(files));
    this.choice = h(
      "div",
      { class: "file-choice" },
      h("label", { class: "button secondary small file-button" }, this.input, "Choose a file"),
      sampleButton(`${testid}-sample`, (file) => this.list.add([file])),
      h("span", { class: "hint" }, "or paste it, or drop it here"),
    );
    this.element = h("div", { class: "file-field" }, this.list.element, this.choice);
  }

  get files() {
    return this.list.files;
  }

  focus() {
    const target = this.choice.hidden ? this.list.element.querySelector("button") : this.input;
    target.focus();
  }

  #changed(onChange) {
    this.choice.hidden = this.files.length >= this.list.max;
    onChange();
  }
}

/** A file input that looks like nothing: its label is the button. */
export function fileInput(label, testid, multiple, onFiles) {
  const input = h("input", {
    type: "file",
    class: "visually-hidden",
    "aria-label": label,
    multiple,
    data: { testid },
  });
  input.addEventListener("change", () => {
    onFiles([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });
  return input;
}

/** @param {(file: File) => void} onFile */
function sampleButton(testid, onFile) {
  const props = { type: "button", class: "button secondary small", data: { testid } };
  const button = h("button", props, icon("picture"), "Sample picture");
  button.addEventListener("click", async () => onFile(await samplePicture()));
  return button;
}
