/** The guilds the member is in, as a column of marks; a click shows one. */

import { h } from "./dom.js";

const INITIALS = 3;

export class Rail {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.store = session.store;
    this.element = h("div", { class: "rail", role: "group", "aria-label": "Servers" });
    this.element.addEventListener("click", (event) => this.#clicked(event));
    this.store.on("guild", () => this.#render(), session.signal);
  }

  #render() {
    const focused = this.element.querySelector(":focus")?.dataset.guildId;
    this.element.replaceChildren(...[...this.store.guilds.values()].map((item) => this.#mark(item)));
    if (focused) this.element.querySelector(`[data-guild-id="${focused}"]`)?.focus();
  }

  #mark({ id, name }) {
    const unread = this.store.hasUnread(id);
    const props = {
      type: "button",
      class: `guild ${unread ? "unread" : ""}`,
      title: name,
      "aria-label": unread ? `${name} (unread)` : name,
      "aria-current": id === this.store.shownGuildId ? "true" : null,
      testid: "guild",
      data: { guildId: id },
    };
    const letters = name.split(/\s+/).map((word) => [...word][0] ?? "");
    return h("button", props, letters.slice(0, INITIALS).join(""));
  }

  #clicked(event) {
    const mark = event.target.closest("[data-guild-id]");
    if (mark) this.store.showGuild(mark.dataset.guildId);
  }
}
