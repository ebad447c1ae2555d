/** What an empty channel says to someone who is here for the first time. */

import { COMMAND } from "./commands.js";
import { h } from "./dom.js";
import { isWritable } from "./store.js";

/** Worth trying first, with a reason; only those that the bot has are shown. */
const TRY = [
  ["animate", "Turn a picture into a short video. The form has a sample picture ready."],
  ["t2v", "Describe a scene in words and get a video of it."],
  ["quota", "See how many credits you have left."],
  ["help", "Everything the bot can do."],
];

/** @param {import("./session.js").Session} session */
export function emptyHint(session) {
  const { commands, store } = session;
  const { channel } = store;
  if (!channel) return nowhere();
  const name = store.channelName(channel);
  const title = channel.name ? `Welcome to #${name}` : `Your messages with ${name}`;
  const chat = commands.filter(({ type }) => type === COMMAND.CHAT);
  const known = new Set(chat.map((command) => command.name));
  const items = TRY.filter(([name]) => known.has(name)).map(([name, why]) => {
    const data = { action: "command", name, testid: `hint-${name}` };
    const command = h("strong", {}, `/${name}`);
    return h("button", { type: "button", class: "hint-item", data }, command, h("span", {}, why));
  });
  const lead = leadOf(channel, items.length > 0);
  return h(
    "li",
    { class: "empty-hint", data: { key: "hint", testid: "empty-hint" } },
    h("h2", {}, title),
    h("p", {}, lead),
    h("div", { class: "hint-items" }, items),
  );
}

function nowhere() {
  const text = "This member sees no channel. Choose another server or member.";
  const data = { key: "hint", testid: "empty-hint" };
  return h("li", { class: "empty-hint", data }, h("h2", {}, "Nothing to see"), h("p", {}, text));
}

function leadOf(channel, offersSome) {
  if (!isWritable(channel)) return "This is a forum. Choose one of its posts.";
  return offersSome
    ? "Nothing has been said here yet. Try one of these, or type / for all commands."
    : "Nothing has been said here yet. Type / to see what the bot can do.";
}
