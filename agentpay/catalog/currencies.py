"""In which currency a visitor is quoted. Pure. The context is the page's claim: it chooses among list prices only."""

import re
from collections.abc import Mapping
from typing import Any

from agentpay.catalog import sellable
from agentpay.polar.types import Product

_CURRENCY = re.compile(r"[a-z]{3}")
_REGION = re.compile(r"[-_]([A-Za-z]{2})(?:[-_.@]|$)")

CURRENCY_OF_COUNTRY: dict[str, str] = {
    "at": "eur", "be": "eur", "bg": "eur", "cy": "eur", "de": "eur", "ee": "eur", "es": "eur", "fi": "eur",
    "fr": "eur", "gr": "eur", "hr": "eur", "ie": "eur", "it": "eur", "lt": "eur", "lu": "eur", "lv": "eur",
    "mt": "eur", "nl": "eur", "pt": "eur", "si": "eur", "sk": "eur", "ad": "eur", "mc": "eur", "me": "eur",
    "sm": "eur", "va": "eur", "xk": "eur",
    "us": "usd", "pr": "usd", "ec": "usd", "sv": "usd", "gb": "gbp", "br": "brl", "ca": "cad", "au": "aud",
    "nz": "nzd", "mx": "mxn", "ar": "ars", "cl": "clp", "co": "cop", "pe": "pen", "uy": "uyu", "ch": "chf",
    "li": "chf", "se": "sek", "no": "nok", "dk": "dkk", "pl": "pln", "cz": "czk", "hu": "huf", "ro": "ron",
    "tr": "try", "il": "ils", "ae": "aed", "sa": "sar", "za": "zar", "ng": "ngn", "ke": "kes", "eg": "egp",
    "ma": "mad", "in": "inr", "id": "idr", "my": "myr", "ph": "php", "sg": "sgd", "th": "thb", "vn": "vnd",
    "jp": "jpy", "kr": "krw", "cn": "cny", "hk": "hkd", "tw": "twd", "ua": "uah", "ao": "aoa", "mz": "mzn",
}  # fmt: skip


def visitor_currency(*, context: Mapping[str, Any], default: str, country: str | None = None) -> str:
    """The currency a visitor would expect: what the page says, else their country's, else the organization's.

    `context` is the conversation's (free JSON: `currency`, `locale`), `country` an ISO code from elsewhere. A product
    need not have it: `product_currency` decides what is quoted.
    """
    stated = context.get("currency")
    if isinstance(stated, str) and _CURRENCY.fullmatch(stated.strip().lower()):
        return stated.strip().lower()
    region = country or _region_of(context.get("locale"))
    return CURRENCY_OF_COUNTRY.get((region or "").lower(), default)


def product_currency(product: Product, *, wanted: str, default: str) -> str | None:
    """The currency to quote `product` in: always one that it has; None when it has no price at all.

    Polar keeps every product priced in the organization's default currency.
    """
    offered = sellable.currencies_of(product)
    return next((currency for currency in (wanted.lower(), default, *offered) if currency in offered), None)


def _region_of(locale: object) -> str | None:
    """`pt-BR`, `en_US.UTF-8`, `zh-Hant-TW` → the country; None where none is named."""
    if not isinstance(locale, str):
        return None
    found = _REGION.search(locale)
    return found[1] if found else None
