/**
 * The member's interactions: sending them, and matching the gateway's answers by nonce.
 */

import { describeFiles } from "./api.js";
import { makeNonce } from "./ids.js";

const INTERACTION = { COMMAND: 2, COMPONENT: 3, AUTOCOMPLETE: 4, MODAL: 5 };

/** The stand-in reports a failure after Discord's 3 s; this is for an answer that is lost. */
const ANSWER_TIMEOUT_MS = 12000;

const NO_ANSWER = "The application did not respond";
const FAILED = "This interaction failed";

/** The bot refused or did not answer in time. */
class InteractionFailed extends Error {}

export class Interactions {
  #waiting = new Map();

  /**
   * @param {{api: import("./api.js").Api, store: import("./store.js").Store,
   *          applicationId: string, sessionId: () => string | null,
   *          onModal: (modal: any) => void}} parts
   */
  constructor({ api, store, applicationId, sessionId, onModal }) {
    this.api = api;
    this.store = store;
    this.applicationId = applicationId;
    this.sessionId = sessionId;
    this.onModal = onModal;
  }

  /**
   * Run a command. Resolves when the server has taken it; its answer arrives as a message.
   * @param {import("./commands.js").Command} command
   * @param {any[]} options in Discord's form
   * @param {File[]} files
   * @param {string | null} targetId message or user of a context-menu command
   * @throws {import("./api.js").ApiError} when the server refuses it
   */
  async runCommand(command, options, files = [], targetId = null) {
    const nonce = makeNonce();
    const { channelId } = this.store;
    this.store.setPending(nonce, { nonce, channelId, command, state: "sending" });
    const data = { ...command.payload(options), attachments: describeFiles(files) };
    if (targetId) data.target_id = targetId;
    const { sent, answered } = this.#send(INTERACTION.COMMAND, data, { nonce, files });
    answered.then(
      () => this.store.setPending(nonce, null),
      (error) => this.#commandFailed(nonce, error),
    );
    await sent;
  }

  /** A refusal is shown where it was typed; silence of the bot is shown in the channel. */
  #commandFailed(nonce, error) {
    const failed = error instanceof InteractionFailed;
    this.store.setPending(nonce, failed ? { state: "failed", error: error.message } : null);
  }

  /** Press a button or choose in a select; the outcome is shown under the message. */
  async useComponent(message, component, values = null) {
    const data = { component_type: component.type, custom_id: component.custom_id };
    if (values) Object.assign(data, { type: component.type, values });
    const extra = {
      message_id: message.id,
      message_flags: message.flags ?? 0,
      application_id: message.application_id ?? this.applicationId,
      channel_id: message.channel_id,
    };
    this.store.setControls(message, { busy: component.custom_id });
    try {
      const { sent, answered } = this.#send(INTERACTION.COMPONENT, data, { extra });
      await Promise.all([sent, answered]);
      this.store.setControls(message, null);
    } catch (error) {
      this.store.setControls(message, { failed: error.message });
    }
  }

  /**
   * Send a filled form.
   * @throws {Error} when the server or the bot refuses it; the form then stays open
   */
  async submitModal(modal, components, files = []) {
    const data = { id: modal.id, custom_id: modal.custom_id, components };
    if (files.length) data.attachments = describeFiles(files);
    const extra = { application_id: modal.application?.id ?? this.applicationId };
    const { sent, answered } = this.#send(INTERACTION.MODAL, data, { extra, files });
    await Promise.all([sent, answered]);
  }

  /** @returns {Promise<{name: string, value: string | number}[]>} the bot's suggestions */
  async suggest(command, options) {
    const { sent, answered } = this.#send(INTERACTION.AUTOCOMPLETE, command.payload(options));
    const [, answer] = await Promise.all([sent, answered]);
    return answer.choices ?? [];
  }

  /** Hand in a gateway event; those about interactions settle what waits for them. */
  handleEvent(type, data) {
    const waiting = this.#waiting.get(data?.nonce);
    if (type === "INTERACTION_CREATE") {
      if (this.store.pending.has(data.nonce)) this.store.setPending(data.nonce, { state: "sent" });
    } else if (type === "INTERACTION_MODAL_CREATE") {
      waiting?.resolve(data);
      this.onModal(data);
    } else if (type === "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE") {
      waiting?.resolve(data);
    } else if (type === "INTERACTION_SUCCESS") {
      waiting?.resolve(data);
    } else if (type === "INTERACTION_FAILURE") {
      waiting?.reject(new InteractionFailed(waiting.silence));
    }
  }

  /** Returns two promises: `sent` (the server took it) and `answered` (the bot did something). */
  #send(type, data, { nonce = makeNonce(), files = [], extra = {} } = {}) {
    const answered = this.#answerTo(nonce, type === INTERACTION.COMMAND ? NO_ANSWER : FAILED);
    const payload = {
      type,
      application_id: this.applicationId,
      channel_id: this.store.channelId,
      session_id: this.sessionId(),
      data,
      nonce,
      ...extra,
    };
    if (this.store.guildId) payload.guild_id = this.store.guildId;
    const sent = this.api.interact(payload, files);
    sent.catch((error) => this.#waiting.get(nonce)?.reject(error));
    return { sent, answered };
  }

  #answerTo(nonce, silence) {
    const answered = new Promise((resolve, reject) => {
      const expire = () => reject(new InteractionFailed(silence));
      const timer = setTimeout(expire, ANSWER_TIMEOUT_MS);
      this.#waiting.set(nonce, { resolve, reject, silence, timer });
    });
    const forget = () => {
      clearTimeout(this.#waiting.get(nonce)?.timer);
      this.#waiting.delete(nonce);
    };
    answered.then(forget, forget);
    return answered;
  }
}
