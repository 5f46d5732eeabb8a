"""Reading the whole catalogue of Polar: pages first, without a transaction, then one that replaces the mirror.

1. The time of the read is taken from the database before the first page, less `SKEW_SECONDS`: a webhook of that moment
   or later says more than the read does.
2. All products, archived and private ones too, ascending by creation so that new ones do not shift pages. A product
   that is deleted meanwhile does shift them: a read whose count does not add up is done again.
3. Indexes are made for what is new, in slices that let the process breathe.
4. One transaction replaces what differs, remembers the read, and enqueues what prices did.

A Polar that fails leaves the mirror as it was.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from agentpay.catalog import mirror
from agentpay.catalog.mirror import Change, MirrorRow
from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import Unavailable
from agentpay.organizations import repository as organizations
from agentpay.organizations import verify
from agentpay.organizations.repository import OrganizationRow
from agentpay.polar.calls import LIST_LIMIT_MAX, Calls
from agentpay.polar.errors import PolarError
from agentpay.polar.types import Organization, Product

log = structlog.get_logger()

SKEW_SECONDS = 5
"""How far Polar's clock may be behind ours without a webhook being taken for older than a read that missed it."""
PAGES_MAX = 1_500
READS_MAX = 3
ROWS_PER_SLICE = 25

_NOW = f"select clock_timestamp() - make_interval(secs => {SKEW_SECONDS})"
_KNOWN = "select product_id, content_hash from products where organization_id = %(organization_id)s"
_REMEMBER = """
insert into catalog_syncs (organization_id, seen_at) values (%(organization_id)s, %(seen_at)s)
on conflict (organization_id) do update
set seen_at = greatest(catalog_syncs.seen_at, excluded.seen_at), error = null
"""
_SELLABLE = "select count(*) from product_index where organization_id = %(organization_id)s"
_TELL = """
update organizations set catalog_synced_at = greatest(catalog_synced_at, %(seen_at)s),
  catalog_products = %(products)s, default_currency = %(currency)s
where id = %(organization_id)s and deleted_at is null
"""
_FAILED = """
insert into catalog_syncs (organization_id, error) values (%(organization_id)s, %(error)s)
on conflict (organization_id) do update set error = excluded.error
"""


class CatalogUnstable(Unavailable):
    """Products came and went during every read: the mirror stays as it was."""

    def __init__(self) -> None:
        super().__init__("The catalogue changed while it was read.", retry_after=60)


async def sync(db: Database, jobs: Jobs, polar: Calls, *, organization_id: UUID) -> Change:
    """Make the mirror what Polar has now.

    Raises `PolarError`, `CatalogUnstable`, and `NotFound` for an organization that is gone.
    """
    row = await organizations.get(db, organization_id=organization_id)
    reading = await _read_all(db, polar)
    profile = await _profile(polar)
    currency = _default_currency(row, profile, reading.products)
    rows = await _indexed(db, reading.products, organization_id=organization_id, default_currency=currency)
    async with db.transaction() as tx:
        change = await mirror.replace_all(
            tx,
            jobs,
            organization_id=organization_id,
            rows=rows,
            seen_at=reading.seen_at,
            is_complete=reading.is_complete,
        )
        await tx.execute(_REMEMBER, {"organization_id": organization_id, "seen_at": reading.seen_at})
        await _tell_organization(tx, jobs, row=row, profile=profile, currency=currency, seen_at=reading.seen_at)
    log.info(
        "catalog.synced",
        organization_id=str(organization_id),
        products=len(reading.products),
        is_complete=reading.is_complete,
        written=change.written,
        changed=len(change.changed_ids),
        vanished=len(change.vanished_ids),
    )
    return change


async def note_failure(db: Database, *, organization_id: UUID, error: str) -> None:
    """Remember why the last read failed: a short kind, never a text of Polar's."""
    await db.run(_FAILED, {"organization_id": organization_id, "error": error})


class Reading(msgspec.Struct, frozen=True):
    """All products as of `seen_at`. Not `is_complete`: there are some that we could not understand."""

    seen_at: datetime
    products: list[Product]
    is_complete: bool


async def _read_all(db: Database, polar: Calls) -> Reading:
    for _ in range(READS_MAX):
        reading = await _read_once(polar, seen_at=await db.value(_NOW))
        if reading is not None:
            return reading
    raise CatalogUnstable


async def _read_once(polar: Calls, *, seen_at: datetime) -> Reading | None:
    """One pass over the pages; None when they do not add up to what Polar says there are."""
    found: dict[UUID, Product] = {}
    unreadable = 0
    expected: int | None = None
    for number in range(1, PAGES_MAX + 1):
        page = await polar.list_products(page=number, limit=LIST_LIMIT_MAX, is_archived=None, visibility=())
        if expected not in (None, page.pagination.total_count):
            return None
        expected = page.pagination.total_count
        unreadable += page.unreadable
        found.update((product.id, product) for product in page.items)
        if number >= page.pagination.max_page:
            break
    if len(found) + unreadable != expected:
        return None
    return Reading(seen_at, list(found.values()), unreadable == 0)


async def _profile(polar: Calls) -> Organization | None:
    """What Polar says about the organization itself; None where the token may not ask."""
    try:
        page = await polar.list_organizations()
    except PolarError as error:
        if error.kind != "forbidden":
            raise
        return None
    return page.items[0] if page.items else None


def _default_currency(row: OrganizationRow, profile: Organization | None, products: Sequence[Product]) -> str:
    """The merchant's, unless no product is priced in it: then Polar's, in which every product is.

    It is never changed under a merchant whose products have it: `floor_amount` of an agent's rules is in it (API § 4).
    """
    priced = {price.price_currency for product in products for price in product.prices}
    if profile is None or not priced or row.default_currency in priced:
        return row.default_currency
    return profile.default_presentment_currency.lower()


async def _indexed(
    db: Database, products: Sequence[Product], *, organization_id: UUID, default_currency: str
) -> list[MirrorRow]:
    """Rows of all products; those that differ from the mirror with their index, made outside the transaction."""
    known = {
        row["product_id"]: row["content_hash"] for row in await db.all(_KNOWN, {"organization_id": organization_id})
    }
    rows: list[MirrorRow] = []
    for index, product in enumerate(products):
        row = mirror.row_of(product, default_currency=default_currency)
        rows.append(row if known.get(product.id) == row.content_hash else mirror.with_index(row))
        if index % ROWS_PER_SLICE == 0:
            await asyncio.sleep(0)
    return rows


async def _tell_organization(
    tx: Tx, jobs: Jobs, *, row: OrganizationRow, profile: Organization | None, currency: str, seen_at: datetime
) -> None:
    """What the merchant sees of it. After the mirror's lock, because writing products waits for this row, too."""
    params = {"organization_id": row.id, "seen_at": seen_at, "currency": currency}
    await tx.execute(_TELL, params | {"products": await tx.value(_SELLABLE, {"organization_id": row.id})})
    if profile is not None:
        await verify.learn(tx, jobs, organization_id=row.id, organization=profile)
