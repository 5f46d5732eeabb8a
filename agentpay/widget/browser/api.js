// AgentPay's HTTP API as a visitor's page uses it (API §§ 5–6). Every credential travels in a header.

const TRIES = 3;
const PAUSE_MS = 600;
const ANSWER_MS = 30_000;
const PATIENCE_SECONDS = 3; // a longer Retry-After is the visitor's to wait for

/** An answer that is not 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{ error?: string, detail?: unknown } | null} [body]
   * @param {number} [retryAfter] seconds
   */
  constructor(status, body, retryAfter) {
    super(body?.error ?? "NetworkError");
    this.status = status;
    this.kind = body?.error ?? "NetworkError";
    this.retryAfter = retryAfter ?? 0;
  }

  /** May the very same request be sent again with a chance of success? */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Api {
  /** @param {string} base @param {string} publishableKey */
  constructor(base, publishableKey) {
    this.base = base;
    this.publishableKey = publishableKey;
    /** @type {string | null} */
    this.token = null;
    /** @type {string | null} */
    this.conversationId = null;
  }

  /** Speak for this conversation from now on. @param {{ conversationId: string, token: string } | null} conversation */
  enter(conversation) {
    this.conversationId = conversation?.conversationId ?? null;
    this.token = conversation?.token ?? null;
  }

  widget() {
    return this.call("GET", "/v1/widget", { credential: this.publishableKey });
  }

  /** @param {object} body */
  start(body) {
    return this.call("POST", "/v1/agent/conversations", { credential: this.publishableKey, body });
  }

  conversation() {
    return this.call("GET", this.path());
  }

  /** @param {string | null} [before] */
  messages(before) {
    return this.call("GET", this.path(before ? `/messages?before=${before}&limit=50` : "/messages?limit=50"));
  }

  /** Store the message and come back at once: the answer is heard on the stream. `key` makes a retry harmless. */
  send(content, context, key) {
    return this.call("POST", this.path("/messages"), { body: { content, context }, key, prefer: "respond-async" });
  }

  cancel(turnId) {
    return this.call("POST", this.path(`/turns/${turnId}/cancel`), { body: {} });
  }

  accept(offerId) {
    return this.call("POST", this.path(`/offers/${offerId}/accept`), { body: {}, key: `accept-${offerId}` });
  }

  checkouts() {
    return this.call("GET", this.path("/checkouts"));
  }

  offers() {
    return this.call("GET", this.path("/offers"));
  }

  buy(body, key) {
    return this.call("POST", this.path("/checkouts"), { body, key });
  }

  requestPerson() {
    return this.call("POST", this.path("/handoff"), { body: { action: "request" } });
  }

  feedback(messageId, helpful) {
    return this.call("POST", this.path(`/messages/${messageId}/feedback`), { body: { helpful } });
  }

  identify(customerToken) {
    return this.call("POST", this.path("/identify"), { body: { customer_token: customerToken } });
  }

  erase() {
    return this.call("DELETE", this.path());
  }

  path(rest = "") {
    return `/v1/agent/conversations/${this.conversationId}${rest}`;
  }

  /** One call; what is harmless to repeat (GET, or a POST with a key) is repeated when it failed in passing. */
  async call(method, path, { body, key, prefer, credential } = /** @type {any} */ ({})) {
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${credential ?? this.token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    if (prefer) headers.Prefer = prefer;
    const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const tries = method === "GET" || key ? TRIES : 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(path, request);
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isPassing || attempt >= tries) throw error;
        if (error.retryAfter > PATIENCE_SECONDS || !navigator.onLine) throw error;
        await pause(error.retryAfter ? error.retryAfter * 1000 : PAUSE_MS * attempt);
      }
    }
  }

  async once(path, request) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), ANSWER_MS);
    try {
      const options = { credentials: "omit", cache: "no-store", signal: patience.signal };
      const response = await fetch(this.base + path, { ...request, ...options });
      const body = response.status === 204 ? null : await response.json().catch(() => null);
      if (response.ok) return body;
      throw new ApiError(response.status, body, Number(response.headers.get("Retry-After")) || undefined);
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param {number} milliseconds */
export function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** A random key. `crypto.randomUUID` is there on secure pages only. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
