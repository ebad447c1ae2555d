/** The place to write: plain messages with files, the command menu, and a command's form. */

import { describeFiles } from "./api.js";
import { COMMAND, matching } from "./commands.js";
import { CommandForm } from "./command_form.js";
import { h, icon, iconButton } from "./dom.js";
import { FileList, fileInput } from "./file_field.js";
import { makeNonce } from "./ids.js";
import { Listbox } from "./listbox.js";
import { isDirect, isWritable } from "./store.js";
import { samplePicture } from "./sample_picture.js";
import { lengthProblem } from "./validation.js";

const MAX_CHARACTERS = 2000;
const MAX_FILES = 10;

export class Composer {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.form = null;
    this.files = new FileList({ max: MAX_FILES, onChange: () => this.#clearError() });
    this.files.element.hidden = true;
    this.error = h("div", { class: "form-error", role: "alert", testid: "composer-error" });
    this.menu = new Listbox({
      label: "Commands",
      onPick: ({ value }) => this.open(value),
      onActive: (id) => this.#activeChanged(id),
      testid: "command-picker",
    });
    this.menuBox = h("div", { class: "command-menu", hidden: true }, this.menu.element);
    this.input = this.#input();
    this.writer = this.#writer();
    const parts = [this.menuBox, this.error, this.files.element, this.writer];
    this.element = h("div", { class: "composer" }, parts);
    this.element.addEventListener("paste", (event) => this.#pasted(event));
    this.#listen();
  }

  /** Open a command's form, or run it at once when it has nothing to fill. */
  open(command) {
    this.#closeForm();
    this.#hideMenu();
    this.input.value = "";
    const { store, interactions } = this.session;
    this.form = new CommandForm(command, {
      store,
      interactions,
      onSent: () => this.session.messages.follow(),
      onClose: () => this.#formClosed(),
    });
    this.writer.hidden = true;
    this.element.append(this.form.element);
    this.form.addFiles(this.files.files);
    if (this.files.files.length) this.files.clear();
    this.form.focus();
  }

  /** Open the command with this name, as `/name` in a message or hint asks. */
  openByName(name) {
    const command = this.#commands().find((item) => [item.name, item.spokenName].includes(name));
    if (command) this.open(command);
    else this.error.textContent = `There is no command /${name} for you here.`;
  }

  /** Attach files to the open form, or to the message being written. */
  addFiles(files) {
    if (!files.length) return;
    if (this.form) this.form.addFiles(files);
    else this.files.add(files);
  }

  #listen() {
    const { store, signal } = this.session;
    store.on("channel", () => this.#channelChanged(), signal);
    store.on("guild", () => this.#describe(), signal);
    store.on("commands", () => this.menuBox.hidden || this.#showMenu(), signal);
  }

  #input() {
    return h("textarea", {
      id: "composer-input",
      class: "growing",
      rows: 1,
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-controls": this.menu.element.id,
      testid: "composer-input",
      on: {
        input: () => this.#typed(),
        keydown: (event) => this.#key(event),
        blur: () => this.#hideMenu(),
        focus: () => this.#typed(),
      },
    });
  }

  #writer() {
    const onFiles = (files) => this.addFiles(files);
    const chooser = fileInput("Attach files", "composer-file", true, onFiles);
    const label = { class: "icon-button", title: "Attach files" };
    const attach = h("label", label, chooser, icon("plus"));
    const sample = iconButton("picture", "Attach a sample picture", {
      class: "icon-button",
      testid: "composer-sample",
      on: { click: async () => this.addFiles([await samplePicture()]) },
    });
    const send = iconButton("send", "Send", {
      class: "icon-button send",
      testid: "composer-send",
      on: { click: () => this.#send() },
    });
    return h("div", { class: "writer" }, attach, this.input, sample, send);
  }

  #commands() {
    return this.session.commands.filter((item) => item.type === COMMAND.CHAT);
  }

  #typed() {
    this.#clearError();
    const text = this.input.value;
    if (!/^\/[^\n]*$/.test(text)) {
      this.#hideMenu();
      return;
    }
    const name = text.slice(1).toLowerCase();
    const exact = this.#commands().find((item) => `${item.spokenName} ` === name || `${item.name} ` === name);
    if (exact) {
      this.open(exact);
      return;
    }
    if (this.menuBox.hidden) this.session.loadCommands(); // they may have changed meanwhile
    this.#showMenu();
  }

  #showMenu() {
    const found = matching(this.#commands(), this.input.value.slice(1));
    const items = found.map((command) => ({
      value: command,
      key: command.name,
      label: command.title,
      detail: command.description,
    }));
    this.menuBox.hidden = false;
    if (items.length) this.menu.setItems(items, 0);
    else this.menu.setMessage(this.session.commandsProblem ?? "No command matches.");
  }

  #hideMenu() {
    this.menuBox.hidden = true;
    this.menu.setItems([]);
  }

  #activeChanged(id) {
    if (id) this.input.setAttribute("aria-activedescendant", id);
    else this.input?.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.isComposing) return;
    const { active } = this.menu;
    if (!this.menuBox.hidden) {
      if (this.menu.handleKey(event)) return;
      if ((event.key === "Enter" || event.key === "Tab") && active) {
        event.preventDefault();
        this.open(active.value);
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        this.#hideMenu();
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      event.preventDefault();
      this.session.messages.focusNewest();
    }
  }

  async #send() {
    const { api, store } = this.session;
    const content = this.input.value.trim();
    const files = this.files.files;
    if (!content && !files.length) return;
    const problem = lengthProblem(content, null, MAX_CHARACTERS);
    if (problem) {
      this.error.textContent = problem;
      return;
    }
    const payload = { content, nonce: makeNonce(), tts: false };
    if (files.length) payload.attachments = describeFiles(files);
    try {
      await api.sendMessage(store.channelId, payload, files);
      this.input.value = "";
      this.files.clear();
      this.session.messages.follow();
    } catch (error) {
      this.error.textContent = error.message;
    }
  }

  #pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.addFiles(files);
  }

  #formClosed() {
    this.#closeForm();
    this.input.focus();
  }

  #closeForm() {
    this.form?.element.remove();
    this.form = null;
    this.writer.hidden = false;
  }

  #clearError() {
    this.error.textContent = "";
  }

  #channelChanged() {
    this.#closeForm();
    this.#describe();
  }

  #describe() {
    const { store } = this.session;
    const { channel } = store;
    const name = channel ? store.channelName(channel) : "…";
    const label = `Message ${channel && isDirect(channel) ? "@" : "#"}${name}`;
    const writable = isWritable(channel);
    this.input.disabled = !writable;
    this.input.setAttribute("aria-label", `${label}; begin with / for commands`);
    this.input.placeholder = writable ? `${label} (/ for commands)` : "Choose one of its posts";
  }
}
