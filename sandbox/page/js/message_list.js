/** The channel's messages: rendering by difference, scrolling, and every click inside a message. */

import { findComponent } from "./component_kinds.js";
import { openMessageMenu } from "./context_menu.js";
import { dots, h } from "./dom.js";
import { selectItems } from "./entities.js";
import { emptyHint } from "./hint.js";
import { snowflakeTimeMs } from "./ids.js";
import { MessageView } from "./message_view.js";
import { morph } from "./morph.js";
import { openPicker } from "./picker.js";
import { isEphemeral } from "./store.js";

const GROUP_MS = 7 * 60 * 1000;
const AT_BOTTOM_PX = 60;
const LOAD_OLDER_PX = 150;

export class MessageList {
  #atBottom = true;
  #scheduled = false;

  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.store = session.store;
    this.view = new MessageView(session.store);
    this.list = h("ol", { class: "messages", testid: "messages" });
    this.jump = h("button", { type: "button", class: "jump", hidden: true }, "Newest messages");
    this.jump.addEventListener("click", () => this.follow());
    const live = { role: "log", "aria-live": "polite", "aria-relevant": "additions" };
    const props = { class: "scroller", tabindex: 0, "aria-label": "Messages", ...live };
    this.scroller = h("div", props, this.list);
    this.element = h("div", { class: "message-pane" }, this.scroller, this.jump);
    this.#listen();
  }

  #listen() {
    const { store, signal } = this.session;
    store.on("messages", (channelId) => this.#changed(channelId), signal);
    store.on("guild", () => this.#schedule(), signal);
    store.on("commands", () => this.#schedule(), signal);
    store.on("channel", (channelId) => this.#opened(channelId), signal);
    this.scroller.addEventListener("scroll", () => this.#scrolled());
    this.list.addEventListener("click", (event) => this.#clicked(event));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("contextmenu", (event) => this.#contextMenu(event));
    const observer = new ResizeObserver(() => this.#atBottom && this.#toBottom());
    observer.observe(this.list);
    observer.observe(this.scroller);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  #opened(channelId) {
    this.list.replaceChildren();
    this.#atBottom = true;
    this.#schedule();
    this.session.history.loadLatest(channelId);
  }

  #changed(channelId) {
    if (channelId === this.store.channelId) this.#schedule();
  }

  /** Several events of one moment make one rendering. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#render();
    });
  }

  #render() {
    const { channelId, histories } = this.store;
    const history = histories.get(channelId);
    const messages = this.store.messagesIn(channelId);
    const loading = channelId !== null && !history;
    this.scroller.setAttribute("aria-busy", String(loading));
    const items = messages.map((message, at) => {
      return this.view.view(message, follows(message, messages[at - 1]));
    });
    const pending = [...this.store.pending.values()].filter((item) => item.channelId === channelId);
    items.push(...pending.map((item) => this.#pending(item)));
    if (history?.error) items.unshift(notice(`Messages could not be loaded. ${history.error}`));
    else if (!loading && !items.length) items.push(emptyHint(this.session));
    const grew = items.length > this.list.childElementCount;
    const first = this.list.firstElementChild;
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    const fresh = this.list.cloneNode(false);
    fresh.append(...items);
    morph(this.list, fresh);
    if (this.#atBottom) this.#toBottom();
    else if (first !== this.list.firstElementChild) this.#keepPlace(fromEnd);
    else if (grew && !loading) this.jump.hidden = false;
  }

  /** Older messages came in above: what is being read stays where it is. */
  #keepPlace(fromEnd) {
    const wanted = this.scroller.scrollHeight - fromEnd;
    if (Math.abs(this.scroller.scrollTop - wanted) > 1) this.scroller.scrollTop = wanted;
  }

  #pending({ nonce, command, state, error }) {
    const name = this.store.displayName(this.store.me.id);
    const failed = state === "failed";
    const words = { sending: "Sending command…", sent: "Waiting for the answer…" };
    const status = failed ? error : words[state];
    const data = { action: "dismiss-pending", nonce };
    const button = { type: "button", class: "link", testid: "dismiss", data };
    const title = h("span", { class: "command-name" }, command.title);
    return h(
      "li",
      { class: "pending", testid: "pending", data: { key: `pending-${nonce}`, state } },
      h("div", { class: "above" }, h("strong", {}, name), " used ", title),
      h("div", { class: failed ? "failed" : "thinking" }, failed ? null : dots(), status),
      failed ? h("button", button, "Dismiss message") : null,
    );
  }

  #clicked(event) {
    const target = event.target.closest("[data-action]");
    if (!target || !this.list.contains(target)) return;
    const { action } = target.dataset;
    const message = this.#messageOf(target);
    const actions = {
      press: () => this.#press(target, message),
      choose: () => this.#choose(target, message),
      spoiler: () => reveal(target, event),
      jump: () => this.#jumpTo(target.dataset.id),
      visit: () => this.#visit(target.dataset, event),
      dismiss: () => this.store.dropMessage(message.channel_id, message.id),
      "dismiss-pending": () => this.store.setPending(target.dataset.nonce, null),
      menu: () => openMessageMenu(target, message, this.session),
      channel: () => this.store.showChannel(target.dataset.id),
      command: () => this.session.composer.openByName(target.dataset.name),
    };
    actions[action]();
  }

  #messageOf(element) {
    const id = element.closest("[data-message-id]")?.dataset.messageId;
    return id ? this.store.message(this.store.channelId, id) : null;
  }

  #press(target, message) {
    if (target.getAttribute("aria-disabled") === "true") return;
    const component = findComponent(message.components, target.dataset.customId);
    this.session.interactions.useComponent(message, component);
  }

  #choose(target, message) {
    if (target.getAttribute("aria-disabled") === "true") return;
    const component = findComponent(message.components, target.dataset.customId);
    const { items, selected } = selectItems(component, this.store);
    const before = this.store.choices.get(message.id)?.get(component.custom_id);
    openPicker({
      anchor: target,
      label: component.placeholder ?? "Make a selection",
      min: component.min_values ?? 1,
      max: component.max_values ?? 1,
      items,
      selected: before ?? selected,
      onDone: (values) => {
        this.store.setChoice(message, component.custom_id, values);
        this.session.interactions.useComponent(message, component, values);
      },
    });
  }

  /** Follow a link to a channel or message. */
  async #visit({ channelId, id }, event) {
    event.preventDefault();
    if (!this.store.channels.has(channelId)) return;
    if (channelId !== this.store.channelId) this.store.showChannel(channelId);
    await this.session.history.loadLatest(channelId);
    this.#render();
    if (id) this.#jumpTo(id);
  }

  #jumpTo(id) {
    const item = document.getElementById(`message-${id}`);
    item?.scrollIntoView({ block: "center" });
    item?.focus({ preventScroll: true });
  }

  #key(event) {
    const presses = event.key === "Enter" || event.key === " ";
    if (presses && event.target.matches("[data-action=spoiler]")) {
      event.preventDefault();
      reveal(event.target, event);
      return;
    }
    const item = event.target.closest(".message");
    if (event.target !== item) return;
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step && item[step]?.matches(".message")) {
      event.preventDefault();
      item[step].focus();
    } else if (event.key === "ArrowDown" || event.key === "Escape") {
      event.preventDefault();
      this.session.composer.input.focus();
    }
  }

  #contextMenu(event) {
    const item = event.target.closest(".message");
    if (!item || event.target.closest("a, video, audio")) return;
    event.preventDefault();
    const byPointer = event.clientX > 0 || event.clientY > 0;
    const point = byPointer ? { x: event.clientX, y: event.clientY } : null;
    openMessageMenu(item, this.#messageOf(item), this.session, point);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX;
    if (this.#atBottom) this.jump.hidden = true;
    if (scrollTop < LOAD_OLDER_PX) this.session.history.loadOlder(this.store.channelId);
  }

  /** Arrow up in an empty message box walks up the messages; the context-menu key opens theirs. */
  focusNewest() {
    [...this.list.querySelectorAll(".message")].at(-1)?.focus();
  }

  /** Go to the newest message and stay there: after sending something, for one. */
  follow() {
    this.#atBottom = true;
    this.#toBottom();
  }

  #toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
  }
}

/** Whether a message continues the one above it. */
function follows(message, previous) {
  if (!previous || previous.author.id !== message.author.id) return false;
  const headed = message.message_reference || message.interaction_metadata;
  if (headed || isEphemeral(message) !== isEphemeral(previous)) return false;
  return snowflakeTimeMs(message.id) - snowflakeTimeMs(previous.id) < GROUP_MS;
}

function reveal(element, event) {
  if (element.hasAttribute("data-revealed")) return;
  event.preventDefault();
  element.setAttribute("data-revealed", "");
  element.removeAttribute("role");
  element.removeAttribute("aria-label");
}

function notice(text) {
  return h("li", { class: "notice", role: "alert" }, text);
}
