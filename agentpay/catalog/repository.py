"""Finding products in the mirror. Always through their organization; what is not sellable is found only by id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpay.catalog import currencies, sellable
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import NotFound
from agentpay.kit.limits import LIST_LIMIT_MAX
from agentpay.kit.text import fold, one_line
from agentpay.polar.types import Product

COLUMNS = (
    "organization_id, product_id, products.name, products.data::text as data, products.price_fingerprint,"
    " products.currency, products.amount, products.stock, products.is_sellable, products.is_archived,"
    " products.visibility, products.polar_created_at, products.seen_at"
)

_FIND = f"select {COLUMNS} from products where organization_id = %(organization_id)s and product_id = %(product_id)s"
_BY_IDS = f"""
select {COLUMNS} from products
where organization_id = %(organization_id)s and product_id = any(%(product_ids)s) limit {LIST_LIMIT_MAX}
"""
_NEWEST = f"""
select {COLUMNS} from (
  select organization_id, product_id from product_index
  where organization_id = %(organization_id)s
    and (%(before_at)s::timestamptz is null
      or (polar_created_at, product_id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
  order by polar_created_at desc, product_id desc limit %(limit)s) newest
join products using (organization_id, product_id)
order by products.polar_created_at desc, product_id desc
"""
_NAMED = f"""
select {COLUMNS} from product_index named join products using (organization_id, product_id)
where named.organization_id = %(organization_id)s and named.folded_name = %(folded_name)s limit 2
"""

Position = tuple[datetime, UUID]
"""Of a product in the list, newest first: when Polar made it, and its id."""


class CatalogProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product as last seen at Polar."""

    organization_id: UUID
    product_id: UUID
    name: str
    """On one line, without control characters."""
    price_fingerprint: str
    currency: str
    """The organization's default, or one that the product has."""
    amount: int | None
    """Of the smallest purchase, in `currency`."""
    stock: int | None
    is_sellable: bool
    is_archived: bool
    visibility: str
    polar_created_at: datetime
    seen_at: datetime
    product: Product
    """Polar's object. Merchant's texts in it are raw Markdown; `metadata` holds `stock` only."""

    @property
    def position(self) -> Position:
        return self.polar_created_at, self.product_id

    @property
    def stock_level(self) -> sellable.Level:
        return sellable.stock_level(self.stock)

    def quoted_in(self, wanted: str) -> str:
        """The currency to quote it in for somebody who wants `wanted`; its own where it has no price at all."""
        return currencies.product_currency(self.product, wanted=wanted, default=self.currency) or self.currency


async def find_product(source: Database | Tx, *, organization_id: UUID, product_id: UUID) -> CatalogProduct | None:
    """Whatever its state: check `is_sellable` before showing it."""
    row = await source.one(_FIND, {"organization_id": organization_id, "product_id": product_id})
    return None if row is None else product_of(row)


async def get_product(source: Database | Tx, *, organization_id: UUID, product_id: UUID) -> CatalogProduct:
    """Whatever its state. Raises `NotFound`."""
    product = await find_product(source, organization_id=organization_id, product_id=product_id)
    if product is None:
        raise NotFound
    return product


async def products_by_ids(
    source: Database | Tx, *, organization_id: UUID, product_ids: Sequence[UUID]
) -> list[CatalogProduct]:
    """Those that exist, whatever their state, in the order of `product_ids`; at most 100."""
    if not product_ids:
        return []
    params = {"organization_id": organization_id, "product_ids": list(product_ids)}
    found = {row["product_id"]: product_of(row) for row in await source.all(_BY_IDS, params)}
    return [found[product_id] for product_id in dict.fromkeys(product_ids) if product_id in found]


async def list_products(
    source: Database | Tx, *, organization_id: UUID, limit: int, before: Position | None = None
) -> list[CatalogProduct]:
    """Sellable products, newest first, after the one at `before`."""
    before_at, before_id = before or (None, None)
    params = {"organization_id": organization_id, "before_at": before_at, "before_id": before_id, "limit": limit}
    return [product_of(row) for row in await source.all(_NEWEST, params)]


async def find_named(source: Database | Tx, *, organization_id: UUID, name: str) -> CatalogProduct | None:
    """The sellable product of exactly that name, whatever its case and accents; None when two share it."""
    params = {"organization_id": organization_id, "folded_name": folded_name(name)}
    rows = await source.all(_NAMED, params)
    return product_of(rows[0]) if len(rows) == 1 else None


def folded_name(name: str) -> str:
    return fold(one_line(name))


def product_of(row: Row) -> CatalogProduct:
    """From a row with `COLUMNS`."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return CatalogProduct(**values, product=_decoder.decode(row["data"]))


_decoder = msgspec.json.Decoder(Product)
_FIELDS = tuple(field for field in CatalogProduct.__struct_fields__ if field != "product")
