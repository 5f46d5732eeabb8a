// The widget's words, money and dates, as a reader of the chosen language writes them.

// Currencies that Polar counts without decimals (its contract § 2.4).
const WHOLE = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const PER = { day: "perDay", week: "perWeek", month: "perMonth", year: "perYear" };

export class Words {
  /** @param {string} language @param {Record<string, any>} texts */
  constructor(language, texts) {
    this.texts = texts;
    // The region decides how figures are written: the visitor's, if it is one of this language.
    this.locale = navigator.languages?.find((each) => each.toLowerCase().split("-")[0] === language) ?? language;
    if (this.locale === "pt") this.locale = "pt-BR";
    this.plural = new Intl.PluralRules(this.locale);
  }

  /** `say("pay", { amount: "$85.00" })`; a text with forms is chosen by `count`. */
  say(key, values = /** @type {Record<string, any>} */ ({})) {
    const text = this.texts[key] ?? key;
    const form = typeof text === "string" ? text : (text[this.plural.select(values.count)] ?? text.other);
    return form.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  /** An amount in minor units. */
  money(amount, currency) {
    const digits = WHOLE.has(currency) ? 0 : 2;
    const currencyDisplay = currency === "usd" ? "narrowSymbol" : "symbol"; // as AgentPay's own sentences have it
    try {
      return new Intl.NumberFormat(this.locale, {
        style: "currency", currency, currencyDisplay, minimumFractionDigits: digits, maximumFractionDigits: digits,
      }).format(amount / 10 ** digits);
    } catch {
      return `${(amount / 10 ** digits).toFixed(digits)} ${currency}`;
    }
  }

  percent(share) {
    return new Intl.NumberFormat(this.locale, { style: "percent", maximumFractionDigits: 1 }).format(share);
  }

  /** `3 months`. */
  span(unit, count) {
    return new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
  }

  /** `a month`, `every 3 months`, or nothing for what is paid once. */
  interval(unit, count) {
    if (!unit) return "";
    return count > 1 ? this.say("every", { length: this.span(unit, count) }) : this.say(PER[unit] ?? unit);
  }

  /** Time left: `4:05`, `1 h 05 min`, `2 days`. */
  left(seconds) {
    const part = (unit, count, digits = 1) => new Intl.NumberFormat(this.locale, {
      style: "unit", unit, unitDisplay: "short", minimumIntegerDigits: digits,
    }).format(count);
    if (seconds >= 172_800) return this.span("day", Math.floor(seconds / 86_400));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    if (hours) return `${part("hour", hours)} ${part("minute", minutes, 2)}`;
    return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  }

  /** `10:42`; of another day with its date. */
  moment(iso) {
    const date = new Date(iso);
    const isToday = date.toDateString() === new Date().toDateString();
    const day = isToday ? {} : /** @type {const} */ ({ day: "numeric", month: "short" });
    return new Intl.DateTimeFormat(this.locale, { hour: "numeric", minute: "2-digit", ...day }).format(date);
  }
}

/** How many minor units make one of a currency. */
export function unitOf(currency) {
  return WHOLE.has(currency) ? 1 : 100;
}
