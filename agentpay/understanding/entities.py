"""What a message names: product, quantity, prices, coupon, order, e-mail, country, language."""

import re
from typing import Final

import msgspec

from agentpay.understanding.amounts import find_figures
from agentpay.understanding.codes import find_coupon, find_email, find_order
from agentpay.understanding.context import read_context
from agentpay.understanding.intents import Intent
from agentpay.understanding.places import find_country, find_language
from agentpay.understanding.prices import read_prices
from agentpay.understanding.products import find_product
from agentpay.understanding.quantities import find_discount, find_quantity
from agentpay.understanding.text import clean, fold

_HALF_DOZEN: Final = re.compile(r"\bmeia duzia\b")
"""A count; `meia` alone is a sock."""


class Entities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the visitor said, never what is true. Prices: minor units of `currency`, two decimals where it is unsaid."""

    product: str | None = None
    quantity: int | None = None
    proposed_price: int | None = None
    currency: str | None = None
    price_max: int | None = None
    price_min: int | None = None
    discount_percent: float | int | None = None
    coupon_code: str | None = None
    email: str | None = None
    order_reference: str | None = None
    country: str | None = None
    language: str | None = None


def extract(
    text: str,
    *,
    language: str,
    intent: Intent | None = None,
    prev_agent_action: str | None = None,
    prev_agent_text: str | None = None,
) -> Entities:
    """The entities of `text`. With `intent`, amounts are read as that intent means them: a charge is no offer."""
    cleaned = clean(text)
    asked = read_context(prev_agent_action, prev_agent_text).asked
    return extract_read(cleaned, fold(cleaned), language=language, intent=intent, asked=asked)


def extract_read(cleaned: str, folded: str, *, language: str, intent: Intent | None, asked: str) -> Entities:
    """`extract` for a text whose views are made and whose context is read."""
    email = find_email(cleaned)
    coupon = find_coupon(cleaned, folded, intent=intent, asked=asked)
    order = find_order(cleaned, folded, intent=intent, asked=asked) if coupon is None else None
    hidden = _without(_without(_without(folded, email), coupon), order)
    figures = find_figures(hidden)
    prices = read_prices(hidden, figures, intent, asked=asked)
    return Entities(
        product=find_product(cleaned, _HALF_DOZEN.sub("__________", hidden), intent=intent, language=language),
        quantity=find_quantity(hidden, figures, intent=intent, asked=asked),
        proposed_price=prices.proposed,
        currency=prices.currency,
        price_max=prices.maximum,
        price_min=prices.minimum,
        discount_percent=find_discount(hidden, figures, intent=intent),
        coupon_code=coupon,
        email=email,
        order_reference=order,
        country=find_country(hidden),
        language=find_language(hidden),
    )


def _without(folded: str, part: str | None) -> str:
    """The text with `part` blanked out, every position kept: its digits are no prices, its words no products."""
    if part is None:
        return folded
    folded_part = fold(part)
    return folded.replace(folded_part, "_" * len(folded_part))
