// Money and prices in words. Amounts are integers in minor units; written as AgentPay writes them in the chat.

const ZERO_DECIMAL = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const SYMBOLS = {
  usd: "$", eur: "€", gbp: "£", brl: "R$", jpy: "¥", cad: "CA$", aud: "A$", nzd: "NZ$", mxn: "MX$", inr: "₹",
  krw: "₩", cny: "CN¥", ils: "₪", vnd: "₫",
};

/** How many minor units make one: 100, or 1 for yen and the like. */
export function unitOf(currency) {
  return ZERO_DECIMAL.has(currency) ? 1 : 100;
}

/** `$95.00`, `R$ 49,90`, `¥500`, `95,00 PLN`. */
export function formatAmount(amount, currency, language) {
  const unit = unitOf(currency);
  const [thousands, decimal] = language === "pt" || currency === "brl" ? [".", ","] : [",", "."];
  const positive = Math.abs(amount);
  let number = String(Math.floor(positive / unit)).replace(/\B(?=(\d{3})+$)/g, thousands);
  if (unit > 1) number += decimal + String(positive % unit).padStart(2, "0");
  const sign = amount < 0 ? "-" : "";
  const symbol = SYMBOLS[currency];
  if (!symbol) return `${sign}${number} ${currency.toUpperCase()}`;
  const space = currency === "brl" || (language === "pt" && currency !== "jpy") ? "\u00a0" : "";
  return sign + symbol + space + number;
}

/** The prices of a product in the wanted currency, else in the shop's own. */
export function pricesIn(product, currency, fallback) {
  for (const wanted of [currency, fallback]) {
    const found = product.prices.filter((price) => price.currency === wanted);
    if (found.length) return found;
  }
  return product.prices.slice(0, 1);
}

/** What a price tag says: `{ amount: "$12.00", terms: "a month", note: "14 days free" }`. */
export function priceTag(product, prices, say, language) {
  const price = prices[0];
  const money = (amount) => formatAmount(amount, price.currency, language);
  const terms = say.interval(product.recurring_interval, product.recurring_interval_count);
  const note = product.trial ? say("trial", { length: say.span(product.trial.interval, product.trial.count) }) : "";
  if (price.amount_type === "custom") {
    return { amount: say("from", { amount: money(price.minimum_amount) }), terms: "", note: say("payWhatYouWant") };
  }
  if (price.amount_type === "seat_based") {
    return { amount: money(price.seat_amount), terms: `${say("perSeat")} ${terms}`.trim(), note: say("fromSeats") };
  }
  const total = prices.reduce((sum, each) => sum + (each.amount ?? 0), 0);
  return { amount: total === 0 ? say("free") : money(total), terms, note };
}
