"""What visitors may see of Polar's catalogue: which products, and which parts of one. Pure.

Metadata (but for `stock`, read here) and benefit properties never leave; they may hold floor prices and licence keys.
"""

from typing import Any, Literal

import msgspec

from agentpay.kit.text import one_line, shorten
from agentpay.polar.types import Price, Product

PRICE_TYPES = frozenset({"fixed", "custom", "seat_based", "unit_based", "metered_unit", "metered_tiers"})
METERED_TYPES = frozenset({"metered_unit", "metered_tiers"})
DELIVERED_ONLINE = frozenset(
    {
        "downloadables", "license_keys", "discord", "github_repository", "meter_credit", "feature_flag",
        "slack_shared_channel",
    }
)  # fmt: skip

BENEFITS_MAX = 20
BENEFIT_CHARACTERS_MAX = 120
LOW_STOCK_MAX = 5
STOCK_MAX = 1_000_000_000

Level = Literal["in_stock", "low", "out_of_stock", "unknown"]


def is_sellable(product: Product) -> bool:
    """Public, not archived, and priced in a way that a checkout of ours can open."""
    return product.visibility == "public" and not product.is_archived and bool(currencies_of(product))


def prices_in(product: Product, *, currency: str) -> list[Price]:
    """Its active catalogue prices in that currency, in Polar's order."""
    return [
        price
        for price in product.prices
        if price.price_currency == currency and not price.is_archived and price.source == "catalog"
    ]


def currencies_of(product: Product) -> list[str]:
    """Currencies in which all of its prices are of kinds that we know; the first is the oldest."""
    priced = dict.fromkeys(price.price_currency for price in product.prices)
    return [currency for currency in priced if _is_purchasable(prices_in(product, currency=currency))]


def public_benefits(product: Product) -> list[str]:
    """What the merchant says comes with it, one line each: descriptions of public benefits only."""
    lines = [
        shorten(one_line(benefit.description), characters_max=BENEFIT_CHARACTERS_MAX)
        for benefit in product.benefits
        if benefit.visibility == "public" and not benefit.is_deleted
    ]
    return [line for line in dict.fromkeys(lines) if line][:BENEFITS_MAX]


def is_digital(product: Product) -> bool:
    """Whether Polar itself delivers it: nothing of it needs a parcel."""
    return any(benefit.type in DELIVERED_ONLINE and not benefit.is_deleted for benefit in product.benefits)


def stock_of(product: Product) -> int | None:
    """Pieces left by `metadata.stock`: a whole number, or `false` for none. Anything else = not tracked."""
    stock = product.metadata.get("stock")
    if isinstance(stock, bool):
        return None if stock else 0
    if isinstance(stock, str) and stock.strip().removeprefix("-").isdecimal():
        stock = int(stock.strip())
    if isinstance(stock, float) and stock.is_integer():
        stock = int(stock)
    return min(max(stock, 0), STOCK_MAX) if isinstance(stock, int) else None


def stock_level(stock: int | None) -> Level:
    if stock is None:
        return "unknown"
    if stock <= 0:
        return "out_of_stock"
    return "low" if stock <= LOW_STOCK_MAX else "in_stock"


def mirrored(product: Product) -> dict[str, Any]:
    """What is kept of a product, as JSON: all of it but the metadata, of which only `stock` is."""
    kept = {key: value for key, value in product.metadata.items() if key == "stock"}
    data: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(product, metadata=kept))
    return data


def _is_purchasable(prices: list[Price]) -> bool:
    return bool(prices) and all(price.amount_type in PRICE_TYPES for price in prices)
