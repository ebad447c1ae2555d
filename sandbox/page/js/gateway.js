/** One member's gateway session: identify, heartbeat, resume, reconnect. */

const OP = {
  DISPATCH: 0,
  HEARTBEAT: 1,
  IDENTIFY: 2,
  RESUME: 6,
  RECONNECT: 7,
  INVALID_SESSION: 9,
  HELLO: 10,
  HEARTBEAT_ACK: 11,
};

/** Close codes after which trying again cannot help (4004: the token is wrong). */
const FATAL = new Set([4004, 4010, 4011, 4012, 4013, 4014]);
/** Close codes after which the session is gone, so that a new identify is needed. */
const SESSION_GONE = new Set([4003, 4007, 4009]);
const BACKOFF_MS = [250, 1000, 2000, 5000, 10000];

export class Gateway {
  #socket = null;
  #sequence = null;
  #resumeUrl = null;
  #heartbeatTimer = 0;
  #reconnectTimer = 0;
  #acknowledged = true;
  #attempt = 0;
  #stopped = false;

  /**
   * @param {string} url `ws://…`, without query
   * @param {string} token the member's
   * @param {{onEvent: (type: string, data: any) => void,
   *          onState: (state: "connecting" | "ready" | "stopped") => void}} listeners
   */
  constructor(url, token, listeners) {
    this.url = url;
    this.token = token;
    this.listeners = listeners;
    this.sessionId = null;
  }

  connect() {
    this.listeners.onState("connecting");
    const base = (this.sessionId && this.#resumeUrl) || this.url;
    const socket = new WebSocket(`${base}${base.includes("?") ? "&" : "?"}v=10&encoding=json`);
    this.#socket = socket;
    this.#acknowledged = true;
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#lost(event.code);
    });
  }

  /** End the session for good. */
  close() {
    this.#stopped = true;
    clearInterval(this.#heartbeatTimer);
    clearTimeout(this.#reconnectTimer);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  #receive({ op, d, s, t }) {
    if (s !== null && s !== undefined) this.#sequence = s;
    if (op === OP.HELLO) this.#hello(d.heartbeat_interval);
    else if (op === OP.HEARTBEAT) this.#beat();
    else if (op === OP.HEARTBEAT_ACK) this.#acknowledged = true;
    else if (op === OP.RECONNECT) this.#socket.close(4000);
    else if (op === OP.INVALID_SESSION) this.#invalid(d);
    else if (op === OP.DISPATCH) this.#dispatch(t, d);
  }

  #hello(intervalMs) {
    clearInterval(this.#heartbeatTimer);
    this.#heartbeatTimer = setInterval(() => {
      if (this.#acknowledged) this.#beat();
      else this.#socket.close(4000); // a dead connection that still looks open
    }, intervalMs);
    if (this.sessionId) {
      this.#send(OP.RESUME, {
        token: this.token,
        session_id: this.sessionId,
        seq: this.#sequence,
      });
    } else {
      const properties = { os: "sandbox", browser: "sandbox-page", device: "" };
      this.#send(OP.IDENTIFY, { token: this.token, properties, compress: false });
    }
  }

  #dispatch(type, data) {
    if (type === "READY") {
      this.sessionId = data.session_id;
      this.#resumeUrl = data.resume_gateway_url ?? null;
    }
    this.listeners.onEvent(type, data);
    if (type === "READY" || type === "RESUMED") {
      this.#attempt = 0;
      this.listeners.onState("ready");
    }
  }

  #beat() {
    this.#acknowledged = false;
    this.#send(OP.HEARTBEAT, this.#sequence);
  }

  #invalid(resumable) {
    if (!resumable) this.#forgetSession();
    this.#socket.close(4000);
  }

  #forgetSession() {
    this.sessionId = null;
    this.#sequence = null;
    this.#resumeUrl = null;
  }

  #lost(code) {
    clearInterval(this.#heartbeatTimer);
    if (this.#stopped) return;
    if (FATAL.has(code)) {
      this.listeners.onState("stopped");
      return;
    }
    if (SESSION_GONE.has(code)) this.#forgetSession();
    this.listeners.onState("connecting");
    const waitMs = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)];
    this.#attempt += 1;
    this.#reconnectTimer = setTimeout(() => this.connect(), waitMs);
  }

  #send(op, d) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ op, d }));
  }
}
