"""Products on the wire, as the agent sees them (API § 8)."""

from datetime import datetime
from uuid import UUID

import msgspec

from agentpay.catalog import cards, sellable
from agentpay.catalog.prices import price_facts
from agentpay.catalog.repository import CatalogProduct
from agentpay.kit.wire import in_utc


class TrialPublic(msgspec.Struct, frozen=True):
    interval: str
    interval_count: int


class SeatsPublic(msgspec.Struct, frozen=True):
    minimum: int
    maximum: int | None


class PricePublic(msgspec.Struct, frozen=True, kw_only=True, rename={"is_from": "from"}):
    """A price of the `product_card` attachment (API § 5). `amount` is null where only usage is charged."""

    amount: int | None
    currency: str
    amount_type: str
    recurring_interval: str | None
    recurring_interval_count: int | None
    trial: TrialPublic | None
    is_from: bool
    minimum_amount: int | None
    preset_amount: int | None
    seats: SeatsPublic | None


class ProductPublic(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the catalogue. `score` tells how well it fits the query, 1 = best; null without one."""

    product_id: UUID
    name: str
    description: str
    image_url: str | None
    benefits: list[str]
    price: PricePublic | None
    """In the asked currency, or the nearest that the product has."""
    price_text: str
    prices: list[PricePublic]
    """In every currency it has."""
    availability: str
    """`in_stock`, `low`, `out_of_stock`, or `unknown` where stock is not tracked."""
    score: float | None
    created_at: datetime


class ProductPage(msgspec.Struct, frozen=True):
    """`next_cursor` is null on the last page, and wherever a query ranked the list."""

    items: list[ProductPublic]
    next_cursor: str | None


def product_public(product: CatalogProduct, *, currency: str, score: float | None = None) -> ProductPublic:
    """What visitors could learn of it, nothing else."""
    polar = product.product
    prices = [_price(product, each) for each in sellable.currencies_of(polar)]
    return ProductPublic(
        product_id=product.product_id,
        name=product.name,
        description=cards.full_description(polar),
        image_url=cards.image_url(polar),
        benefits=sellable.public_benefits(polar),
        price=_price(product, product.quoted_in(currency)),
        price_text=cards.text_of_price(product, currency=currency, language="en"),
        prices=[price for price in prices if price is not None],
        availability=product.stock_level,
        score=score,
        created_at=in_utc(product.polar_created_at) or product.polar_created_at,
    )


def _price(product: CatalogProduct, currency: str) -> PricePublic | None:
    shown = cards.card_price(price_facts(product.product, currency=currency))
    return None if shown is None else msgspec.convert(shown, PricePublic)
