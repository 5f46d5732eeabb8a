"""Prices in words, English and Portuguese, for cards, facts and the visitor. Pure; every figure is Polar's."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from agentpay.catalog import sellable
from agentpay.catalog.prices import Ladder, PriceFacts, Trial, decimal_of, price_facts
from agentpay.kit.money import SPACED_SYMBOLS, SYMBOLS, Language, format_amount, minor_digits
from agentpay.kit.text import one_line, shorten
from agentpay.polar.types import Price, Product

LABEL_CHARACTERS_MAX = 40
FRACTION_DIGITS_MAX = 8

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "free": "free", "from": "from {0}", "per": "{0} per {1}", "plus": "{0} plus {1}", "comma_plus": "{0}, plus {1}",
        "or": "{0} or {1}", "every": "{0} every {1} {2}", "once_every": "{0} per {1}", "billed": "{0}, billed per {1}",
        "billed_every": "{0}, billed every {1} {2}", "trial": "{0} {1} free, then {2}", "trial_free": "{0} {1} free",
        "pay_what_you_want": "pay what you want", "pwyw_from": "{0}, from {1}", "suggested": "{0} (suggested {1})",
        "seat": "seat", "seats": "seats", "unit": "unit", "units": "units", "at_least": "{0}, at least {1} {2}",
        "usage": "usage", "usage_of": "usage of {0}", "capped": "{0}, at most {1}", "ask": "price on request",
    },
    "pt": {
        "free": "grátis", "from": "a partir de {0}", "per": "{0} por {1}", "plus": "{0} mais {1}",
        "comma_plus": "{0}, mais {1}", "or": "{0} ou {1}", "every": "{0} a cada {1} {2}", "once_every": "{0} por {1}",
        "billed": "{0}, cobrado por {1}", "billed_every": "{0}, cobrado a cada {1} {2}",
        "trial": "{0} {1} grátis, depois {2}", "trial_free": "{0} {1} grátis",
        "pay_what_you_want": "pague quanto quiser", "pwyw_from": "{0}, a partir de {1}",
        "suggested": "{0} (sugerido: {1})", "seat": "assento", "seats": "assentos", "unit": "unidade",
        "units": "unidades", "at_least": "{0}, no mínimo {1} {2}", "usage": "uso", "usage_of": "uso de {0}",
        "capped": "{0}, no máximo {1}", "ask": "preço sob consulta",
    },
}  # fmt: skip
_INTERVALS: dict[Language, dict[str, tuple[str, str]]] = {
    "en": {"day": ("day", "days"), "week": ("week", "weeks"), "month": ("month", "months"), "year": ("year", "years")},
    "pt": {"day": ("dia", "dias"), "week": ("semana", "semanas"), "month": ("mês", "meses"), "year": ("ano", "anos")},
}


def price_text(product: Product, *, currency: str, language: Language = "en") -> str:
    """List price with its terms: `$95.00`, `7 days free, then $29.00 per month`, `from R$ 49,90 por assento`.

    `currency` must be one that the product has (`currencies.product_currency`); otherwise "".
    """
    facts = price_facts(product, currency=currency)
    if facts is None:
        return ""
    say = _WORDS[language]
    prices = sellable.prices_in(product, currency=currency)
    static = [price for price in prices if price.amount_type not in sellable.METERED_TYPES]
    metered = [_metered(price, language) for price in prices if price.amount_type in sellable.METERED_TYPES]
    if static and not (facts.amount == 0 and facts.amount_type == "fixed" and metered):
        text = _recurring(_static(static, facts, language), facts, language)
        text = say["comma_plus"].format(text, _joined(metered, language)) if metered else text
    else:
        text = _billed(_joined(metered, language), facts, language)
    return _with_trial(text, facts.trial, language)


def _static(static: Sequence[Price], facts: PriceFacts, language: Language) -> str:
    say = _WORDS[language]
    fixed = [price.price_amount or 0 for price in static if price.amount_type == "fixed"]
    if facts.amount_type == "custom":
        return _pay_what_you_want(facts, language)
    if facts.amount_type in ("seat_based", "unit_based"):
        ladder = facts.ladder
        text = say["ask"] if ladder is None else _laddered(ladder, _leading(static, facts), facts, language)
        if fixed and min(fixed) > 0:
            text = say["plus"].format(format_amount(min(fixed), facts.currency, language=language), text)
        return text
    text = format_amount(min(fixed), facts.currency, language=language) if min(fixed) else say["free"]
    return say["from"].format(text) if len(set(fixed)) > 1 else text


def _pay_what_you_want(facts: PriceFacts, language: Language) -> str:
    say = _WORDS[language]
    text = say["pay_what_you_want"]
    if facts.minimum_amount:
        text = say["pwyw_from"].format(text, format_amount(facts.minimum_amount, facts.currency, language=language))
    if facts.preset_amount:
        text = say["suggested"].format(text, format_amount(facts.preset_amount, facts.currency, language=language))
    return text


def _laddered(ladder: Ladder, price: Price, facts: PriceFacts, language: Language) -> str:
    say = _WORDS[language]
    one, many = _nouns(price, language)
    text = say["per"].format(format_exact(ladder.lowest, facts.currency, language=language), one)
    text = text if ladder.is_flat else say["from"].format(text)
    return text if ladder.minimum <= 1 else say["at_least"].format(text, ladder.minimum, many)


def _leading(static: Sequence[Price], facts: PriceFacts) -> Price:
    return next(price for price in static if price.amount_type == facts.amount_type)


def _nouns(price: Price, language: Language) -> tuple[str, str]:
    """What is counted, one and many: the merchant's own words where Polar has them in this language."""
    say = _WORDS[language]
    if price.amount_type == "seat_based":
        return say["seat"], say["seats"]
    labels = price.unit_label if isinstance(price.unit_label, dict) else {}
    forms: Any = labels.get(language) or labels.get("pt-BR" if language == "pt" else "en-US") or labels.get("en")
    if not isinstance(forms, dict):
        return say["unit"], say["units"]
    many = forms.get("other") or say["units"]
    return _label(forms.get("=1") or forms.get("one") or many), _label(many)


def _metered(price: Price, language: Language) -> str:
    """`$0.02 per API call`; for tiers only what is counted, because the charge depends on how much."""
    say = _WORDS[language]
    meter = price.meter if isinstance(price.meter, dict) else {}
    counted = _label(meter.get("custom_label") or meter.get("name") or "")
    amount = decimal_of(price.unit_amount)
    if price.amount_type != "metered_unit" or amount is None:
        return say["usage_of"].format(counted) if counted else say["usage"]
    noun = f"{say['unit']} ({counted})" if counted and not meter.get("custom_label") else counted or say["unit"]
    text = say["per"].format(format_exact(amount, price.price_currency, language=language), noun)
    if price.cap_amount:
        text = say["capped"].format(text, format_amount(price.cap_amount, price.price_currency, language=language))
    return text


def _recurring(text: str, facts: PriceFacts, language: Language) -> str:
    if facts.recurring_interval is None or text == _WORDS[language]["free"]:
        return text
    return _each(text, facts, language, once="once_every", every="every")


def _billed(text: str, facts: PriceFacts, language: Language) -> str:
    if facts.recurring_interval is None:
        return text
    return _each(text, facts, language, once="billed", every="billed_every")


def _each(text: str, facts: PriceFacts, language: Language, *, once: str, every: str) -> str:
    one, many = _interval(facts.recurring_interval or "", language)
    count = facts.recurring_interval_count or 1
    return _WORDS[language][once].format(text, one) if count == 1 else _WORDS[language][every].format(text, count, many)


def _with_trial(text: str, trial: Trial | None, language: Language) -> str:
    if trial is None:
        return text
    one, many = _interval(trial.interval, language)
    noun = one if trial.interval_count == 1 else many
    key = "trial_free" if text == _WORDS[language]["free"] else "trial"
    return _WORDS[language][key].format(trial.interval_count, noun, text)


def _interval(interval: str, language: Language) -> tuple[str, str]:
    return _INTERVALS[language].get(interval, (interval, interval))


def _joined(texts: Sequence[str], language: Language) -> str:
    text = texts[0]
    for other in texts[1:]:
        text = _WORDS[language]["plus"].format(text, other)
    return text


def _label(text: object) -> str:
    return shorten(one_line(str(text)), characters_max=LABEL_CHARACTERS_MAX)


def format_exact(amount: Decimal, currency: str, *, language: Language = "en") -> str:
    """A price per piece, which may be a fraction of a minor unit: `$0.0005`."""
    if amount == amount.to_integral_value():
        return format_amount(int(amount), currency, language=language)
    major = amount.scaleb(-minor_digits(currency))
    number = f"{round(major, FRACTION_DIGITS_MAX).normalize():f}"
    if language == "pt" or currency == "brl":
        number = number.replace(".", ",")
    symbol = SYMBOLS.get(currency)
    if symbol is None:
        return f"{number} {currency.upper()}"
    spaced = symbol in SPACED_SYMBOLS or (language == "pt" and currency != "jpy")
    return f"{symbol}{' ' if spaced else ''}{number}"
