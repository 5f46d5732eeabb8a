// What every page of the shop has: its settings, the language and the currency, and AgentPay's widget.

import { element } from "./dom.js";
import { preferredLanguage, rememberLanguage, speaker, translate } from "./words.js";

const CURRENCY = "clareira.currency";
const EURO_REGIONS = "AT BE DE ES FI FR GR IE IT NL PT";
const BY_REGION = {
  BR: "brl", GB: "gbp", JP: "jpy", ...Object.fromEntries(EURO_REGIONS.split(" ").map((region) => [region, "eur"])),
};

export const config = JSON.parse(document.getElementById("page").textContent);

/**
 * Start the page: `draw({ say, currency })` runs now and after every change. Returns the page with what it asks of the
 * widget: `ask(draft)` opens it with words to send, `buy(wish)` opens a checkout, `tell(context)` says what is shown.
 */
export function startPage({ draw } = {}) {
  const page = {
    say: speaker(preferredLanguage()),
    currency: preferredCurrency(),
    ask: (draft) => withWidget((widget) => widget.open({ draft })),
    buy: (wish) => withWidget((widget) => widget.buy(wish)),
    tell: (context) => withWidget((widget) => widget.setContext(context)),
  };
  const redraw = () => {
    document.documentElement.lang = page.say.language; // the widget follows it
    for (const part of document.body.children) translate(part, page.say);
    document.getElementById("footnote").textContent = page.say(config.is_live ? "footerLive" : "footer");
    page.tell({ currency: page.currency });
    draw?.(page);
  };
  chooser("language", page.say.language, (language) => {
    rememberLanguage(language);
    page.say = speaker(language);
    redraw();
  });
  const currencies = config.currencies.map((code) => element("option", { value: code }, code.toUpperCase()));
  document.getElementById("currency").append(...currencies);
  chooser("currency", page.currency, (currency) => {
    localStorage.setItem(CURRENCY, currency);
    page.currency = currency;
    redraw();
  });
  redraw();
  withWidget((widget) => widget.resume()); // a conversation that was begun goes on being heard, the chat shut
  return page;
}

/** Now, or as soon as the widget's script has run. */
export function withWidget(deed) {
  if (window.AgentPay) deed(window.AgentPay);
  else document.addEventListener("agentpay:loaded", () => deed(window.AgentPay), { once: true });
}

function chooser(id, value, onChange) {
  const select = document.getElementById(id);
  select.value = value;
  select.addEventListener("change", () => onChange(select.value));
}

/** The visitor's choice, else their region's currency where the shop has it, else the shop's own. */
function preferredCurrency() {
  const region = (navigator.language ?? "").split("-")[1]?.toUpperCase();
  const wanted = [localStorage.getItem(CURRENCY), BY_REGION[region]];
  return wanted.find((code) => config.currencies.includes(code)) ?? config.default_currency;
}
