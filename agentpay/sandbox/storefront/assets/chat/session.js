// One visitor's conversation: what was said, what state it is in, and what the visitor can do. No DOM in here.

import { Api, ApiError } from "./api.js";
import { LiveStream } from "./stream.js";
import { forget, recall, remember } from "./memory.js";

const SUBJECTS = { offer: "offer_id", payment_button: "checkout_id", order: "order_id" };

/**
 * `tell(kind, detail)` hears: "reset" (redraw all), "entry" (one was added or changed), "text" (words were added),
 * "gone" (an entry went away), "renamed" (its id is known now), "state" (banner, header, composer), "checkout" (one was
 * made or changed), "say" (worth announcing).
 */
export class Session {
  constructor({ baseUrl, publishableKey, context, tell }) {
    this.api = new Api(baseUrl, publishableKey);
    this.context = context;
    this.tell = tell;
    this.clear();
    this.phase = recall(this.api) ? "stored" : "none"; // none | stored | starting | ready | unavailable
    window.addEventListener("storage", (event) => this.followOtherTab(event));
  }

  clear() {
    this.stream?.stop();
    this.stream = null;
    this.entries = new Map();
    this.facts = { offers: new Map(), checkouts: new Map(), orders: new Map() };
    this.turn = null; // { id, messageId }
    this.tools = new Map(); // call id → label
    this.status = "active";
    this.handoff = { state: "none" };
    this.link = "connecting";
    this.earlier = null;
    this.notice = null;
  }

  // Entering

  /** Go on with the stored conversation, or begin one. Safe to call again. */
  async enter() {
    if (this.phase === "ready" || this.phase === "starting") return this.entering;
    this.phase = "starting";
    this.tell("state");
    this.entering = this.resumeOrBegin().catch((error) => {
      this.phase = "unavailable";
      this.fail(error);
    });
    return this.entering;
  }

  async resumeOrBegin() {
    const stored = recall(this.api);
    if (stored) {
      this.api.enter(stored.conversationId, stored.token);
      try {
        return await this.reload();
      } catch (error) {
        if (![401, 404].includes(error.status)) throw error;
        forget();
      }
    }
    return this.begin();
  }

  async begin(previousToken) {
    const started = await this.api.start({ previous_token: previousToken, context: this.context() });
    this.clear();
    this.api.enter(started.conversation.id, started.token);
    remember(this.api);
    this.adoptConversation(started.conversation);
    started.messages.forEach((message) => this.put(message));
    this.listen(started.last_event_id);
  }

  /** Everything as the server has it, then live from there. */
  async reload() {
    const [conversation, page, checkouts] = await Promise.all([
      this.api.conversation(), this.api.messages(), this.api.checkouts(),
    ]);
    const unsent = [...this.entries.values()].filter((entry) => entry.pending);
    this.clear();
    this.adoptConversation(conversation);
    this.earlier = page.next_cursor;
    page.items.forEach((message) => this.put(message));
    for (const checkout of checkouts.items ?? checkouts) this.adoptCheckout(checkout);
    unsent.forEach((entry) => this.entries.set(entry.id, entry));
    this.listen(page.last_event_id);
  }

  async loadEarlier() {
    const page = await this.api.messages(this.earlier);
    this.earlier = page.next_cursor;
    const later = this.entries;
    this.entries = new Map();
    page.items.forEach((message) => this.put(message));
    later.forEach((entry, id) => this.entries.set(id, entry));
    this.tell("reset");
  }

  async startOver() {
    const token = this.api.token;
    forget();
    await this.attempt(async () => {
      await this.begin(token);
      this.notice = { key: "started" };
      this.tell("state");
    });
  }

  followOtherTab(event) {
    const stored = recall(this.api);
    if (event.key === null || !stored || stored.conversationId === this.api.conversationId) return;
    if (this.phase === "ready") {
      this.phase = "stored";
      this.clear();
      this.enter();
    }
  }

  listen(lastEventId) {
    this.stream = new LiveStream({
      lastEventId,
      request: () => ({
        url: `${this.api.baseUrl}${this.api.path("/events")}`,
        headers: { Authorization: `Bearer ${this.api.token}`, Accept: "text/event-stream" },
      }),
      onEvent: (type, data) => this.hear(type, data),
      onState: (state) => {
        this.link = state;
        this.tell("state");
      },
      onGone: () => {
        forget();
        this.status = "closed";
        this.tell("state");
      },
    });
    this.phase = "ready";
    this.tell("reset");
    this.stream.run();
  }

  // What the visitor does

  /** Show it at once, store it with a key that makes a retry harmless. */
  async send(content, retried) {
    await this.enter();
    const entry = retried ?? {
      id: crypto.randomUUID(), role: "user", content, attachments: [], key: crypto.randomUUID(),
    };
    entry.pending = "sending";
    this.notice = null;
    this.entries.set(entry.id, entry);
    this.tell("entry", entry);
    if (this.phase !== "ready") return this.unsent(entry, new ApiError(0));
    try {
      const turn = await this.api.send(entry.content, this.context(), entry.key);
      this.sent(entry, turn.message ?? turn);
    } catch (error) {
      await this.unsent(entry, error);
    }
  }

  sent(entry, message) {
    if (!message?.id || !this.entries.has(entry.id)) return; // the event was faster
    if (this.entries.has(message.id)) return this.drop(entry.id);
    this.replace(entry, { ...message, pending: null });
  }

  async unsent(entry, error) {
    entry.pending = "failed";
    this.tell("entry", entry);
    this.fail(error);
  }

  cancel() {
    if (this.turn) this.attempt(() => this.api.cancel(this.turn.id));
  }

  accept(offerId) {
    return this.attempt(async () => this.adoptCheckout(await this.api.accept(offerId, `accept-${offerId}`)));
  }

  async buy(wish) {
    await this.enter();
    return this.attempt(async () => this.adoptCheckout(await this.api.buy(wish, crypto.randomUUID())));
  }

  requestPerson() {
    return this.attempt(() => this.api.requestPerson());
  }

  feedback(entry, helpful) {
    entry.helpful = helpful;
    this.tell("entry", entry);
    return this.attempt(() => this.api.feedback(entry.id, helpful));
  }

  async attempt(deed) {
    try {
      return await deed();
    } catch (error) {
      this.fail(error);
      return null;
    }
  }

  /** What went wrong, in words of ours: the server's words for it are not made for visitors. */
  fail(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.kind === "ConversationClosed") this.status = "closed";
    const notices = {
      ConversationClosed: { key: "ended" },
      ConversationFull: { key: "full" },
      OfferExpired: { key: "expired" },
      OfferUnavailable: { key: "void" },
      TooManyRequests: { key: "tooFast", values: { seconds: error.retryAfter ?? 5 } },
    };
    const fallback = this.phase === "unavailable" ? "unavailable" : "broken";
    this.notice = notices[error.kind] ?? { key: navigator.onLine ? fallback : "offline" };
    this.tell("state");
  }

  // What the server tells

  hear(type, data) {
    const handlers = {
      "message.created": () => this.arrived(data),
      "message.delta": () => this.words(data),
      "message.completed": () => this.arrived(data),
      "turn.started": () => this.turnStarted(data),
      "turn.completed": () => this.turnCompleted(data),
      "tool.started": () => this.tools.set(data.call_id, data.label),
      "tool.completed": () => this.tools.delete(data.call_id),
      "offer.created": () => this.adoptOffer(data),
      "offer.updated": () => this.adoptOffer(data),
      "checkout.created": () => this.adoptCheckout(data),
      "checkout.updated": () => this.adoptCheckout(data),
      "order.created": () => this.adoptOrder(data),
      "order.updated": () => this.adoptOrder(data),
      "conversation.updated": () => this.adoptConversation(data),
      "stream.reset": () => this.attempt(() => this.reload()),
    };
    handlers[type]?.();
    if (type.startsWith("tool.")) this.tellDraft();
  }

  arrived(message) {
    const own = message.role === "user" && this.pendingLike(message);
    if (own) return this.replace(own, { ...message, pending: null });
    this.put(message);
    if (message.role !== "user") this.tell("say", this.entries.get(message.id));
    return undefined;
  }

  pendingLike(message) {
    return [...this.entries.values()].find((entry) => entry.pending && entry.content === message.content);
  }

  turnStarted({ turn_id: id, message_id: messageId }) {
    this.turn = { id, messageId };
    this.tools.clear();
    this.put({ id: messageId, role: "agent", content: "", attachments: [], draft: true });
    this.tell("state");
  }

  words({ message_id: id, text }) {
    const entry = this.entries.get(id);
    if (!entry) return this.put({ id, role: "agent", content: text, attachments: [], draft: true });
    const first = entry.content === "";
    entry.content += text;
    return first ? this.tell("entry", entry) : this.tell("text", { entry, text });
  }

  turnCompleted() {
    const draft = this.turn && this.entries.get(this.turn.messageId);
    this.turn = null;
    this.tools.clear();
    if (draft?.draft) {
      if (draft.content === "") this.drop(draft.id);
      else this.put({ ...draft, draft: false, interrupted: true });
    }
    this.tell("state");
  }

  tellDraft() {
    const draft = this.turn && this.entries.get(this.turn.messageId);
    if (draft) this.tell("entry", draft);
  }

  put(message) {
    const entry = { ...this.entries.get(message.id), draft: false, ...message };
    this.entries.set(message.id, entry);
    for (const attachment of entry.attachments) this.dropLoose(attachment.checkout_id);
    this.tell("entry", entry);
    return entry;
  }

  /** `entry` becomes `message`, at its place. */
  replace(entry, message) {
    this.entries = new Map(
      [...this.entries].map(([id, each]) => (id === entry.id ? [message.id, { ...each, ...message }] : [id, each])),
    );
    this.tell("renamed", { from: entry.id, entry: this.entries.get(message.id) });
  }

  drop(id) {
    if (this.entries.delete(id)) this.tell("gone", id);
  }

  adoptConversation({ status, handoff }) {
    this.status = status ?? this.status;
    this.handoff = handoff ?? this.handoff;
    this.tell("state");
  }

  adoptOffer(offer) {
    this.facts.offers.set(offer.id, offer);
    this.touch("offer", offer.id);
  }

  adoptOrder(order) {
    this.facts.orders.set(order.id, order);
    this.facts.orders.set(order.order_id, order);
    this.touch("order", order.order_id);
    this.touch("order", order.id);
  }

  /** A checkout is shown where a message or an offer speaks of it, else as an entry of its own. */
  adoptCheckout(checkout) {
    const known = this.facts.checkouts.get(checkout.id);
    this.facts.checkouts.set(checkout.id, checkout);
    this.tell("checkout", checkout);
    const mentioned = this.touch("payment_button", checkout.id) + this.touch("offer", checkout.offer_id);
    if (mentioned) return;
    if (!known && ["expired", "failed", "succeeded"].includes(checkout.status)) return;
    this.put({
      id: `checkout:${checkout.id}`,
      role: "system",
      content: "",
      attachments: [{ type: "payment_button", checkout_id: checkout.id }],
      loose: true,
    });
  }

  dropLoose(checkoutId) {
    const id = `checkout:${checkoutId}`;
    const isLoose = Boolean(checkoutId) && this.entries.get(id)?.loose;
    const isSpokenOf = () => [...this.entries.values()].some((entry) => !entry.loose && mentions(entry, checkoutId));
    if (isLoose && isSpokenOf()) this.drop(id);
  }

  /** Redraw whoever speaks of it; returns how many do. */
  touch(type, id) {
    if (!id) return 0;
    const speaking = [...this.entries.values()].filter((entry) =>
      entry.attachments.some((each) => each.type === type && each[SUBJECTS[type]] === id),
    );
    speaking.forEach((entry) => this.tell("entry", entry));
    return speaking.filter((entry) => !entry.loose).length;
  }

  checkoutOfOffer(offerId) {
    return [...this.facts.checkouts.values()].findLast((checkout) => checkout.offer_id === offerId);
  }
}

function mentions(entry, checkoutId) {
  return entry.attachments.some((attachment) => attachment.checkout_id === checkoutId);
}
