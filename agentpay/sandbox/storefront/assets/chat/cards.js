// Attachments as cards. Figures are the server's; status and expiry follow its records, the countdown is ours.

import { element, icon, summary } from "../dom.js";
import { formatAmount } from "../money.js";

/** `tools` = { say, session, act, productName }: words, facts, what a button does, and a product's name by its id. */
export function card(attachment, tools) {
  const makers = {
    product_card: productCard, offer: offerCard, payment_button: paymentCard, order: orderCard, source: sourceLink,
    image: picture,
  };
  return makers[attachment.type]?.(attachment, tools) ?? null;
}

/** Where a picture is missing, the product's initial on a tinted ground. */
export function productPicture(url, name) {
  const initial = element("span", { "aria-hidden": "true" }, (name ?? "?").slice(0, 1));
  const box = element("div", { class: "picture" }, initial);
  if (url) {
    const image = element("img", { src: url, alt: "", loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.remove());
    box.append(image);
  }
  return box;
}

function productCard(attachment, { say, act }) {
  const { amount, terms, note } = attachment.price ? cardPrice(attachment.price, say) : {};
  const buy = { class: "button small", type: "button", onclick: (event) => act.buy(attachment, event.currentTarget) };
  return element("article", { class: "card product" },
    productPicture(attachment.image_url, attachment.name),
    element("div", { class: "card-body" },
      element("h4", {}, attachment.name),
      element("p", { class: "muted" }, summary(attachment.description, 90)),
      element("div", { class: "card-row" },
        element("p", { class: "price" },
          amount && element("strong", {}, amount), terms && element("span", { class: "terms" }, ` ${terms}`),
          note && element("small", {}, note)),
        element("button", buy, say("buyNow")))));
}

/** The price of a card of API § 5: `from` and the terms are said as the server says them. */
function cardPrice(price, say) {
  const money = (amount) => formatAmount(amount, price.currency, say.language);
  const terms = say.interval(price.recurring_interval, price.recurring_interval_count);
  const trial = price.trial ? say("trial", { length: say.span(price.trial.interval, price.trial.interval_count) }) : "";
  if (price.amount_type === "custom") {
    const least = money(price.minimum_amount ?? 0);
    return { amount: say("from", { amount: least }), terms: "", note: say("payWhatYouWant") };
  }
  if (price.amount_type === "seat_based") {
    return { amount: money(price.amount), terms: `${say("perSeat")} ${terms}`.trim(), note: trial };
  }
  if (price.amount === null) return { amount: "", terms, note: trial }; // charged by use
  if (price.amount === 0) return { amount: say("free"), terms, note: trial };
  const amount = money(price.amount);
  return { amount: price.from ? say("from", { amount }) : amount, terms, note: trial };
}

function offerCard(attachment, { say, session, act, productName }) {
  const fact = session.facts.offers.get(attachment.offer_id) ?? attachment;
  const money = (amount) => formatAmount(amount, attachment.currency, say.language);
  const status = isOver(fact) && fact.status === "open" ? "expired" : fact.status;
  const checkout = session.checkoutOfOffer(attachment.offer_id);
  const saved = Math.round((1 - attachment.amount / attachment.list_amount) * 100);
  return element("article", { class: `card offer is-${status}` },
    element("p", { class: "eyebrow" }, say("offer")),
    named(productName(attachment.product_id)),
    element("p", { class: "deal" },
      element("strong", {}, money(attachment.amount)), " ",
      element("span", { class: "muted" }, say("instead"), " ", element("s", {}, money(attachment.list_amount))),
      saved > 0 && element("span", { class: "badge" }, say("off", { percent: saved }))),
    status === "open" && countdown(fact.expires_at, say),
    status === "open" && element("button", {
      class: "button wide", type: "button", "data-accept": attachment.offer_id,
      onclick: (event) => act.accept(attachment.offer_id, event.currentTarget),
    }, say("accept")),
    status !== "open" && (status === "accepted" && isPayable(checkout)
      ? paying(checkout, say)
      : statusLine(say(status), status === "redeemed")));
}

function paymentCard(attachment, { say, session, productName }) {
  const checkout = session.facts.checkouts.get(attachment.checkout_id) ?? {
    ...attachment, id: attachment.checkout_id, url: attachment.checkout_url,
  };
  return element("article", { class: `card payment is-${checkout.status}` },
    named(productName(checkout.product_id)), paying(checkout, say));
}

function named(name) {
  return name ? element("h4", {}, name) : null;
}

/** The pay button of a checkout, or what became of it. */
function paying(checkout, say) {
  const status = isOver(checkout) && checkout.status === "open" ? "expired" : checkout.status;
  if (status === "open" && checkout.url) {
    const amount = formatAmount(checkout.amount, checkout.currency, say.language);
    return [
      element("a", { class: "button wide pay", href: httpUrl(checkout.url), target: "_blank", rel: "noopener" },
        checkout.amount === 0 ? say("get") : say("pay", { amount }), icon("arrow")),
      element("p", { class: "fine" }, say("payOpen")),
    ];
  }
  const words = {
    creating: "preparing", open: "preparing", confirmed: "paying", succeeded: "paid", expired: "payExpired",
  };
  const isBusy = ["creating", "confirmed"].includes(status);
  return statusLine(say(words[status] ?? "payFailed"), status === "succeeded", isBusy);
}

function orderCard(attachment, { say, session }) {
  const order = session.facts.orders.get(attachment.order_id) ?? attachment;
  const refunded = order.status !== "paid";
  return element("article", { class: "card order" },
    element("span", { class: "seal" }, icon("check")),
    element("div", {},
      element("h4", {}, say(refunded ? order.status : "confirmed")),
      element("p", {}, element("strong", {}, formatAmount(attachment.amount, attachment.currency, say.language)), " ",
        element("span", { class: "muted" }, say("orderNumber", { id: attachment.order_id.slice(0, 8) })))));
}

function sourceLink(attachment, { say }) {
  const title = [icon("book"), element("span", {}, `${say("source")}: ${attachment.title}`)];
  const url = httpUrl(attachment.url);
  return url
    ? element("a", { class: "source", href: url, target: "_blank", rel: "noopener" }, title)
    : element("span", { class: "source" }, title);
}

function picture(attachment) {
  return element("figure", { class: "card" },
    element("img", { src: attachment.url, alt: attachment.caption ?? "", loading: "lazy" }),
    attachment.caption && element("figcaption", {}, attachment.caption));
}

function statusLine(text, good = false, busy = false) {
  return element("p", { class: `status${good ? " good" : ""}` }, good && icon("check"),
    busy && element("span", { class: "spinner", "aria-hidden": "true" }), text);
}

function countdown(expiresAt, say) {
  if (!expiresAt) return null;
  const line = element("p", { class: "countdown" }, icon("clock"), element("span", { "data-expires": expiresAt }));
  tick(line.querySelector("[data-expires]"), say);
  return line;
}

/** Write the time left into a countdown; false once it is over. */
export function tick(node, say) {
  const seconds = Math.max(0, Math.floor((Date.parse(node.dataset.expires) - Date.now()) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const clock = hours ? `${hours} h ${minutes} min` : `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  node.textContent = say("validFor", { time: clock });
  return seconds > 0;
}

function isOver({ expires_at: expiresAt }) {
  return Boolean(expiresAt) && Date.parse(expiresAt) <= Date.now();
}

function isPayable(checkout) {
  return Boolean(checkout) && !["expired", "failed"].includes(checkout.status);
}

/** Only web addresses become links. */
function httpUrl(url) {
  return /^https?:\/\//.test(url ?? "") ? url : null;
}
