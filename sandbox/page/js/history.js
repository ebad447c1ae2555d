/** A channel's older messages, fetched when they are needed. */

const PAGE = 50;

export class History {
  #busy = new Set();

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./store.js").Store} store
   */
  constructor(api, store) {
    this.api = api;
    this.store = store;
  }

  /** Load the newest messages, once a channel. */
  async loadLatest(channelId) {
    if (!channelId || this.store.histories.has(channelId)) return;
    await this.#load(channelId, null);
  }

  /** Load the page before what is there. */
  async loadOlder(channelId) {
    const history = this.store.histories.get(channelId);
    if (!history || history.oldest) return;
    const oldest = this.store.messagesIn(channelId)[0];
    if (oldest) await this.#load(channelId, oldest.id);
  }

  async #load(channelId, before) {
    if (this.#busy.has(channelId)) return;
    this.#busy.add(channelId);
    try {
      const list = await this.api.messages(channelId, before, PAGE);
      this.store.histories.set(channelId, { oldest: list.length < PAGE, error: null });
      this.store.putMessages(channelId, list);
    } catch (error) {
      this.store.histories.set(channelId, { oldest: true, error: error.message });
      this.store.emit("messages", channelId);
    } finally {
      this.#busy.delete(channelId);
    }
  }
}
