// What every page of the shop has: its settings, the language and the currency, and the chat.

import { element } from "./dom.js";
import { preferredLanguage, rememberLanguage, speaker, translate } from "./words.js";
import { mountChat } from "./chat/chat.js";

const CURRENCY = "clareira.currency";
const EURO_REGIONS = "AT BE DE ES FI FR GR IE IT NL PT";
const BY_REGION = {
  BR: "brl", GB: "gbp", JP: "jpy", ...Object.fromEntries(EURO_REGIONS.split(" ").map((region) => [region, "eur"])),
};

export const config = JSON.parse(document.getElementById("page").textContent);

/** Start the page: `draw({ say, currency })` runs now and after every change. Returns the page with its chat. */
export function startPage({ draw, place = () => ({}), onCheckout } = {}) {
  const page = { say: speaker(preferredLanguage()), currency: preferredCurrency() };
  const context = () => ({
    page_url: location.origin + location.pathname,
    page_title: document.title,
    locale: page.say.language === "pt" ? "pt-BR" : navigator.language,
    currency: page.currency,
    ...place(),
  });
  const redraw = () => {
    document.documentElement.lang = page.say.language;
    for (const part of document.body.children) {
      if (!part.matches(".chat-root")) translate(part, page.say); // the chat speaks for itself
    }
    document.getElementById("footnote").textContent = page.say(config.is_live ? "footerLive" : "footer");
    draw?.(page);
  };
  chooser("language", page.say.language, (language) => {
    rememberLanguage(language);
    page.say = speaker(language);
    redraw();
    page.chat.speak(page.say);
  });
  const currencies = config.currencies.map((code) => element("option", { value: code }, code.toUpperCase()));
  document.getElementById("currency").append(...currencies);
  chooser("currency", page.currency, (currency) => {
    localStorage.setItem(CURRENCY, currency);
    page.currency = currency;
    redraw();
  });
  redraw();
  page.chat = mountChat({ config, say: page.say, context, onCheckout });
  return page;
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
