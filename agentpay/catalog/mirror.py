"""Writing what Polar said into the mirror, in whatever order it comes, and telling which prices moved.

One writer per organization at a time (`vocabulary.lock`); what a row was made from is hashed, so that a sync which
brings nothing new writes nothing. A row's time is the later of its own `seen_at` and the last complete read's.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpay.catalog import prices, sellable
from agentpay.catalog.repository import folded_name
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.markdown import headings, plain
from agentpay.kit.text import clean, one_line
from agentpay.kit.words import INDEX_VERSION
from agentpay.knowledge import indexing, vocabulary
from agentpay.polar.types import Product

CORPUS: vocabulary.Corpus = "product"
PRICE_WATCH = "checkout.price_watch"
ROWS_PER_STATEMENT = 500
PRODUCTS_PER_JOB = 200
INDEXED_CHARACTERS_MAX = 20_000

_STATE = """
select (select seen_at from catalog_syncs where organization_id = %(organization_id)s) as seen_at,
  (select default_currency from organizations where id = %(organization_id)s) as default_currency
"""
_EXISTING = """
select product_id, content_hash, price_fingerprint, is_sellable, seen_at from products
where organization_id = %(organization_id)s
"""
_WRITE = """
insert into products (organization_id, product_id, name, data, price_fingerprint, currency, amount, stock, is_sellable,
  is_archived, visibility, polar_created_at, seen_at, content_hash)
select %(organization_id)s, product_id, name, data::jsonb, price_fingerprint, currency, amount, stock, is_sellable,
  is_archived, visibility, polar_created_at, %(seen_at)s, content_hash
from unnest(%(product_id)s::uuid[], %(name)s::text[], %(data)s::text[], %(price_fingerprint)s::text[],
  %(currency)s::text[], %(amount)s::bigint[], %(stock)s::bigint[], %(is_sellable)s::boolean[],
  %(is_archived)s::boolean[], %(visibility)s::text[], %(polar_created_at)s::timestamptz[], %(content_hash)s::text[])
  as given(product_id, name, data, price_fingerprint, currency, amount, stock, is_sellable, is_archived, visibility,
    polar_created_at, content_hash)
on conflict (organization_id, product_id) do update set
  name = excluded.name, data = excluded.data, price_fingerprint = excluded.price_fingerprint,
  currency = excluded.currency, amount = excluded.amount, stock = excluded.stock, is_sellable = excluded.is_sellable,
  is_archived = excluded.is_archived, visibility = excluded.visibility, polar_created_at = excluded.polar_created_at,
  seen_at = excluded.seen_at, content_hash = excluded.content_hash
where products.seen_at <= excluded.seen_at
"""
_UNINDEX = """
delete from product_index where organization_id = %(organization_id)s and product_id = any(%(product_ids)s)
returning tsvector_to_array(search) as lexemes
"""
_INDEX = """
insert into product_index (organization_id, product_id, polar_created_at, folded_name, amount, amounts, stock, search)
select %(organization_id)s, product_id, polar_created_at, folded_name, amount, amounts::jsonb, stock, search::tsvector
from unnest(%(product_id)s::uuid[], %(polar_created_at)s::timestamptz[], %(folded_name)s::text[], %(amount)s::bigint[],
  %(amounts)s::text[], %(stock)s::bigint[], %(search)s::text[])
  as given(product_id, polar_created_at, folded_name, amount, amounts, stock, search)
"""
_DELETE = "delete from products where organization_id = %(organization_id)s and product_id = any(%(product_ids)s)"


class MirrorRow(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it is kept. `content_hash` is of all that the row is made from."""

    product: Product
    name: str
    data: str
    price_fingerprint: str
    currency: str
    amounts: dict[str, int]
    is_sellable: bool
    content_hash: str
    labels: dict[str, str] | None = None
    """The index; None = not made yet."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What the mirror learned. Offers and checkouts of these products are no longer what they were made for."""

    changed_ids: tuple[UUID, ...] = ()
    """Another price id or amount than before."""
    vanished_ids: tuple[UUID, ...] = ()
    """Sold before, now archived, hidden or gone."""
    written: int = 0
    """Rows written or deleted."""

    @property
    def watched_ids(self) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys((*self.changed_ids, *self.vanished_ids)))


async def apply_product(tx: Tx, jobs: Jobs, *, organization_id: UUID, product: Product, seen_at: datetime) -> Change:
    """Take in what a `product.*` webhook says as of `seen_at`, unless something newer is known.

    Enqueues `checkout.price_watch` in `tx` where a price changed or the product is sold no more.
    """
    await vocabulary.lock(tx, organization_id=organization_id, corpus=CORPUS)
    state = await tx.one(_STATE, {"organization_id": organization_id})
    assert state is not None
    if state["seen_at"] is not None and seen_at < state["seen_at"]:
        return Change()
    row = row_of(product, default_currency=state["default_currency"])
    existing = await tx.all(
        _EXISTING + " and product_id = %(product_id)s",
        {"organization_id": organization_id, "product_id": product.id},
    )
    change = await _write(tx, [row], organization_id=organization_id, seen_at=seen_at, existing=existing)
    await _watch(tx, jobs, organization_id=organization_id, change=change)
    return change


async def replace_all(
    tx: Tx,
    jobs: Jobs,
    *,
    organization_id: UUID,
    rows: Sequence[MirrorRow],
    seen_at: datetime,
    is_complete: bool = True,
) -> Change:
    """Make the mirror what a read of everything found, begun at `seen_at`; what a newer webhook wrote stays.

    Enqueues `checkout.price_watch` in `tx` for what changed or went. Two at once come to the newer one's state. Where
    the read is not complete, nothing counts as gone.
    """
    await vocabulary.lock(tx, organization_id=organization_id, corpus=CORPUS)
    state = await tx.one(_STATE, {"organization_id": organization_id})
    assert state is not None
    if state["seen_at"] is not None and seen_at < state["seen_at"]:
        return Change()
    existing = await tx.all(_EXISTING, {"organization_id": organization_id})
    change = await _write(tx, rows, organization_id=organization_id, seen_at=seen_at, existing=existing)
    listed = {row.product.id for row in rows}
    unlisted = [row for row in existing if row["product_id"] not in listed and row["seen_at"] <= seen_at]
    missing = unlisted if is_complete else []
    await _delete(tx, [row["product_id"] for row in missing], organization_id=organization_id)
    gone = tuple(row["product_id"] for row in missing if row["is_sellable"])
    change = msgspec.structs.replace(
        change, vanished_ids=(*change.vanished_ids, *gone), written=change.written + len(missing)
    )
    await _watch(tx, jobs, organization_id=organization_id, change=change)
    return change


def row_of(product: Product, *, default_currency: str) -> MirrorRow:
    """The row of a product, without its index, which only rows that are to be written need. Pure."""
    data = msgspec.json.encode(sellable.mirrored(product), order="sorted").decode()
    offered = sellable.currencies_of(product)
    currency = default_currency if default_currency in offered or not offered else offered[0]
    return MirrorRow(
        product=product,
        name=one_line(product.name),
        data=data,
        price_fingerprint=prices.fingerprint(product),
        currency=currency,
        amounts=prices.smallest_amounts(product),
        is_sellable=sellable.is_sellable(product),
        content_hash=hashlib.sha256(f"{INDEX_VERSION} {currency} {data}".encode()).hexdigest(),
    )


def with_index(row: MirrorRow) -> MirrorRow:
    """The row with its index: name over benefits, headings, terms and what is often said, over the text. Pure."""
    if not row.is_sellable or row.labels is not None:
        return row
    raw = clean(row.product.description or "")[:INDEXED_CHARACTERS_MAX]
    text = plain(raw)
    promised = [*sellable.public_benefits(row.product), *headings(raw), *_terms(row)]
    return msgspec.structs.replace(
        row,
        labels=indexing.labelled(
            [
                ("A", indexing.lexemes_of(row.name)),
                ("B", [lexeme for line in promised for lexeme in indexing.lexemes_of(line)]),
                ("B", indexing.often_in(text)),
                ("C", indexing.lexemes_of(text)),
            ]
        ),
    )


def _terms(row: MirrorRow) -> list[str]:
    """What the price says about it, in words that people look for (`kit.synonyms` knows their kin)."""
    facts = prices.price_facts(row.product, currency=row.currency)
    if facts is None:
        return []
    said = {
        "free": facts.amount == 0 and facts.amount_type == "fixed" and not facts.is_metered,
        "free trial": facts.has_trial,
        "subscription": facts.is_recurring,
        "monthly": facts.recurring_interval == "month",
        "yearly": facts.recurring_interval == "year",
        "digital": sellable.is_digital(row.product),
    }
    return [words for words, holds in said.items() if holds]


async def _write(
    tx: Tx, rows: Sequence[MirrorRow], *, organization_id: UUID, seen_at: datetime, existing: Sequence[Row]
) -> Change:
    """Write what differs and is not older than what is there."""
    known = {row["product_id"]: row for row in existing}
    newer = [row for row in rows if row.product.id not in known or known[row.product.id]["seen_at"] <= seen_at]
    differing = [row for row in newer if known.get(row.product.id, {}).get("content_hash") != row.content_hash]
    for start in range(0, len(differing), ROWS_PER_STATEMENT):
        part = differing[start : start + ROWS_PER_STATEMENT]
        await tx.execute(_WRITE, _columns(part) | {"organization_id": organization_id, "seen_at": seen_at})
        await _reindex(tx, part, organization_id=organization_id)
    before = [(row, known[row.product.id]) for row in differing if row.product.id in known]
    return Change(
        changed_ids=tuple(row.product.id for row, old in before if old["price_fingerprint"] != row.price_fingerprint),
        vanished_ids=tuple(row.product.id for row, old in before if old["is_sellable"] and not row.is_sellable),
        written=len(differing),
    )


def _columns(rows: Sequence[MirrorRow]) -> dict[str, list[Any]]:
    """The rows as one array a column."""
    return {
        "product_id": [row.product.id for row in rows],
        "name": [row.name for row in rows],
        "data": [row.data for row in rows],
        "price_fingerprint": [row.price_fingerprint for row in rows],
        "currency": [row.currency for row in rows],
        "amount": [row.amounts.get(row.currency) for row in rows],
        "stock": [sellable.stock_of(row.product) for row in rows],
        "is_sellable": [row.is_sellable for row in rows],
        "is_archived": [row.product.is_archived for row in rows],
        "visibility": [row.product.visibility for row in rows],
        "polar_created_at": [row.product.created_at for row in rows],
        "content_hash": [row.content_hash for row in rows],
    }


async def _reindex(tx: Tx, rows: Sequence[MirrorRow], *, organization_id: UUID) -> None:
    """Replace what search reads of these products; those that are not sold have nothing there."""
    removed = await _unindex(tx, [row.product.id for row in rows], organization_id=organization_id)
    sold = [with_index(row) for row in rows if row.is_sellable]
    columns = _columns(sold) | {
        "folded_name": [folded_name(row.name) for row in sold],
        "amounts": [msgspec.json.encode(row.amounts).decode() for row in sold],
        "search": [indexing.vector(row.labels or {}) for row in sold],
    }
    await tx.execute(_INDEX, columns | {"organization_id": organization_id})
    added = [tuple(row.labels or ()) for row in sold]
    await vocabulary.recount(tx, organization_id=organization_id, corpus=CORPUS, removed=removed, added=added)


async def _unindex(tx: Tx, product_ids: Sequence[UUID], *, organization_id: UUID) -> list[Sequence[str]]:
    rows = await tx.all(_UNINDEX, {"organization_id": organization_id, "product_ids": list(product_ids)})
    return [row["lexemes"] for row in rows]


async def _delete(tx: Tx, product_ids: Sequence[UUID], *, organization_id: UUID) -> None:
    if not product_ids:
        return
    removed = await _unindex(tx, product_ids, organization_id=organization_id)
    await tx.execute(_DELETE, {"organization_id": organization_id, "product_ids": list(product_ids)})
    await vocabulary.recount(tx, organization_id=organization_id, corpus=CORPUS, removed=removed, added=())


async def _watch(tx: Tx, jobs: Jobs, *, organization_id: UUID, change: Change) -> None:
    ids = [str(product_id) for product_id in change.watched_ids]
    for start in range(0, len(ids), PRODUCTS_PER_JOB):
        part = ids[start : start + PRODUCTS_PER_JOB]
        await jobs.enqueue(tx, PRICE_WATCH, {"organization_id": organization_id, "product_ids": part})
