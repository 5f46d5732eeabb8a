"""Price limits of a search: as a caller states them, else as the visitor's own words do. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentpay.kit.money import minor_digits
from agentpay.understanding import entities, language
from agentpay.understanding.intents import Intent


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a product must keep to. Prices in minor units of `currency`; what has no price in it is out."""

    currency: str = "usd"
    price_max: int | None = None
    price_min: int | None = None
    in_stock: bool = False

    @property
    def has_price(self) -> bool:
        return self.price_max is not None or self.price_min is not None


def limits_of(query: str, arguments: Mapping[str, Any], *, currency: str) -> Limits:
    """`arguments` may hold `price_max`, `price_min` (minor units), `currency`. Without limits there, `query` is read.

    `currency` is what the visitor is quoted in; a limit that is stated in another one is kept in that one.
    """
    stated = str(arguments.get("currency") or currency).lower()
    price_max, price_min = arguments.get("price_max"), arguments.get("price_min")
    if price_max is not None or price_min is not None:
        return Limits(currency=stated, price_max=price_max, price_min=price_min)
    if not any(character.isdigit() for character in query):
        return Limits(currency=stated)
    said = entities.extract(query, language=language.detect(query), intent=Intent.PRODUCT_QUERY)
    if said.price_max is None and said.price_min is None:
        return Limits(currency=stated)
    said_in = (said.currency or stated).lower()
    # Amounts without a currency are read as if it had two decimals.
    divisor = 100 if said.currency is None and minor_digits(said_in) == 0 else 1
    return Limits(
        currency=said_in,
        price_max=None if said.price_max is None else said.price_max // divisor,
        price_min=None if said.price_min is None else said.price_min // divisor,
    )
