// AgentPay's HTTP API as a visitor's page uses it (API §§ 5–6). Every credential travels in a header.

const TRIES = 3;
const PAUSE_MS = 600;
const ANSWER_MS = 30_000;

/** An answer that is not 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(status, body, retryAfter) {
    super(body?.error ?? "NetworkError");
    this.status = status;
    this.kind = body?.error ?? "NetworkError";
    this.detail = body?.detail;
    this.retryAfter = retryAfter;
  }

  /** May the very same request be sent again with a chance of success? */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Api {
  constructor(baseUrl, publishableKey) {
    this.baseUrl = baseUrl;
    this.publishableKey = publishableKey;
    this.token = null;
    this.conversationId = null;
  }

  /** Speak for this conversation from now on. */
  enter(conversationId, token) {
    this.conversationId = conversationId;
    this.token = token;
  }

  widget() {
    return this.call("GET", "/v1/widget", { credential: this.publishableKey });
  }

  start(body) {
    return this.call("POST", "/v1/agent/conversations", { credential: this.publishableKey, body });
  }

  conversation() {
    return this.call("GET", this.path());
  }

  messages(before) {
    return this.call("GET", this.path(before ? `/messages?before=${before}&limit=50` : "/messages?limit=50"));
  }

  /** Store the message and come back at once; the answer is heard on the stream. `key` makes a retry harmless. */
  send(content, context, key) {
    return this.call("POST", this.path("/messages"), { body: { content, context }, key, prefer: "respond-async" });
  }

  cancel(turnId) {
    return this.call("POST", this.path(`/turns/${turnId}/cancel`), { body: {} });
  }

  accept(offerId, key) {
    return this.call("POST", this.path(`/offers/${offerId}/accept`), { body: {}, key });
  }

  checkouts() {
    return this.call("GET", this.path("/checkouts"));
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

  path(rest = "") {
    return `/v1/agent/conversations/${this.conversationId}${rest}`;
  }

  /** One call; what is harmless to repeat (GET, or a POST with a key) is repeated when it failed in passing. */
  async call(method, path, { body, key, prefer, credential } = {}) {
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
        if (!(error instanceof ApiError) || !error.isPassing || attempt >= tries || error.retryAfter > 3) throw error;
        await pause(error.retryAfter ? error.retryAfter * 1000 : PAUSE_MS * attempt);
      }
    }
  }

  async once(path, request) {
    let response;
    try {
      response = await fetch(this.baseUrl + path, { ...request, signal: AbortSignal.timeout(ANSWER_MS) });
    } catch {
      throw new ApiError(0);
    }
    const body = response.status === 204 ? null : await response.json().catch(() => null);
    if (response.ok) return body;
    throw new ApiError(response.status, body, Number(response.headers.get("Retry-After")) || undefined);
  }
}

export function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
