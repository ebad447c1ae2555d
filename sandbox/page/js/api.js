/** Discord's HTTP calls as the member's client makes them. */

/** The server refused; `message` is fit to be shown. */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status, 0 when the server could not be reached
   * @param {any} body the decoded error object
   */
  constructor(status, body) {
    super(describe(status, body));
    this.status = status;
    this.code = body?.code ?? 0;
    this.retryAfterS = body?.retry_after ?? null;
  }
}

function describe(status, body) {
  if (status === 0) return "The server could not be reached. Is it still running?";
  const details = [...leafErrors(body?.errors, [])];
  const message = body?.message ?? `The server answered with status ${status}.`;
  return details.length ? `${message}: ${details.join("; ")}` : message;
}

/** Discord nests validation errors by field; the leaves hold the sentences. */
function* leafErrors(node, path) {
  if (!node || typeof node !== "object") return;
  for (const error of node._errors ?? []) {
    yield path.length ? `${path.join(".")} - ${error.message}` : error.message;
  }
  for (const [key, child] of Object.entries(node)) {
    if (key !== "_errors") yield* leafErrors(child, [...path, key]);
  }
}

export class Api {
  /**
   * @param {string} base e.g. `http://127.0.0.1:1234/api/v10`
   * @param {string} token the member's
   */
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  /**
   * @param {string} channelId
   * @param {string | null} before only messages older than this id
   * @param {number} limit at most 100
   */
  messages(channelId, before = null, limit = 50) {
    const older = before ? `&before=${before}` : "";
    return this.#call("GET", `/channels/${channelId}/messages?limit=${limit}${older}`);
  }

  /** The commands of a guild, or of a direct-message channel when there is no guild. */
  commandIndex(guildId, channelId) {
    const place = guildId ? `/guilds/${guildId}` : `/channels/${channelId}`;
    return this.#call("GET", `${place}/application-command-index`);
  }

  /** @param {File[]} files their index is the id their `attachments` entry carries */
  interact(payload, files = []) {
    return this.#call("POST", "/interactions", payload, files);
  }

  /** Change the language of the member's client. */
  setLocale(locale) {
    return this.#call("PATCH", "/users/@me/settings", { locale });
  }

  sendMessage(channelId, payload, files = []) {
    return this.#call("POST", `/channels/${channelId}/messages`, payload, files);
  }

  startThread(channelId, messageId, name) {
    const path = `/channels/${channelId}/messages/${messageId}/threads`;
    return this.#call("POST", path, { name });
  }

  async #call(method, path, payload = null, files = []) {
    const response = await this.#fetch(method, path, payload, files);
    const text = await response.text();
    const body = parseJson(text);
    if (response.status === 429 && method === "GET") {
      await new Promise((resolve) => setTimeout(resolve, (body?.retry_after ?? 1) * 1000));
      return this.#call(method, path);
    }
    if (!response.ok) throw new ApiError(response.status, body);
    return body;
  }

  async #fetch(method, path, payload, files) {
    const headers = { Authorization: this.token };
    let body = null;
    if (files.length) {
      body = new FormData();
      body.append("payload_json", JSON.stringify(payload));
      files.forEach((file, index) => body.append(`files[${index}]`, file, file.name));
    } else if (payload) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(payload);
    }
    try {
      return await fetch(this.base + path, { method, headers, body });
    } catch {
      throw new ApiError(0, null); // fetch rejects only when there was no answer at all
    }
  }
}

/** An empty or non-JSON answer carries no message of Discord's. */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What an upload says about its files, in the body beside them. */
export function describeFiles(files) {
  return files.map((file, index) => ({ id: String(index), filename: file.name }));
}
