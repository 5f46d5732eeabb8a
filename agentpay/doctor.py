"""What an operator wants to know when something is odd: `agentpay doctor`. Reads everything, changes nothing."""

from collections.abc import AsyncIterator
from typing import Literal

import msgspec
import psycopg

from agentpay.compose import polar_credential
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit.clock import utc_now
from agentpay.kit.errors import ExpectedError, Unavailable
from agentpay.operations import database_state, redis_state
from agentpay.organizations.secrets import SecretUnreadable, Vault
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.settings import Settings

Verdict = Literal["well", "note", "broken"]
MARKS: dict[Verdict, str] = {"well": "✓", "note": "!", "broken": "✗"}

POSTGRES_MIN = 15
EXTENSIONS = ("pg_trgm",)
CLOCK_SECONDS_MAX = 2.0
ORGANIZATIONS_MAX = 500


class Finding(msgspec.Struct, frozen=True):
    verdict: Verdict
    name: str
    detail: str

    @property
    def mark(self) -> str:
        return MARKS[self.verdict]


async def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which they would be mended."""
    findings = list(look_at_settings(settings))
    db = Database(settings.database_url, pool_max=2)
    try:
        await db.open()
        found = await look_at_database(db)
        findings += found
        findings.append(await look_at_redis(settings))
        if all(finding.verdict != "broken" for finding in found):
            vault = Vault(settings.encryption_keys)
            findings += [finding async for finding in look_at_organizations(db, vault)]
    finally:
        await db.close()
    return findings


def look_at_settings(settings: Settings) -> list[Finding]:
    findings = [Finding("well", "encryption keys", f"{len(settings.encryption_keys)} given")]
    if not settings.admin_keys:
        findings.append(Finding("note", "admin keys", "none: nobody can make organizations"))
    if settings.public_url is None:
        findings.append(Finding("note", "public URL", "not set: Polar's webhooks must be set up by hand"))
    elif not settings.public_url.startswith("https://"):
        findings.append(Finding("note", "public URL", "not https: Polar sends webhooks to https only"))
    if settings.allow_private_addresses:
        findings.append(Finding("note", "private addresses", "allowed: for development only"))
    return findings


async def look_at_database(db: Database) -> list[Finding]:
    try:
        row = await db.one(
            "select current_setting('server_version_num')::int / 10000 as version, now() as now,"
            " array(select extname::text from pg_extension) as extensions"
        )
    except (psycopg.Error, Unavailable) as error:
        return [Finding("broken", "database", f"cannot be reached: {str(error).splitlines()[0]}")]
    assert row is not None
    return [
        Finding(
            "well" if row["version"] >= POSTGRES_MIN else "broken",
            "database",
            f"PostgreSQL {row['version']}" + ("" if row["version"] >= POSTGRES_MIN else f": {POSTGRES_MIN} is needed"),
        ),
        await _migrations(db),
        _extensions(row),
        _clock(row),
    ]


async def _migrations(db: Database) -> Finding:
    if await database_state(db) == "ok":
        return Finding("well", "migrations", "up to date")
    return Finding("broken", "migrations", "behind this release: run `agentpay migrate`")


def _extensions(row: Row) -> Finding:
    missing = [name for name in EXTENSIONS if name not in row["extensions"]]
    if missing:
        return Finding("broken", "extensions", f"missing: {', '.join(missing)}")
    return Finding("well", "extensions", ", ".join(EXTENSIONS))


def _clock(row: Row) -> Finding:
    apart = abs((utc_now() - row["now"]).total_seconds())
    if apart > CLOCK_SECONDS_MAX:
        return Finding("note", "clock", f"{apart:.0f} s away from the database's: signatures may be refused")
    return Finding("well", "clock", "agrees with the database's")


async def look_at_redis(settings: Settings) -> Finding:
    state = await redis_state(settings.redis_url)
    if state == "degraded":
        return Finding("note", "redis", "does not answer or takes no writes: workers look into the table meanwhile")
    return Finding("well", "redis", "answers" if state == "ok" else "not used: jobs are done inside the web process")


async def look_at_organizations(db: Database, vault: Vault) -> AsyncIterator[Finding]:
    rows = await db.all(
        "select id, name, status, attention, catalog_synced_at from organizations where deleted_at is null"
        " order by id limit %(limit)s",
        {"limit": ORGANIZATIONS_MAX},
    )
    if not rows:
        yield Finding("note", "organizations", "none yet: `agentpay org create`")
    polar = PolarGateway(db, credentials=lambda organization_id: polar_credential(db, vault, organization_id))
    try:
        for row in rows:
            yield await _polar_of(row, polar)
            if row["status"] == "attention":
                yield Finding("note", row["name"], row["attention"] or "needs attention")
            if row["catalog_synced_at"] is None:
                yield Finding("note", row["name"], "the catalogue was never read: is a worker running?")
            if parked := await _parked_notifications(db, row):
                yield Finding("note", row["name"], f"{parked} notifications were given up: its notify_url took none")
            if ambiguous := await _ambiguous_products(db, row):
                yield Finding("note", row["name"], f"{ambiguous} products with several prices are never negotiated")
    finally:
        await polar.close()


async def _polar_of(row: Row, polar: PolarGateway) -> Finding:
    try:
        client = await polar.of(row["id"])
        await client.list_products(page=1, limit=1)
    except SecretUnreadable:
        return Finding("broken", row["name"], "its secrets were sealed with a key that is not configured any more")
    except PolarError as error:
        refused = error.kind in ("unauthorized", "forbidden")
        return Finding("broken", row["name"], "Polar refuses its token" if refused else f"Polar: {error.kind}")
    except ExpectedError:
        return Finding("broken", row["name"], "has no Polar token")
    return Finding("well", row["name"], "Polar answers")


async def _parked_notifications(db: Database, row: Row) -> int:
    """Given up after a day, or addressed where nothing may be sent; kept for a month."""
    count: int = await db.value(
        "select count(*) from notifications where organization_id = %(organization_id)s and status = 'parked'",
        {"organization_id": row["id"]},
    )
    return count


async def _ambiguous_products(db: Database, row: Row) -> int:
    """A buyer may drop all but one of several prices (polar/OFFERS.md 12), so such products are sold at list only."""
    count: int = await db.value(
        """select count(*) from products where organization_id = %(organization_id)s and is_sellable and exists (
            select from jsonb_array_elements(data -> 'prices') price
            where price ->> 'amount_type' in ('fixed', 'custom', 'seat_based', 'unit_based')
            group by price ->> 'price_currency' having count(*) > 1)""",
        {"organization_id": row["id"]},
    )
    return count
