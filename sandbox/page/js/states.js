/**
 * Every state of a job's card and of its result, at a phone's and at a desktop's width.
 *
 * `[data-testid=…]`: `states` (`data-ready`), `state` (`data-name`) with one `frame`
 * (`data-width` is phone or desktop) for each width, `language`; in a frame as in `main.js`.
 * The address may carry `?locale=<Discord's locale>`. Nothing here can be pressed.
 */

import { h } from "./dom.js";
import { MessageView } from "./message_view.js";
import { Store } from "./store.js";

const WIDTHS = ["phone", "desktop"];
const LANGUAGES = {
  "en-US": "English",
  de: "Deutsch",
  "es-ES": "Español",
  fr: "Français",
  ja: "日本語",
  "pt-BR": "Português do Brasil",
};

class StatesPage {
  constructor({ me, channel, states }) {
    this.states = states;
    const store = new Store({ id: me.id, name: me.username });
    store.channels.set(channel.id, channel);
    for (const { message } of states) store.rememberUsers(message);
    this.view = new MessageView(store);
  }

  /** @returns {HTMLElement[]} a section for each group */
  sections() {
    const groups = new Map();
    for (const state of this.states) {
      groups.set(state.group, [...(groups.get(state.group) ?? []), state]);
    }
    return [...groups].map(([group, states]) =>
      h("section", {}, h("h2", {}, group), states.map((state) => this.#state(state))),
    );
  }

  #state({ name, message }) {
    const frames = WIDTHS.map((width) => this.#frame(width, message));
    const props = { class: "state", testid: "state", data: { name } };
    return h("article", props, h("h3", {}, name), h("div", { class: "frames" }, frames));
  }

  #frame(width, message) {
    const shown = this.view.view({ ...message, id: message.id }, false);
    shown.removeAttribute("id"); // it is there once for each width
    shown.removeAttribute("aria-labelledby");
    shown.querySelector(".message-header")?.removeAttribute("id");
    shown.inert = true;
    const list = h("ol", { class: "messages" }, shown);
    const props = { class: `frame ${width}`, testid: "frame", data: { width } };
    return h("div", { ...props, role: "group", "aria-label": width }, list);
  }
}

function languageSwitch(locale) {
  const options = Object.entries(LANGUAGES).map(([value, name]) =>
    h("option", { value, selected: value === locale }, name),
  );
  const change = ({ target }) => location.assign(`?locale=${encodeURIComponent(target.value)}`);
  const select = h("select", { testid: "language", on: { change } }, options);
  return h("label", { class: "language" }, "Language ", select);
}

async function main() {
  const root = document.getElementById("states");
  const locale = new URLSearchParams(location.search).get("locale") ?? "en-US";
  const response = await fetch(`/states/messages.json?locale=${encodeURIComponent(locale)}`);
  if (!response.ok) {
    root.replaceChildren(h("p", { role: "alert" }, `The states answered ${response.status}.`));
    return;
  }
  const page = new StatesPage(await response.json());
  const title = h("h1", {}, "Every state of a video");
  const words = "Drawn by the bot's own views, at a phone's and at a desktop's width.";
  const back = h("a", { href: "/" }, "To the channel");
  const head = h("header", {}, title, h("p", {}, words), languageSwitch(locale), back);
  root.dataset.testid = "states";
  root.replaceChildren(head, ...page.sections());
  root.setAttribute("aria-busy", "false");
  root.dataset.ready = "true";
}

main();
