// One visitor's conversation: entering it, following it, and what the visitor can do. No DOM in here.

import { Api, ApiError, randomKey } from "./api.js";
import { LiveStream } from "./stream.js";
import { Memory } from "./memory.js";
import { Transcript } from "./transcript.js";

const NOTICES = {
  ConversationClosed: "ended", ConversationFull: "full", OfferExpired: "expired", OfferPending: "pending_approval",
  OfferUnavailable: "void", ProductUnavailable: "productGone", PaymentsNotReady: "notReady",
};

/** `tell` is a Transcript's, which also hears "reset": all must be drawn anew. */
export class Session {
  constructor({ settings, kept, context, tell, emit }) {
    this.api = new Api(settings.base, settings.key);
    this.memory = new Memory(settings.key, kept);
    this.agentId = settings.agent;
    this.context = context;
    this.tell = tell;
    this.emit = emit;
    this.transcript = new Transcript({ tell: (...news) => this.tell(...news), emit: (...news) => this.emit(...news) });
    /** @type {"none" | "starting" | "ready" | "unavailable"} */
    this.phase = "none";
    this.link = "connecting";
    this.earlier = null; // where the messages before the shown ones begin
    this.notice = null;
    this.customerToken = kept.customerToken ?? null;
    this.onStorage = (event) => this.followOtherTab(event);
    window.addEventListener("storage", this.onStorage);
  }

  get isStored() {
    return this.memory.recall() !== null;
  }

  destroy() {
    window.removeEventListener("storage", this.onStorage);
    this.tell = () => {};
    this.emit = () => {};
    this.leave();
  }

  /** Hear no more of the conversation; the server keeps it. */
  leave() {
    this.stream?.stop();
    this.stream = null;
    this.transcript.clear();
    this.earlier = null;
    this.notice = null;
    this.link = "connecting";
    this.phase = "none";
  }

  // Entering

  /** Go on with the stored conversation, or begin one; one for all tabs. Safe to call again. */
  enter() {
    if (this.phase === "ready" || this.phase === "starting") return this.entering;
    this.phase = "starting";
    this.tell("state");
    this.entering = this.memory.alone(() => this.resumeOrBegin()).catch((error) => {
      this.phase = "unavailable";
      this.fail(error);
    });
    return this.entering;
  }

  async resumeOrBegin() {
    const stored = this.memory.recall();
    if (!stored) return this.begin();
    this.api.enter(stored);
    try {
      await this.reload();
      if (this.customerToken) await this.prove();
    } catch (error) {
      if (!(error instanceof ApiError) || ![401, 404].includes(error.status)) throw error;
      this.memory.forget();
      await this.begin();
    }
    return undefined;
  }

  /** A new conversation; with `previousToken` the same visitor's, whose earlier one it closes. */
  async begin(previousToken) {
    const wish = {
      context: this.context(), ...(this.agentId && { agent_id: this.agentId }),
      ...(previousToken && { previous_token: previousToken }),
      ...(this.customerToken && { customer_token: this.customerToken }),
    };
    const started = await this.api.start(wish).catch((error) => {
      if (error.status !== 422 || !this.customerToken) throw error;
      console.warn("AgentPay: the customer token was refused; the visitor stays anonymous.");
      this.customerToken = null;
      delete wish.customer_token;
      return this.api.start(wish);
    });
    const unsent = this.phase === "starting" ? this.unsent() : []; // of whoever is just coming in
    this.leave();
    this.phase = "starting";
    const own = { conversationId: started.conversation.id, token: started.token };
    this.api.enter(own);
    this.memory.remember(own);
    if (this.customerToken) {
      this.putBack(unsent);
      return this.reload(); // it may be one that this customer began elsewhere
    }
    this.transcript.adoptConversation(started.conversation);
    started.messages.forEach((message) => this.transcript.put(message));
    this.putBack(unsent);
    return this.listen(started.last_event_id);
  }

  /** Everything as the server has it, then live from there. What could not be sent yet stays. */
  async reload() {
    const [conversation, page, checkouts, offers] = await Promise.all([
      this.api.conversation(), this.api.messages(), this.api.checkouts(), this.api.offers(),
    ]);
    const unsent = this.unsent();
    this.leave();
    this.phase = "starting";
    this.transcript.adoptConversation(conversation);
    this.earlier = page.next_cursor;
    page.items.forEach((message) => this.transcript.put(message));
    for (const checkout of [...(checkouts.items ?? [])].reverse()) this.transcript.adoptCheckout(checkout);
    for (const offer of offers.items ?? []) this.transcript.adoptOffer(offer);
    this.putBack(unsent);
    this.listen(page.last_event_id);
  }

  unsent() {
    return [...this.transcript.entries.values()].filter((entry) => entry.pending);
  }

  putBack(entries) {
    entries.forEach((entry) => this.transcript.entries.set(entry.id, entry));
  }

  async loadEarlier() {
    const page = await this.api.messages(this.earlier);
    this.earlier = page.next_cursor;
    this.transcript.putBefore(page.items);
    this.tell("reset", { keepsPlace: true });
  }

  listen(lastEventId) {
    const stream = new LiveStream({
      lastEventId,
      request: () => ({
        url: this.api.base + this.api.path("/events"),
        headers: { Authorization: `Bearer ${this.api.token}`, Accept: "text/event-stream" },
      }),
      onEvent: (type, data) => {
        if (type === "stream.reset") this.attempt(() => this.reload());
        else this.transcript.hear(type, data);
      },
      onState: (state) => {
        this.link = state;
        this.tell("state");
      },
      onGone: () => this.gone(),
    });
    this.stream = stream;
    this.phase = "ready";
    stream.run();
    this.tell("reset");
    this.emit("ready", {
      conversation_id: this.api.conversationId, checkouts: [...this.transcript.facts.checkouts.values()],
    });
  }

  /** Erased or revoked elsewhere: nothing can be said in it any more. */
  gone() {
    this.memory.forget();
    this.transcript.adoptConversation({ status: "closed" });
  }

  followOtherTab(event) {
    if (event.key !== this.memory.name || this.phase !== "ready") return;
    const stored = this.memory.recall();
    if (stored?.conversationId === this.api.conversationId) return;
    this.leave();
    if (stored) this.enter();
    else this.tell("reset");
  }

  // Who the visitor is

  /** Prove who the visitor is; null forgets the conversation. Resolves to whether a conversation had to be left. */
  async identify(customerToken) {
    this.customerToken = this.memory.kept.customerToken = customerToken;
    if (customerToken === null) {
      this.memory.forget();
      this.api.enter(null);
      this.leave();
      this.tell("reset");
      return true;
    }
    await this.entering;
    if (this.phase !== "ready") return false;
    return Boolean(await this.attempt(() => this.prove()));
  }

  async prove() {
    try {
      await this.api.identify(this.customerToken);
      return false;
    } catch (error) {
      if (error.kind === "IdentityMismatch") { // another person at the same browser
        this.memory.forget();
        await this.begin();
        return true;
      }
      if (error.status !== 422) throw error;
      console.warn("AgentPay: the customer token was refused; the visitor stays anonymous.");
      this.customerToken = null;
      return false;
    }
  }

  // What the visitor does

  /** Show it at once, store it with a key that makes a retry harmless. */
  async send(content, retried) {
    const entry = retried ?? {
      id: `own:${randomKey()}`, role: "user", content, attachments: [], key: randomKey(),
      created_at: new Date().toISOString(),
    };
    await this.enter();
    this.notice = null;
    this.mark(entry, "sending");
    if (this.phase !== "ready") {
      this.mark(entry, "failed");
      return;
    }
    try {
      const turn = await this.api.send(entry.content, this.context(), entry.key);
      this.transcript.turnAccepted(turn);
      this.sent(entry, turn.message);
    } catch (error) {
      if (this.transcript.entries.get(entry.id) === entry) this.mark(entry, "failed");
      this.fail(error);
    }
  }

  mark(entry, pending) {
    entry.pending = pending;
    this.transcript.entries.set(entry.id, entry);
    this.tell("entry", entry);
    this.tell("state");
  }

  sent(entry, message) {
    const { transcript } = this;
    if (transcript.entries.get(entry.id) !== entry) return; // the event was faster
    if (transcript.entries.has(message.id)) transcript.drop(entry.id);
    else transcript.arrived(message);
  }

  cancel() {
    const turn = this.transcript.turn;
    return turn && this.attempt(() => this.api.cancel(turn.id));
  }

  accept(offerId) {
    return this.attempt(async () => this.transcript.adoptCheckout(await this.api.accept(offerId), true));
  }

  async buy(wish) {
    await this.enter();
    const key = randomKey();
    return this.attempt(async () => this.transcript.adoptCheckout(await this.api.buy(wish, key), true));
  }

  requestPerson() {
    return this.attempt(async () => {
      await this.enter();
      await this.api.requestPerson();
    });
  }

  feedback(entry, helpful) {
    entry.helpful = helpful;
    this.tell("entry", entry);
    return this.attempt(() => this.api.feedback(entry.id, helpful));
  }

  startOver() {
    return this.attempt(async () => {
      this.entering = this.begin(this.api.token);
      await this.entering;
      this.say("started");
    });
  }

  erase() {
    return this.attempt(async () => {
      if (this.isStored) {
        this.api.enter(this.memory.recall());
        await this.api.erase();
      }
      this.memory.forget();
      this.api.enter(null);
      this.leave();
      this.tell("reset");
      this.say("deleted");
    });
  }

  // What went wrong

  async attempt(deed) {
    try {
      return await deed();
    } catch (error) {
      this.fail(error);
      return null;
    }
  }

  /** In words of ours: the server's words for it are not made for visitors. */
  fail(error) {
    if (!(error instanceof ApiError)) console.warn("AgentPay:", error);
    if (this.phase === "starting") this.phase = "unavailable";
    if (error.kind === "ConversationClosed") this.transcript.status = "closed";
    if (error.status === 429) {
      this.say("tooFast", { seconds: error.retryAfter || 5 });
      return;
    }
    const fallback = this.phase === "unavailable" ? "unavailable" : "broken";
    this.say(NOTICES[error.kind] ?? (navigator.onLine ? fallback : "offline"));
  }

  /** What was said of it does not hold any more. */
  hush(key) {
    if (this.notice?.key === key) this.notice = null;
  }

  say(key, values) {
    this.notice = { key, values };
    this.tell("state");
  }
}
