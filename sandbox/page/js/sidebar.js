/** Guilds, channels and the member one looks on as. On narrow screens it is a drawer. */

import { h, icon } from "./dom.js";
import { languageSwitch } from "./languages.js";
import { Listbox } from "./listbox.js";
import { avatar } from "./message_view.js";
import { describeRoles, peopleItems } from "./people.js";
import { Popup } from "./popup.js";
import { Rail } from "./rail.js";
import { isThread, symbolOf } from "./store.js";

export class Sidebar {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.store = session.store;
    this.title = h("h1", { class: "guild-name", testid: "guild-name" });
    this.channels = h("div", { class: "channel-list" });
    this.member = this.#memberButton();
    const head = h("header", { class: "sidebar-head" }, this.title);
    const language = languageSwitch(session);
    this.element = h(
      "nav",
      { class: "sidebar", id: "sidebar", "aria-label": "Channels and members" },
      new Rail(session).element,
      h(
        "div",
        { class: "panel" },
        head,
        this.channels,
        pageLinks(session.config),
        language,
        this.member,
      ),
    );
    this.channels.addEventListener("click", (event) => this.#clicked(event));
    const { signal } = session;
    this.store.on("guild", () => this.#render(), signal);
    this.#render();
  }

  #render() {
    this.title.textContent = this.store.guild?.name ?? "…";
    const rows = this.store.places().map((place) => this.#row(place));
    const dms = this.store.directChannels;
    const focused = this.channels.querySelector(":focus")?.dataset.channelId;
    this.channels.replaceChildren(
      group("Channels", rows),
      ...(dms.length ? [group("Direct messages", dms.map((item) => this.#row(item)))] : []),
    );
    if (focused) this.channels.querySelector(`[data-channel-id="${focused}"]`)?.focus();
    this.#describeMember();
  }

  #row(channel) {
    const thread = isThread(channel);
    const current = channel.id === this.store.channelId;
    const unread = this.store.unread.has(channel.id);
    const name = this.store.channelName(channel);
    const props = {
      type: "button",
      class: `channel ${thread ? "thread" : ""} ${unread ? "unread" : ""}`,
      "aria-current": current ? "page" : null,
      testid: "channel",
      data: { channelId: channel.id },
    };
    const mark = unread ? h("span", { class: "visually-hidden" }, " (unread)") : null;
    const symbol = icon(symbolOf(channel));
    const text = h("span", { class: "channel-name" }, name);
    return h("li", {}, h("button", props, symbol, text, mark));
  }

  #clicked(event) {
    const row = event.target.closest("[data-channel-id]");
    if (!row) return;
    this.store.showChannel(row.dataset.channelId);
    this.session.closeDrawer();
  }

  #memberButton() {
    this.memberAvatar = h("span", {});
    this.memberText = h("span", { class: "member-text" });
    const props = {
      type: "button",
      class: "member-button",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      testid: "member-switch",
      on: { click: () => this.#openSwitch() },
    };
    return h("button", props, this.memberAvatar, this.memberText, icon("swap"));
  }

  #describeMember() {
    const { me } = this.store;
    const name = this.store.displayName(me.id);
    const roles = describeRoles(this.store, me.id);
    this.memberAvatar.replaceChildren(avatar(me.id, name));
    this.memberText.replaceChildren(h("strong", {}, name), h("small", {}, roles));
    this.member.setAttribute("aria-label", `You are ${name} (${roles}). Switch member`);
    this.member.dataset.memberId = me.id;
  }

  #openSwitch() {
    if (this.popup?.isOpen) {
      this.popup.close();
      return;
    }
    const items = peopleItems(this.session.config, this.store);
    const pick = ({ value }) => {
      this.popup.close();
      if (value !== this.store.me.id) this.session.onSwitch(value);
    };
    const listbox = new Listbox({ label: "View as", onPick: pick, testid: "member-list" });
    const list = listbox.element;
    const onClose = () => {
      this.member.setAttribute("aria-expanded", "false");
      this.member.focus();
    };
    const title = h("div", { class: "menu-title" }, "View as");
    this.popup = new Popup(this.member, h("div", { class: "picker" }, title, list), { onClose });
    listbox.selected = new Set([this.store.me.id]);
    listbox.onActive = (id) => list.setAttribute("aria-activedescendant", id ?? "");
    list.tabIndex = 0;
    list.addEventListener("keydown", (event) => {
      if (listbox.handleKey(event)) return;
      if (event.key === "Escape" || event.key === "Tab") this.popup.close();
      else if ((event.key === "Enter" || event.key === " ") && listbox.active) pick(listbox.active);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.popup.open();
    this.member.setAttribute("aria-expanded", "true");
    listbox.setItems(items, items.findIndex(({ value }) => value === this.store.me.id));
    list.focus();
  }
}

function group(title, rows) {
  return h("section", {}, h("h2", { class: "group-title" }, title), h("ul", {}, rows));
}

/** What else the sandbox serves, for people to look at. */
function pageLinks({ pages = [] }) {
  return pages.map(({ title, path }) =>
    h("a", { href: path, class: "page-link", testid: "page-link" }, title),
  );
}
