// What was said and what is known of it, from the server's messages and events. No DOM, no network in here.

const SUBJECTS = { offer: "offer_id", payment_button: "checkout_id", order: "order_id" };
const OVER = ["expired", "failed", "succeeded"];

/**
 * `tell(kind, detail)` hears: "entry" (one was added or changed), "text" (words were added), "gone" (an entry went
 * away), "renamed" (its id is known now), "state" (who, what, whether), "say" (worth announcing). `emit(event, detail)`
 * tells the page, once for each change.
 */
export class Transcript {
  /** @type {Map<string, any>} in the order they are shown */
  entries;
  /** @type {{ offers: Map<string, any>, checkouts: Map<string, any>, orders: Map<string, any> }} */
  facts;
  /** @type {Map<string, string>} product id → name */
  names;
  /** @type {{ id: string, messageId: string | null } | null} */
  turn;
  /** @type {Set<string>} ids of turns */
  ended;
  /** @type {Map<string, string>} call id → label */
  tools;

  constructor({ tell, emit }) {
    this.tell = tell;
    this.emit = emit;
    this.told = new Set();
    this.clear();
  }

  clear() {
    this.entries = new Map();
    this.facts = { offers: new Map(), checkouts: new Map(), orders: new Map() };
    this.names = new Map();
    this.turn = null;
    this.ended = new Set();
    this.tools = new Map();
    this.status = "active";
    this.handoff = { state: "none", staff_name: null };
  }

  /** An event of the stream (API § 7). Unknown ones are nobody's business. */
  hear(type, data) {
    /** @type {Record<string, () => void>} */
    const handlers = {
      "message.created": () => this.arrived(data),
      "message.delta": () => this.words(data),
      "message.completed": () => this.arrived(data),
      "turn.started": () => this.turnStarted(data),
      "turn.completed": () => this.turnCompleted(data),
      "tool.started": () => this.toolRuns(data.call_id, data.label),
      "tool.completed": () => this.toolRuns(data.call_id, null),
      "offer.created": () => this.adoptOffer(data, true),
      "offer.updated": () => this.adoptOffer(data, true),
      "checkout.created": () => this.adoptCheckout(data, true),
      "checkout.updated": () => this.adoptCheckout(data, true),
      "order.created": () => this.adoptOrder(data),
      "order.updated": () => this.adoptOrder(data),
      "conversation.updated": () => this.adoptConversation(data),
    };
    if (Object.hasOwn(handlers, type)) handlers[type]();
  }

  // Messages

  arrived(message) {
    const own = message.role === "user" ? this.pendingLike(message) : null;
    if (own) this.replace(own, { ...message, pending: null });
    else this.put(message);
    if (message.role !== "user") this.tell("say", this.entries.get(message.id));
    this.once("message", `${message.id}`, { id: message.id, role: message.role, content: message.content });
  }

  /** Ours, stored, whose answer has not come back yet. */
  pendingLike(message) {
    return [...this.entries.values()].find((entry) => entry.pending && entry.content === message.content);
  }

  /** Stored, to be answered: from now on it can be stopped. The stream may have told of its end already. */
  turnAccepted({ id, status }) {
    if (this.ended.has(id) || !["queued", "running"].includes(status)) return;
    this.turn ??= { id, messageId: null };
    this.tell("state");
  }

  turnStarted({ turn_id: id, message_id: messageId }) {
    this.turn = { id, messageId };
    this.tools.clear();
    this.put({ id: messageId, role: "agent", content: "", attachments: [], draft: true });
    this.tell("state");
  }

  words({ message_id: id, text }) {
    const entry = this.entries.get(id);
    if (!entry) {
      this.put({ id, role: "agent", content: text, attachments: [], draft: true });
      return;
    }
    const first = entry.content === "";
    entry.content += text;
    this.tell(first ? "entry" : "text", entry);
  }

  turnCompleted({ turn_id: id }) {
    this.ended.add(id);
    const draft = this.draft();
    this.turn = null;
    this.tools.clear();
    if (draft?.draft && draft.content === "") this.drop(draft.id);
    else if (draft?.draft) this.put({ ...draft, draft: false, interrupted: true });
    this.tell("state");
  }

  toolRuns(callId, label) {
    if (label) this.tools.set(callId, label);
    else this.tools.delete(callId);
    const draft = this.draft();
    if (draft) this.tell("entry", draft);
  }

  draft() {
    return this.turn && this.entries.get(this.turn.messageId ?? "");
  }

  put(message) {
    const entry = { ...this.entries.get(message.id), draft: false, ...message };
    this.entries.set(message.id, entry);
    for (const attachment of entry.attachments) {
      if (attachment.type === "product_card") this.names.set(attachment.product_id, attachment.name);
      this.dropLoose(attachment.checkout_id);
    }
    this.tell("entry", entry);
  }

  /** What the server has of earlier, before all that is known. */
  putBefore(messages) {
    const later = this.entries;
    this.entries = new Map();
    const tell = this.tell;
    this.tell = () => {};
    messages.forEach((message) => this.put(message));
    this.tell = tell;
    later.forEach((entry, id) => this.entries.set(id, entry));
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

  // Facts

  /** @param {{ status?: string, handoff?: any }} news */
  adoptConversation({ status, handoff }) {
    this.status = status ?? this.status;
    this.handoff = handoff ?? this.handoff;
    this.tell("state");
  }

  adoptOffer(offer, isNews = false) {
    this.facts.offers.set(offer.id, offer);
    this.touch("offer", offer.id);
    if (isNews) this.once("offer", `${offer.id}:${offer.status}`, offer);
  }

  adoptOrder(order) {
    this.facts.orders.set(order.order_id, order);
    this.touch("order", order.order_id);
    this.once("order", `${order.id}:${order.status}`, order);
  }

  /** A checkout is shown where a message or an offer speaks of it, else as an entry of its own. */
  adoptCheckout(checkout, isNews = false) {
    const isKnown = this.facts.checkouts.has(checkout.id);
    this.facts.checkouts.set(checkout.id, checkout);
    if (isNews) this.once("checkout", `${checkout.id}:${checkout.status}`, checkout);
    const mentioned = this.touch("payment_button", checkout.id) + this.touch("offer", checkout.offer_id);
    if (mentioned || (!isKnown && OVER.includes(checkout.status))) return;
    const attachments = [{ type: "payment_button", checkout_id: checkout.id }];
    this.put({ id: `checkout:${checkout.id}`, role: "system", content: "", attachments, loose: true });
  }

  dropLoose(checkoutId) {
    const id = `checkout:${checkoutId}`;
    if (!checkoutId || !this.entries.get(id)?.loose) return;
    if ([...this.entries.values()].some((entry) => !entry.loose && mentions(entry, checkoutId))) this.drop(id);
  }

  /** Redraw whoever speaks of it; returns how many messages do. */
  touch(type, id) {
    if (!id) return 0;
    const speaking = [...this.entries.values()].filter((entry) =>
      entry.attachments.some((each) => each.type === type && each[SUBJECTS[type]] === id));
    speaking.forEach((entry) => this.tell("entry", entry));
    return speaking.filter((entry) => !entry.loose).length;
  }

  /** The newest checkout of an offer. */
  checkoutOfOffer(offerId) {
    return [...this.facts.checkouts.values()].filter((checkout) => checkout.offer_id === offerId)
      .sort((one, other) => Date.parse(one.created_at) - Date.parse(other.created_at)).at(-1);
  }

  once(event, key, detail) {
    if (this.told.has(`${event}:${key}`)) return;
    this.told.add(`${event}:${key}`);
    this.emit(event, detail);
  }
}

function mentions(entry, checkoutId) {
  return entry.attachments.some((attachment) => attachment.checkout_id === checkoutId);
}
