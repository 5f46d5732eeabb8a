// The shelf: categories, cards, and a product's details in a dialog.

import { element, icon, productPicture, prose, summary } from "./dom.js";
import { priceTag, pricesIn, unitOf } from "./money.js";
import { config, startPage } from "./page.js";

const LOW_STOCK = 5;
const SEATS_FIRST = 3;
const SEATS_MAX = 10_000;

const grid = document.getElementById("grid");
const details = document.getElementById("details");
let category = "all";
let shown = null; // the product whose details are open

const page = startPage({ draw });

document.getElementById("hero-ask").addEventListener("click", () => page.ask());
details.addEventListener("close", () => show(null));
details.addEventListener("click", (event) => event.target === details && details.close());

function show(product) {
  shown = product;
  page.tell({ current_product_id: product?.id });
}

function draw(now) {
  drawCategories(now);
  const products = config.products.filter((product) => category === "all" || product.category === category);
  grid.replaceChildren(...products.map((product) => productCard(product, now)));
  if (!config.products.length) {
    const retry = { class: "button plain", type: "button", onclick: () => location.reload() };
    grid.append(element("li", { class: "empty" },
      element("p", {}, now.say("nothing")), element("button", retry, now.say("retry"))));
  }
  if (shown) showDetails(shown, now);
}

function drawCategories(now) {
  const found = ["all", ...new Set(config.products.map((product) => product.category).filter(Boolean))];
  const chosen = found.length > 2 ? found : []; // one category is no choice
  document.getElementById("categories").replaceChildren(...chosen.map((each) => {
    const choose = () => {
      category = each;
      draw(page);
      document.querySelector('.categories [aria-pressed="true"]').focus();
    };
    const look = { class: "chip", type: "button", "aria-pressed": String(each === category), onclick: choose };
    return element("button", look, categoryName(each, now.say));
  }));
}

function categoryName(name, say) {
  return say.knows(name) ? say(name) : name;
}

function productCard(product, now) {
  const { say } = now;
  const open = () => showDetails(product, page);
  const buyOrChoose = () => (needsChoice(product) ? open() : buy({ product_id: product.id }));
  return element("li", { class: "item" },
    element("article", {},
      productPicture(product.image_url, product.name),
      element("div", { class: "item-body" },
        product.category && element("p", { class: "eyebrow" }, categoryName(product.category, say)),
        element("h3", {}, element("button", { class: "title", type: "button", onclick: open }, product.name)),
        element("p", { class: "muted" }, summary(product.description)),
        element("div", { class: "item-foot" },
          price(product, now),
          stockNote(product, say))),
      element("div", { class: "item-actions" },
        button("small plain", () => ask(product), icon("chat"), say("askAbout")),
        button("small", buyOrChoose, say("buy")))));
}

function price(product, { say, currency }) {
  const tag = priceTag(product, pricesIn(product, currency, config.default_currency), say, say.language);
  return element("p", { class: "price" }, element("strong", {}, tag.amount),
    tag.terms && element("span", { class: "terms" }, ` ${tag.terms}`), tag.note && element("small", {}, tag.note));
}

function stockNote(product, say) {
  if (product.stock === null || product.stock > LOW_STOCK) return null;
  return element("p", { class: "stock" }, product.stock > 0 ? say("left", { count: product.stock }) : say("soldOut"));
}

function showDetails(product, now) {
  const { say } = now;
  show(product);
  details.replaceChildren(element("div", { class: "details" },
    closeButton(say),
    productPicture(product.image_url, product.name),
    element("div", { class: "details-body" },
      element("h2", { id: "details-name" }, product.name),
      price(product, now),
      prose(product.description),
      product.benefits.length > 0 && [element("h3", {}, say("included")),
        element("ul", { class: "ticks" }, product.benefits.map((each) => element("li", {}, icon("check"), each)))],
      choice(product, now),
      element("div", { class: "item-actions" },
        button("plain", () => ask(product), icon("chat"), say("askAbout")),
        button("", () => buyChosen(product, now), say("buy"))))));
  if (!details.open) details.showModal();
}

function button(look, onclick, ...content) {
  return element("button", { class: `button ${look}`, type: "button", onclick }, content);
}

function closeButton(say) {
  const look = { class: "round details-close", type: "button", "aria-label": say("close") };
  return element("button", { ...look, onclick: () => details.close() }, icon("close"));
}

/** Seats and free prices are chosen before paying. */
function needsChoice(product) {
  return product.prices.some((each) => ["custom", "seat_based"].includes(each.amount_type));
}

function choice(product, { say, currency }) {
  const [first] = pricesIn(product, currency, config.default_currency);
  if (first.amount_type === "custom") {
    const unit = unitOf(first.currency);
    const preset = (first.preset_amount ?? first.minimum_amount) / unit;
    const label = `${say("yourPrice")} (${first.currency.toUpperCase()})`;
    return numberField(label, { min: first.minimum_amount / unit, step: 1 / unit, value: preset });
  }
  if (first.amount_type === "seat_based") {
    const bounds = { min: first.minimum_seats ?? 1, max: first.maximum_seats ?? SEATS_MAX };
    return numberField(say("seats"), { ...bounds, step: 1, value: Math.max(bounds.min, SEATS_FIRST) });
  }
  return null;
}

function numberField(label, attributes) {
  return element("label", { class: "field" }, element("span", {}, label),
    element("input", { type: "number", id: "chosen", inputmode: "decimal", required: true, ...attributes }));
}

function buyChosen(product, { currency }) {
  const input = details.querySelector("#chosen");
  if (input && !input.reportValidity()) return;
  const wish = { product_id: product.id };
  const [first] = pricesIn(product, currency, config.default_currency);
  if (input && first.amount_type === "custom") wish.amount = Math.round(Number(input.value) * unitOf(first.currency));
  if (input && first.amount_type === "seat_based") wish.seats = Number(input.value);
  buy(wish);
}

function buy(wish) {
  details.close();
  page.buy(wish);
}

function ask(product) {
  details.close();
  show(product); // the agent is told which product this is about
  page.ask(page.say("aboutDraft", { name: product.name }));
}
