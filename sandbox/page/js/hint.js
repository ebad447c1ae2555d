/** What an empty channel says to someone who is here for the first time. */

import { COMMAND } from "./commands.js";
import { h } from "./dom.js";

/** Worth trying first, with a reason; only those that the bot has are shown. */
const TRY = [
  ["animate", "Turn a picture into a short video. The form has a sample picture ready."],
  ["t2v", "Describe a scene in words and get a video of it."],
  ["quota", "See how many credits you have left."],
  ["help", "Everything the bot can do."],
];

/** @param {import("./session.js").Session} session */
export function emptyHint(session) {
  const { channel, botName } = session.place();
  const title = channel?.name ? `Welcome to #${channel.name}` : `Your messages with ${botName}`;
  const known = new Set(session.commands.filter(usable(session)).map((command) => command.name));
  const items = TRY.filter(([name]) => known.has(name)).map(([name, why]) => {
    const data = { action: "command", name, testid: `hint-${name}` };
    const command = h("strong", {}, `/${name}`);
    return h("button", { type: "button", class: "hint-item", data }, command, h("span", {}, why));
  });
  const lead = items.length
    ? "Nothing has been said here yet. Try one of these, or type / for all commands."
    : "Nothing has been said here yet. Type / to see what the bot can do.";
  return h(
    "li",
    { class: "empty-hint", data: { key: "hint", testid: "empty-hint" } },
    h("h2", {}, title),
    h("p", {}, lead),
    h("div", { class: "hint-items" }, items),
  );
}

const usable = (session) => (command) =>
  command.type === COMMAND.CHAT && session.store.mayUse(command.root);
