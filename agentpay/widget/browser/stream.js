// Server-sent events read with fetch (EventSource cannot send a header), resumed after the last id that was seen.

const SILENCE_MS = 40_000; // the server comments every 15 s
const SHORT_MS = 2_000;
const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 15_000;
const HIDDEN_MS = 3_000; // a glance at another tab costs no reconnection
const GONE = new Set([401, 403, 404]);

/** Splits a growing text into events; keeps what is not yet complete. WHATWG HTML § 9.2.6. */
export class EventParser {
  constructor() {
    this.rest = "";
    /** @type {{ id: string | undefined, event: string, data: string[] }} */
    this.event = { id: undefined, event: "message", data: [] };
  }

  /** The events that `text` completes, in order. @param {string} text */
  feed(text) {
    /** @type {{ id: string | undefined, type: string, data: string }[]} */
    const found = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") this.finish(found);
      else if (!line.startsWith(":")) this.field(line);
    }
    return found;
  }

  field(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.event.data.push(value);
    else if (name === "event" || name === "id") this.event[name] = value;
  }

  finish(found) {
    const { id, event, data } = this.event;
    if (data.length) found.push({ id, type: event, data: data.join("\n") });
    this.event = { id: undefined, event: "message", data: [] };
  }
}

/**
 * One stream kept open while the page can be seen. `request()` gives `{ url, headers }`; `onEvent(type, data)`,
 * `onState("connecting"|"open"|"lost"|"resting")` and `onGone(status)` are told what happens.
 */
export class LiveStream {
  constructor({ request, lastEventId, onEvent, onState, onGone }) {
    this.request = request;
    this.lastEventId = lastEventId;
    this.onEvent = onEvent;
    this.onState = onState;
    this.onGone = onGone;
    this.stopped = false;
    this.failures = 0;
    this.wake = () => this.skipWait?.();
    this.look = () => this.seen();
  }

  async run() {
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.look);
    this.seen();
    while (!this.stopped) {
      if (this.isResting) {
        this.onState("resting");
        await this.rest(); // until seen again
        continue;
      }
      this.onState(this.failures ? "lost" : "connecting");
      const wait = await this.listen();
      if (!this.stopped && !this.isResting && wait > 0) await this.rest(wait);
    }
    clearTimeout(this.hiding);
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.look);
  }

  stop() {
    this.stopped = true;
    this.abort?.abort();
    this.skipWait?.();
  }

  /** Nobody reads a hidden page: its stream closes, and goes on where it was when somebody looks again. */
  seen() {
    clearTimeout(this.hiding);
    if (document.visibilityState === "hidden") {
      this.hiding = setTimeout(() => {
        this.isResting = true;
        this.abort?.abort();
        this.skipWait?.();
      }, HIDDEN_MS);
      return;
    }
    this.isResting = false;
    this.skipWait?.();
  }

  /** Follow one connection to its end; returns how long to wait before the next, in milliseconds. */
  async listen() {
    this.abort = new AbortController();
    const { url, headers } = this.request();
    const began = performance.now();
    if (this.lastEventId) headers["Last-Event-ID"] = this.lastEventId;
    try {
      this.watch();
      const options = /** @type {const} */ ({ signal: this.abort.signal, cache: "no-store", credentials: "omit" });
      const response = await fetch(url, { headers, ...options });
      if (!response.ok || !response.body) return this.refused(response);
      this.failures = 0;
      this.onState("open");
      await this.read(response.body.pipeThrough(new TextDecoderStream()).getReader());
      // The server ends streams now and then; one that ends at once, every time, must not be asked in a loop.
      return performance.now() - began < SHORT_MS ? this.backOff() : 0;
    } catch {
      return this.isResting ? 0 : this.backOff();
    } finally {
      clearTimeout(this.watchdog);
    }
  }

  async read(reader) {
    const parser = new EventParser();
    for (;;) {
      this.watch();
      const { value, done } = await reader.read();
      if (done || this.stopped) return;
      for (const { id, type, data } of parser.feed(value)) {
        if (id !== undefined) this.lastEventId = id; // first: an event that we cannot handle must not come again
        this.hand(type, data);
      }
    }
  }

  /** A connection that says nothing for so long is dead, whatever the network believes. */
  watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.abort?.abort(), SILENCE_MS);
  }

  hand(type, data) {
    try {
      this.onEvent(type, JSON.parse(data));
    } catch (error) {
      console.warn("AgentPay:", error);
    }
  }

  refused(response) {
    if (GONE.has(response.status)) {
      this.stop();
      this.onGone(response.status);
      return 0;
    }
    return Math.max(this.backOff(), (Number(response.headers.get("Retry-After")) || 0) * 1000);
  }

  backOff() {
    this.failures += 1;
    const full = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** (this.failures - 1));
    return full / 2 + (Math.random() * full) / 2;
  }

  /** For so long, or until something wakes us. @param {number} [milliseconds] */
  rest(milliseconds) {
    return new Promise((done) => {
      const timer = milliseconds === undefined ? 0 : setTimeout(finish, milliseconds);
      function finish() {
        clearTimeout(timer);
        done(undefined);
      }
      this.skipWait = finish;
    });
  }
}
