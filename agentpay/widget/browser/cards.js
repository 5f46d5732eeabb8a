// Attachments as cards. Figures are the server's; status and expiry follow its records, the countdown is ours.

import { element, icon, webAddress } from "./dom.js";
import { unitOf } from "./words.js";

const SEATS_MAX = 10_000;
const ORDER_CHARACTERS = 8;
const isOver = ({ expires_at: expiresAt }) => Boolean(expiresAt) && Date.parse(expiresAt) <= Date.now();

/** Makes cards in the visitor's words, of what a Transcript knows; `act` says what their buttons do. */
export class Cards {
  constructor({ words, transcript, act, isEmbedded }) {
    this.words = words;
    this.transcript = transcript;
    this.act = act;
    this.isEmbedded = isEmbedded;
  }

  /** @returns {HTMLElement | null} null for a type that we do not know */
  card(attachment) {
    const makers = {
      product_card: () => this.product(attachment), offer: () => this.offer(attachment),
      payment_button: () => this.payment(attachment), order: () => this.order(attachment),
      image: () => this.image(attachment),
    };
    return Object.hasOwn(makers, attachment.type) ? makers[attachment.type]() : null;
  }

  /** Several products stand side by side, to be compared. */
  shelf(attachments) {
    const cards = attachments.map((each) => this.product(each));
    if (cards.length < 2) return cards;
    return [element("ul", { class: "shelf", tabindex: "0", role: "list", "aria-label": this.words.say("products") },
      cards.map((card) => element("li", {}, card)))];
  }

  // Products

  product(attachment) {
    const { amount, terms, note } = this.priceWords(attachment.price);
    const wish = this.wish(attachment.price);
    const buy = (event) => this.act.buy({ product_id: attachment.product_id, ...wish.chosen() }, event.currentTarget);
    const label = `${this.words.say("buy")}: ${attachment.name}`;
    return element("article", { class: "card product", "aria-label": attachment.name },
      productPicture(attachment.image_url, attachment.name),
      element("div", { class: "card-body" },
        element("h3", { dir: "auto" }, attachment.name),
        attachment.description && element("p", { class: "muted about", dir: "auto" }, attachment.description),
        element("p", { class: "price" },
          amount && element("strong", {}, amount), terms && element("span", { class: "terms" }, ` ${terms}`),
          note && element("small", {}, note)),
        element("div", { class: "card-row" }, wish.field,
          element("button", { class: "button small", type: "button", onclick: buy, "aria-label": label },
            this.words.say("buy")))));
  }

  /** What a price says; `from` and the terms are said as the server says them. */
  priceWords(price) {
    if (!price) return { amount: "", terms: "", note: "" };
    const { words } = this;
    const money = (amount) => words.money(amount, price.currency);
    const terms = words.interval(price.recurring_interval, price.recurring_interval_count);
    const { interval, interval_count: count } = price.trial ?? {};
    const note = interval ? words.say("trial", { length: words.span(interval, count) }) : "";
    if (price.amount_type === "custom") {
      const least = money(price.minimum_amount ?? 0);
      return { amount: words.say("from", { amount: least }), terms, note: words.say("payWhatYouWant") };
    }
    if (price.amount === null) return { amount: "", terms, note: note || words.say("byUse") };
    if (price.amount_type === "seat_based") {
      return { amount: money(price.amount), terms: `${words.say("perSeat")} ${terms}`.trim(), note };
    }
    if (price.amount === 0) return { amount: words.say("free"), terms, note };
    const amount = money(price.amount);
    return { amount: price.from ? words.say("from", { amount }) : amount, terms, note };
  }

  /** Seats and free prices are the visitor's to choose. */
  wish(price) {
    const nothing = { field: null, chosen: () => ({}) };
    if (price?.amount_type === "custom") {
      const unit = unitOf(price.currency);
      const value = (price.preset_amount ?? price.minimum_amount ?? 0) / unit;
      const label = `${this.words.say("yourPrice")} (${price.currency.toUpperCase()})`;
      const bounds = { min: (price.minimum_amount ?? 0) / unit, step: unit > 1 ? 0.01 : 1, value };
      return this.field(label, bounds, (chosen) => ({ amount: Math.round(chosen * unit) }));
    }
    if (price?.amount_type === "seat_based" && price.seats) {
      const min = price.seats.minimum ?? 1;
      const bounds = { min, max: price.seats.maximum ?? SEATS_MAX, step: 1, value: min };
      return this.field(this.words.say("seats"), bounds, (chosen) => ({ seats: Math.round(chosen) }));
    }
    return nothing;
  }

  field(label, bounds, made) {
    const input = element("input", { type: "number", inputmode: "decimal", required: true, ...bounds });
    const chosen = () => (input.value && input.validity.valid ? made(Number(input.value)) : {});
    return { field: element("label", { class: "field" }, element("span", {}, label), input), chosen };
  }

  // Offers and payment

  offer(attachment) {
    const { words, transcript } = this;
    const fact = { ...attachment, ...transcript.facts.offers.get(attachment.offer_id) };
    const money = (amount) => words.money(amount, attachment.currency);
    const status = isOver(fact) && fact.status === "open" ? "expired" : fact.status;
    const checkout = transcript.checkoutOfOffer(attachment.offer_id);
    const saved = 1 - attachment.amount / attachment.list_amount;
    const isPayable = status === "accepted" && checkout && !["expired", "failed"].includes(checkout.status);
    return element("article", { class: `card offer is-${status}`, "aria-label": words.say("offer") },
      element("p", { class: "eyebrow" }, words.say("offer")),
      this.named(attachment.product_id, fact.quantity),
      element("p", { class: "deal" },
        element("strong", {}, money(attachment.amount)), " ",
        element("span", { class: "muted" }, words.say("instead"), " ", element("s", {}, money(attachment.list_amount))),
        saved >= 0.005 && element("span", { class: "cut" }, words.say("off", { percent: words.percent(saved) }))),
      fact.reasons?.length > 0 && element("p", { class: "muted", dir: "auto" }, fact.reasons.join(" ")),
      status === "open" && this.countdown(fact.expires_at),
      status === "open" && element("button", {
        class: "button wide", type: "button", "data-accept": attachment.offer_id,
        onclick: (event) => this.act.accept(attachment.offer_id, event.currentTarget),
      }, words.say("accept")),
      isPayable && this.paying(checkout),
      status !== "open" && !isPayable && this.status(words.say(status), status === "redeemed"));
  }

  payment(attachment) {
    const checkout = this.transcript.facts.checkouts.get(attachment.checkout_id) ?? {
      ...attachment, id: attachment.checkout_id, url: attachment.checkout_url,
    };
    return element("article", { class: `card payment is-${checkout.status}`, "aria-label": this.words.say("payment") },
      this.named(checkout.product_id), this.paying(checkout));
  }

  named(productId, quantity = 1) {
    const name = this.transcript.names.get(productId);
    return name ? element("h3", { dir: "auto" }, name, quantity > 1 && ` × ${quantity}`) : null;
  }

  /** The pay button of a checkout, or what became of it. */
  paying(checkout) {
    const { words } = this;
    const status = isOver(checkout) && checkout.status === "open" ? "expired" : checkout.status;
    const url = webAddress(checkout.url);
    if (status === "open" && url) {
      const amount = words.money(checkout.amount, checkout.currency);
      const label = checkout.amount === 0 ? words.say("get") : words.say("pay", { amount });
      const id = `about-${checkout.id}`;
      return [
        element("a", {
          class: "button wide pay", href: url, target: "_blank", rel: "noopener", "aria-describedby": id,
          onclick: (event) => this.act.pay(checkout, event),
        }, label, icon(this.isEmbedded ? "lock" : "arrow")),
        element("p", { class: "fine", id }, words.say(this.isEmbedded ? "payHere" : "payOpen")),
      ];
    }
    const said = {
      creating: "preparing", open: "preparing", confirmed: "paying", succeeded: "paid", expired: "payExpired",
    };
    const isBusy = ["creating", "confirmed"].includes(status);
    return this.status(words.say(said[status] ?? "payFailed"), status === "succeeded", isBusy);
  }

  order(attachment) {
    const { words } = this;
    const order = this.transcript.facts.orders.get(attachment.order_id) ?? attachment;
    const number = words.say("orderNumber", { id: String(attachment.order_id).slice(0, ORDER_CHARACTERS) });
    return element("article", { class: "card order", "aria-label": words.say("confirmed") },
      element("span", { class: "seal" }, icon("check")),
      element("div", {},
        element("h3", {}, words.say(order.status === "paid" ? "confirmed" : order.status)),
        attachment.products?.length > 0 && element("p", { dir: "auto" }, attachment.products.join(", ")),
        element("p", {}, element("strong", {}, words.money(attachment.amount, attachment.currency)), " ",
          element("span", { class: "muted" }, number))));
  }

  // Small parts

  image(attachment) {
    const url = webAddress(attachment.url);
    return url && element("figure", { class: "card" },
      element("img", { src: url, alt: attachment.caption ?? "", loading: "lazy", referrerpolicy: "no-referrer" }),
      attachment.caption && element("figcaption", { dir: "auto" }, attachment.caption));
  }

  source(attachment) {
    const label = [icon("book"), element("span", { dir: "auto" }, `${this.words.say("source")}: ${attachment.title}`)];
    const href = webAddress(attachment.url);
    return href
      ? element("a", { class: "source", href, target: "_blank", rel: "noopener" }, label)
      : element("span", { class: "source" }, label);
  }

  status(text, isGood = false, isBusy = false) {
    return element("p", { class: `status${isGood ? " good" : ""}` }, isGood && icon("check"),
      isBusy && element("span", { class: "spinner", "aria-hidden": "true" }), text);
  }

  countdown(expiresAt) {
    if (!expiresAt) return null;
    const time = element("span", { "data-expires": expiresAt, role: "timer" });
    this.tick(time);
    return element("p", { class: "countdown" }, icon("clock"), time);
  }

  /** Write the time left into a countdown; false once it is over. */
  tick(node) {
    const seconds = Math.max(0, Math.floor((Date.parse(node.dataset.expires) - Date.now()) / 1000));
    const text = this.words.say("validFor", { time: this.words.left(seconds) });
    if (node.textContent !== text) node.textContent = text;
    return seconds > 0;
  }

  /** What a card says to who hears it read aloud. */
  spoken(attachment) {
    const { words } = this;
    const money = (amount) => words.money(amount, attachment.currency);
    const sayings = {
      product_card: () => `${attachment.name}, ${this.priceWords(attachment.price).amount}`,
      offer: () => `${words.say("offer")}: ${money(attachment.amount)}`,
      payment_button: () => words.say("pay", { amount: money(attachment.amount) }),
      order: () => `${words.say("confirmed")}, ${money(attachment.amount)}`,
      image: () => attachment.caption,
    };
    return Object.hasOwn(sayings, attachment.type) ? sayings[attachment.type]() : "";
  }
}

/** Where a picture is missing or cannot be had, the product's initial on a tinted ground. */
function productPicture(url, name) {
  const box = element("div", { class: "picture" },
    element("span", { "aria-hidden": "true" }, [...(name || "?")][0]));
  const src = webAddress(url);
  if (src) {
    const image = element("img", { src, alt: "", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
    image.addEventListener("error", () => image.remove());
    box.append(image);
  }
  return box;
}
