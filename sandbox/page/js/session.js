/** Everything that belongs to one member being logged in, and the screen it is shown on. */

import { Api } from "./api.js";
import { flatten } from "./commands.js";
import { Composer } from "./composer.js";
import { h, icon, iconButton } from "./dom.js";
import { applyEvent } from "./events.js";
import { Gateway } from "./gateway.js";
import { History } from "./history.js";
import { Interactions } from "./interactions.js";
import { MessageList } from "./message_list.js";
import { openModal } from "./modal.js";
import { Sidebar } from "./sidebar.js";
import { isDirect, Store, symbolOf } from "./store.js";
import { speak, startClocks } from "./timestamps.js";

const STATUS = {
  connecting: "Connecting…",
  stopped: "The server does not know this member any more. Reload the page.",
};

const NO_COMMANDS = "The bot has no commands yet. Is it running?";

export class Session {
  #ended = new AbortController();
  #greeted = false;

  /**
   * @param {any} config the stand-in's configuration
   * @param {any} me one of its members
   * @param {{channelId: string | null, guildId: string | null,
   *          onSwitch: (memberId: string) => void, onRefused: () => void}} settings
   *          `channelId` is shown at first, or else a channel of `guildId`, when they can be seen
   */
  constructor(config, me, { channelId, guildId, onSwitch, onRefused }) {
    this.config = config;
    this.onSwitch = onSwitch;
    this.onRefused = onRefused;
    this.wanted = { channelId, guildId };
    this.store = new Store(me);
    this.api = new Api(config.api, me.token);
    this.history = new History(this.api, this.store);
    /** @type {import("./commands.js").Command[]} */ this.commands = [];
    /** @type {string | null} */ this.commandsProblem = null;
    this.gateway = new Gateway(config.gateway, me.token, {
      onEvent: (type, data) => this.#event(type, data),
      onState: (state) => this.store.setStatus(state),
    });
    this.interactions = new Interactions({
      api: this.api,
      store: this.store,
      applicationId: config.application_id,
      sessionId: () => this.gateway.sessionId,
      onModal: (modal) => this.#openModal(modal),
    });
    this.composer = new Composer(this);
    this.messages = new MessageList(this);
    this.sidebar = new Sidebar(this);
    this.element = this.#layout();
    this.#listen();
  }

  /** Aborted when the session ends: everything that listens outside its own screen uses it. */
  get signal() {
    return this.#ended.signal;
  }

  start() {
    startClocks(this.signal);
    this.gateway.connect();
    this.composer.input.focus();
  }

  end() {
    this.#ended.abort();
    this.gateway.close();
    this.element.remove();
    for (const dialog of document.querySelectorAll("dialog.modal")) dialog.close();
  }

  closeDrawer() {
    this.#setDrawer(false);
  }

  /** Ask again which commands there are; the bot may have registered others meanwhile. */
  async loadCommands() {
    const { guildId, channelId } = this.store;
    if (!channelId) return;
    try {
      const index = await this.api.commandIndex(guildId, channelId);
      if (guildId !== this.store.guildId) return; // another guild is shown by now
      this.commands = flatten(index.application_commands);
      this.commandsProblem = this.commands.length ? null : NO_COMMANDS;
    } catch (error) {
      this.commandsProblem = error.message;
    }
    this.store.emit("commands");
  }

  /** Speak another language: Discord tells the bot with everything the member does. */
  async setLocale(locale) {
    const answer = await this.api.setLocale(locale);
    this.store.setLocale(answer.locale);
    await this.loadCommands();
  }

  #event(type, data) {
    if (type === "READY" && this.#greeted) this.store.forgetHistories();
    applyEvent(this.store, type, data);
    this.interactions.handleEvent(type, data);
    if (type === "READY") this.#ready();
    if (type === "GUILD_APPLICATION_COMMAND_INDEX_UPDATE") this.loadCommands();
  }

  #ready() {
    if (!this.#greeted || !this.store.channel) {
      this.#showFirst();
    } else {
      this.history.loadLatest(this.store.channelId);
      this.loadCommands();
    }
    this.#greeted = true;
  }

  #showFirst() {
    const { store, wanted } = this;
    if (store.channels.has(wanted.channelId)) {
      store.showChannel(wanted.channelId);
      return;
    }
    const [first] = store.guilds.keys();
    store.showGuild(store.guilds.has(wanted.guildId) ? wanted.guildId : (first ?? null));
  }

  #openModal(modal) {
    const { store, interactions } = this;
    openModal(modal, { store, interactions, markdown: this.messages.view.markdown });
  }

  #listen() {
    const { store, signal } = this;
    store.on("channel", () => this.loadCommands(), signal);
    store.on("guild", () => this.#describe(), signal);
    store.on("locale", speak, signal);
    store.on("status", (status) => this.#showStatus(status), signal);
    addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#acceptDrops();
  }

  #layout() {
    this.drawerButton = iconButton("menu", "Channels and members", {
      class: "icon-button drawer-button",
      "aria-controls": "sidebar",
      "aria-expanded": "false",
      testid: "drawer-button",
      on: { click: () => this.#setDrawer(true) },
    });
    this.heading = h("h2", { class: "channel-title", testid: "channel-title" });
    this.topic = h("span", { class: "topic" });
    const status = { class: "status", role: "status", testid: "status" };
    this.status = h("div", status, STATUS.connecting);
    const backdrop = h("div", { class: "backdrop", on: { click: () => this.closeDrawer() } });
    const title = [this.drawerButton, this.heading, this.topic];
    const head = h("header", { class: "channel-head" }, title);
    const drop = h("div", { class: "drop-cover", "aria-hidden": "true" }, "Drop to attach");
    const parts = [head, this.status, this.messages.element, this.composer.element, drop];
    this.main = h("main", {}, parts);
    const props = { class: "app", testid: "app", data: { ready: "false" } };
    return h("div", props, this.sidebar.element, backdrop, this.main);
  }

  #describe() {
    const { channel, guild } = this.store;
    const dm = channel && isDirect(channel);
    const name = channel ? this.store.channelName(channel) : "…";
    this.heading.replaceChildren(icon(channel ? symbolOf(channel) : "hash"), name);
    this.topic.textContent = channel?.topic ?? "";
    document.title = `${dm ? "@" : "#"}${name} · ${guild?.name ?? "Sandbox"}`;
  }

  #showStatus(status) {
    this.status.textContent = STATUS[status] ?? "";
    this.status.hidden = !STATUS[status];
    this.element.dataset.ready = String(status === "ready");
    if (status === "stopped") this.onRefused();
  }

  #setDrawer(open) {
    this.element.classList.toggle("drawer-open", open);
    this.main.inert = open;
    this.drawerButton.setAttribute("aria-expanded", String(open));
    if (open) this.sidebar.element.querySelector("[aria-current], button")?.focus();
  }

  /** Escape closes the drawer; a letter typed anywhere goes to the message box. */
  #key(event) {
    if (event.key === "Escape" && this.element.classList.contains("drawer-open")) {
      this.closeDrawer();
      this.drawerButton.focus();
    }
    const elsewhere = event.target === document.body || event.target === this.messages.scroller;
    const printable = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!elsewhere || !printable || event.key === " " || this.composer.form) return;
    this.composer.input.focus();
  }

  #acceptDrops() {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    this.main.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.main.classList.add("dropping");
    });
    this.main.addEventListener("dragleave", (event) => {
      if (!this.main.contains(event.relatedTarget)) this.main.classList.remove("dropping");
    });
    this.main.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.main.classList.remove("dropping");
      this.composer.addFiles([...event.dataTransfer.files]);
    });
  }
}
