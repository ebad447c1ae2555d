/** What can be done with a message or its author: the bot's message and user commands, copying. */

import { COMMAND } from "./commands.js";
import { h } from "./dom.js";
import { excerpt } from "./message_view.js";
import { Popup } from "./popup.js";
import { CHANNEL, isEphemeral } from "./store.js";

const THREAD_NAME_CHARACTERS = 40;

/**
 * @param {HTMLElement} anchor gets the focus back
 * @param {any} message
 * @param {import("./session.js").Session} session
 * @param {{x: number, y: number} | null} point where the pointer was
 */
export function openMessageMenu(anchor, message, session, point = null) {
  const author = session.store.displayName(message.author.id);
  const sections = [
    section("Apps: this message", appItems(session, COMMAND.MESSAGE, message.id)),
    section(`Apps: ${author}`, appItems(session, COMMAND.USER, message.author.id)),
    section("Thread", threadItems(session, message)),
    section("Copy", copyItems(message)),
  ];
  const problem = h("div", { class: "menu-problem", role: "alert", testid: "menu-problem" });
  const props = { class: "menu", role: "menu", "aria-label": "Message actions", testid: "menu" };
  const menu = h("div", props, sections, problem);
  const popup = new Popup(anchor, menu, {
    onClose: () => anchor.focus({ preventScroll: true }),
    className: "menu-popup",
  });
  menu.addEventListener("click", async (event) => {
    const item = event.target.closest("[role=menuitem]");
    if (!item) return;
    try {
      await item.run();
      popup.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  menu.addEventListener("keydown", (event) => moveFocus(event, menu, popup));
  popup.open(point ?? besideRight(anchor));
  menu.querySelector("[role=menuitem]")?.focus({ preventScroll: true });
}

function section(title, items) {
  if (!items.length) return null;
  const heading = h("div", { class: "menu-title", role: "presentation" }, title);
  return h("div", { role: "group", "aria-label": title }, heading, items);
}

function appItems({ commands, interactions }, type, targetId) {
  const usable = commands.filter((command) => command.type === type);
  return usable.map((command) =>
    menuItem(command.title, () => interactions.runCommand(command, [], [], targetId)),
  );
}

/** A thread about a message is named after it, as Discord suggests. */
function threadItems({ api, store }, message) {
  const channel = store.channels.get(message.channel_id);
  if (channel?.type !== CHANNEL.TEXT || isEphemeral(message) || message.thread) return [];
  const start = async () => {
    const name = excerpt(message).slice(0, THREAD_NAME_CHARACTERS).trim() || "New thread";
    const thread = await api.startThread(message.channel_id, message.id, name);
    store.channels.set(thread.id, { ...store.channels.get(thread.id), ...thread });
    store.showChannel(thread.id);
  };
  return [menuItem("Create thread", start)];
}

function copyItems(message) {
  const text = message.content || excerpt(message);
  const items = [menuItem("Copy message ID", () => navigator.clipboard.writeText(message.id))];
  if (text) items.unshift(menuItem("Copy text", () => navigator.clipboard.writeText(text)));
  return items;
}

function menuItem(label, run) {
  const data = { testid: "menu-item", command: label };
  const props = { type: "button", role: "menuitem", tabindex: -1, class: "menu-item", data };
  return Object.assign(h("button", props, label), { run });
}

function moveFocus(event, menu, popup) {
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const targets = {
    ArrowDown: items[(at + 1) % items.length],
    ArrowUp: items[(at - 1 + items.length) % items.length],
    Home: items[0],
    End: items.at(-1),
  };
  if (targets[event.key]) {
    event.preventDefault();
    targets[event.key].focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    popup.close();
  }
}

function besideRight(anchor) {
  const box = anchor.getBoundingClientRect();
  return { x: box.right - 220, y: box.bottom + 4 };
}
