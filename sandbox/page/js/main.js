/**
 * The sandbox's page: one member's view of their guilds, against the Discord stand-in.
 *
 * For those who drive it (tests, screenshots), these stay as they are. `[data-testid=…]`:
 *   app                  `data-ready` is "true" while the gateway session is up
 *   status               connection problems; hidden when there are none
 *   drawer-button        opens the sidebar on narrow screens
 *   guild (`data-guild-id`) in the rail, guild-name, channel (`data-channel-id`), channel-title
 *   member-switch        `data-member-id`; opens `member-list`, whose options have `data-value`:
 *                        the members of the shown guild, then everybody else
 *   messages             the list; each `message` has `data-message-id`, `data-author-id`,
 *                        `data-ephemeral`, `data-loading`
 *   in a message         author, used, reply, content, edited, thinking, only-you, dismiss,
 *                        attachments, image, video, audio, file, embed, container, gallery,
 *                        action-row, button and select (`data-custom-id`), link-button,
 *                        interaction-failed, message-menu, thread-link
 *   pending              a command on its way; `data-state` is sending, sent or failed
 *   empty-hint, hint-<command>
 *   composer-input, composer-file, composer-sample, composer-send, composer-error
 *   command-picker       its options have `data-value` = command name ("jobs list" for subcommands)
 *   command-form         `data-command`; command-send, command-cancel, command-error
 *   option-<name>        the input of an option (a file input for attachments), its suggestions
 *                        `option-<name>-list`, sample picture `option-<name>-sample`,
 *                        `error-<name>`, `chip-<name>` adds it, `remove-<name>` takes it away
 *   preview              `data-filename`; a file about to be sent
 *   picker, picker-search  the list of an opened select; options have `data-value`
 *   menu, menu-item (`data-command`), menu-problem  the menu of a message
 *   modal (`data-custom-id`), modal-<custom id>, modal-submit, modal-cancel, modal-error;
 *                        radio and checkbox options are modal-<custom id>-<value>
 *
 * The address may carry `?member=<id or name>&channel=<id>`.
 */

import { h } from "./dom.js";
import { findPerson } from "./people.js";
import { Session } from "./session.js";

const CONFIG_URL = "/sandbox/config.json";

class App {
  constructor(root, config) {
    this.root = root;
    this.config = config;
    this.session = null;
  }

  /** Log in as a member; the one before is logged out. */
  become(member, { channelId, guildId = null }) {
    this.session?.end();
    this.session = new Session(this.config, member, {
      channelId,
      guildId,
      onSwitch: (id) => this.become(findPerson(this.config, id), this.#place()),
      onRefused: () => this.#renew(),
    });
    const { session } = this;
    session.store.on("channel", () => remember(session), session.signal);
    this.root.replaceChildren(session.element);
    session.start();
  }

  start() {
    const query = new URLSearchParams(location.search);
    const member = findPerson(this.config, query.get("member")) ?? this.config.members[0];
    this.become(member, { channelId: query.get("channel") });
  }

  /** Where the member is looking, for the one who looks on from there. */
  #place() {
    const { channelId, shownGuildId: guildId } = this.session.store;
    return { channelId, guildId };
  }

  /** A restarted stand-in gives out new tokens: fetch them; the same ones cannot help. */
  async #renew() {
    const { me } = this.session.store;
    this.config = await loadConfig();
    const member = findPerson(this.config, me.id);
    if (member && member.token !== me.token) this.become(member, this.#place());
  }
}

/** Keep member and channel in the address, so that a reload or a second tab shows the same. */
function remember({ store }) {
  const query = new URLSearchParams({ member: store.me.id, channel: store.channelId ?? "" });
  history.replaceState(null, "", `?${query}`);
}

async function loadConfig() {
  const response = await fetch(CONFIG_URL);
  if (!response.ok) throw new Error(`${CONFIG_URL} answered ${response.status}.`);
  return response.json();
}

async function main() {
  const root = document.getElementById("root");
  try {
    new App(root, await loadConfig()).start();
  } catch (error) {
    const text = `The page cannot start. ${error.message}`;
    root.replaceChildren(h("p", { class: "fatal", role: "alert" }, text));
    throw error;
  }
}

main();
