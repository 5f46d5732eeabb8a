// The pay page of the stand-in. It knows the client endpoints and nothing else, like the buyer's own browser.
"use strict";

const TEXTS = {
  en: {
    notice: "Local stand-in for Polar: no card, no money.",
    list: "Price", discount: "Discount", tax: "Tax", taxIncluded: "Tax included", total: "Total", trial: "Free until",
    buyer: "Your details", email: "E-mail", name: "Name", country: "Country",
    line1: "Address", city: "City", postal_code: "Postal code", state: "State", amount: "Amount", seats: "Seats",
    pay: "Pay", get: "Get it", slow: "Pay slowly", decline: "Decline", tests: "For tests:",
    working: "One moment…", paid: "Paid. Thank you!", waiting: "The payment is on its way…",
    expired: "This checkout has expired.", unknown: "This checkout does not exist.",
    broken: "Something went wrong. Please try again.", offline: "No connection. Please try again.",
    back: "Back to the shop", done: "You can close this page.", close: "Close", perMonth: "per", free: "Free",
    month: "month", year: "year", week: "week", day: "day", code: "Discount code", apply: "Apply",
  },
  pt: {
    notice: "Simulador local do Polar: sem cartão, sem dinheiro.",
    list: "Preço", discount: "Desconto", tax: "Imposto", taxIncluded: "Imposto incluído", total: "Total", trial: "Grátis até",
    buyer: "Seus dados", email: "E-mail", name: "Nome", country: "País",
    line1: "Endereço", city: "Cidade", postal_code: "CEP", state: "Estado", amount: "Valor", seats: "Lugares",
    pay: "Pagar", get: "Obter", slow: "Pagar devagar", decline: "Recusar", tests: "Para testes:",
    working: "Um momento…", paid: "Pago. Obrigado!", waiting: "O pagamento está a caminho…",
    expired: "Este checkout expirou.", unknown: "Este checkout não existe.",
    broken: "Algo deu errado. Tente de novo.", offline: "Sem conexão. Tente de novo.",
    back: "Voltar à loja", done: "Pode fechar esta página.", close: "Fechar", perMonth: "por", free: "Grátis",
    month: "mês", year: "ano", week: "semana", day: "dia", code: "Código de desconto", apply: "Aplicar",
  },
};
const ZERO_DECIMAL = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const ADDRESS = ["line1", "city", "postal_code", "state"];
// Filled in so that a demo is paid with one click; every field can be changed.
const SAMPLE = { customer_name: "Test Buyer", line1: "1 Main St", city: "Austin", postal_code: "78701", state: "TX" };
const POLL_MILLISECONDS = 400;
const POLLS_MAX = 150;

const page = document.querySelector("main");
const language = page.dataset.language;
const text = TEXTS[language];
const endpoint = `/v1/checkouts/client/${page.dataset.secret}`;
const part = (name) => page.querySelector(`[data-part="${name}"]`);
const field = (name) => page.querySelector(`[name="${name}"]`);

function money(amount, currency) {
  const value = ZERO_DECIMAL.has(currency) ? amount : amount / 100;
  return new Intl.NumberFormat(language, { style: "currency", currency: currency.toUpperCase() }).format(value);
}

async function call(method, path, body) {
  const options = { method, headers: { accept: "application/json" } };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const type = response.headers.get("content-type") || "";
  return { status: response.status, body: type.includes("json") ? await response.json() : null };
}

function say(message, kind = "") {
  const line = part("message");
  line.textContent = message;
  line.className = `message ${kind}`;
}

function problemOf(answer) {
  if (answer.status === 410) return text.expired;
  if (answer.status === 404) return text.unknown;
  const detail = answer.body && answer.body.detail;
  if (Array.isArray(detail)) return detail.map((each) => `${each.loc.slice(1).join(".")}: ${each.msg}`).join(" ");
  return typeof detail === "string" ? detail : text.broken;
}

function row(label, value, name) {
  const term = document.createElement("dt");
  const data = document.createElement("dd");
  term.textContent = label;
  data.textContent = value;
  term.className = data.className = name;
  part("sums").append(term, data);
}

function show(checkout) {
  const { currency, product } = checkout;
  document.title = `${product.name} · ${checkout.organization.name}`;
  part("product").textContent = product.name;
  part("merchant").textContent = checkout.organization.name;
  part("description").textContent = product.description || "";
  const picture = part("picture");
  if (product.medias.length) {
    picture.src = product.medias[0].public_url;
    picture.hidden = false;
  }
  const every = product.recurring_interval ? ` ${text.perMonth} ${text[product.recurring_interval]}` : "";
  part("sums").replaceChildren();
  row(text.list, money(checkout.amount, currency) + every, "list");
  if (checkout.discount) row(`${text.discount} · ${checkout.discount.name}`, `−${money(checkout.discount_amount, currency)}`, "discount");
  if (checkout.tax_amount) row(checkout.tax_behavior === "inclusive" ? text.taxIncluded : text.tax, money(checkout.tax_amount, currency), "tax");
  if (checkout.trial_end) row(text.trial, new Date(checkout.trial_end).toLocaleDateString(language), "trial");
  row(text.total, money(checkout.total_amount, currency), "total");
  showForm(checkout);
}

function showForm(checkout) {
  const email = field("customer_email");
  if (checkout.customer_email) email.value ||= checkout.customer_email;
  else email.value ||= `buyer-${checkout.id.slice(0, 8)}@buyer-mail.com`;
  email.readOnly = checkout.customer_id !== null;
  const name = field("customer_name");
  if (checkout.customer_name && name.value === SAMPLE.customer_name) name.value = checkout.customer_name;
  const needsCard = checkout.is_payment_form_required;
  part("billing").hidden = !needsCard;
  name.required = needsCard;
  const address = checkout.customer_billing_address;
  if (address && !page.dataset.filled) {
    field("country").value = address.country;
    if (address.line1) for (const key of ADDRESS) field(key).value = address[key] || "";
    page.dataset.filled = "yes";
  }
  for (const key of ADDRESS) {
    const need = checkout.billing_address_fields[key];
    part(key).hidden = need === "disabled";
    field(key).required = needsCard && need === "required";
  }
  showQuantities(checkout);
  const label = needsCard ? `${text.pay} ${money(checkout.is_payment_required ? checkout.total_amount : 0, checkout.currency)}` : text.get;
  page.querySelector('[data-token="ok"]').textContent = label;
  part("tests").hidden = !needsCard;
}

function showQuantities(checkout) {
  const prices = checkout.prices[checkout.product_id] || [];
  const custom = prices.some((price) => price.amount_type === "custom" && price.price_currency === checkout.currency);
  part("amount").hidden = !custom;
  part("seats").hidden = checkout.seats === null;
  if (custom && document.activeElement !== field("amount")) {
    field("amount").value = ZERO_DECIMAL.has(checkout.currency) ? checkout.amount : (checkout.amount / 100).toFixed(2);
  }
  if (checkout.seats !== null && document.activeElement !== field("seats")) field("seats").value = checkout.seats;
  part("code").hidden = !checkout.allow_discount_codes || !checkout.is_discount_applicable;
}

function billingAddress() {
  const address = { country: field("country").value };
  const isFull = address.country === "US" || !part("line1").hidden;
  for (const key of ADDRESS) if (isFull && field(key).value) address[key] = field(key).value;
  return address;
}

function prepare() {
  const names = new Intl.DisplayNames([language], { type: "region" });
  const country = field("country");
  for (const option of country.options) option.textContent = names.of(option.value);
  const chosen = country.value;
  country.append(...[...country.options].sort((a, b) => a.textContent.localeCompare(b.textContent, language)));
  country.value = chosen;
  for (const [key, value] of Object.entries(SAMPLE)) field(key).value = value;
}

let current = null;
// Inside another page it speaks to that page, and only if the checkout was created for that Origin (contract § 3.7).
const isEmbedded = new URLSearchParams(location.search).get("embed") === "true";

function tell(event, more = {}) {
  if (!isEmbedded || !current || !current.embed_origin) return;
  parent.postMessage({ type: "POLAR_CHECKOUT", event, ...more }, current.embed_origin);
}

async function load() {
  const answer = await call("GET", endpoint);
  if (answer.status !== 200) return refuse(problemOf(answer));
  current = answer.body;
  show(current);
  tell("loaded");
  if (current.status === "open") {
    if (!current.customer_billing_address && current.is_payment_form_required) await change({ customer_billing_address: billingAddress() });
  } else {
    await follow(null);
  }
}

function refuse(message) {
  part("form").hidden = true;
  say(message, "bad");
}

async function change(body) {
  const answer = await call("PATCH", endpoint, body);
  if (answer.status !== 200) return say(problemOf(answer), "bad");
  say("");
  current = answer.body;
  show(current);
}

async function pay(token) {
  const form = page.querySelector("form");
  if (!form.reportValidity()) return;
  busy(true);
  say(text.working);
  const body = { customer_email: field("customer_email").value };
  if (field("customer_name").value) body.customer_name = field("customer_name").value;
  if (current.is_payment_form_required) {
    body.customer_billing_address = billingAddress();
    body.confirmation_token_id = `ctoken_${token}_${Date.now()}`;
  }
  const answer = await call("POST", `${endpoint}/confirm`, body);
  if (answer.status !== 200) {
    busy(false);
    return say(problemOf(answer), "bad");
  }
  tell("confirmed");
  await follow(answer.body.customer_session_token);
}

async function follow(token) {
  part("form").hidden = true;
  say(text.waiting);
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const answer = await call("GET", endpoint);
    if (answer.status !== 200) return refuse(problemOf(answer));
    if (answer.body.status === "succeeded") return finish(answer.body, token);
    if (answer.body.status === "open") return reopen(answer.body);
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  say(text.waiting);
}

function reopen(checkout) {
  current = checkout;
  part("form").hidden = false;
  busy(false);
  show(checkout);
  say(text.broken, "bad");
}

function finish(checkout, token) {
  say(text.paid, "good");
  const target = new URL(checkout.success_url, location.href);
  const isOurs = target.pathname.endsWith("/confirmation") && target.origin === location.origin;
  if (token && !isOurs) target.searchParams.set("customer_session_token", token);
  if (isEmbedded) return tell("success", { successURL: target.href, redirect: !isOurs });
  if (isOurs) {
    part("done").hidden = false;
    if (checkout.return_url) {
      part("back").href = checkout.return_url;
      part("back").hidden = false;
    }
    return;
  }
  location.assign(target);
}

function busy(is) {
  for (const each of page.querySelectorAll("button, input, select")) each.disabled = is;
}

function guarded(deed) {
  return (event) => {
    if (event) event.preventDefault();
    return deed(event).catch(() => {
      busy(false);
      say(text.offline, "bad");
    });
  };
}

for (const each of page.querySelectorAll("[data-text]")) each.textContent = text[each.dataset.text];
for (const each of page.querySelectorAll("[data-token]")) {
  each.addEventListener("click", guarded(() => pay(each.dataset.token)));
}
page.querySelector("form").addEventListener("submit", guarded(() => pay("ok")));
field("country").addEventListener("change", guarded(() => change({ customer_billing_address: billingAddress() })));
field("state").addEventListener("change", guarded(() => change({ customer_billing_address: billingAddress() })));
field("seats").addEventListener("change", guarded(() => change({ seats: Number(field("seats").value) })));
field("amount").addEventListener("change", guarded(() => {
  const factor = ZERO_DECIMAL.has(current.currency) ? 1 : 100;
  return change({ amount: Math.round(Number(field("amount").value) * factor) });
}));
page.querySelector('[data-deed="apply"]').addEventListener("click", guarded(() => change({ discount_code: field("discount_code").value || null })));
part("close").hidden = !isEmbedded;
part("close").addEventListener("click", () => tell("close"));
prepare();
guarded(load)();
