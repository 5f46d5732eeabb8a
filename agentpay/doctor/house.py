"""This installation: settings, database, keys, Redis, clocks."""

from collections.abc import AsyncIterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import psycopg
from cryptography.fernet import Fernet, InvalidToken

from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.doctor.finding import Finding
from agentpay.kit.clock import utc_now
from agentpay.kit.errors import Unavailable
from agentpay.operations import database_state, redis_state
from agentpay.settings import Settings

POSTGRES_MIN: Final = 15
EXTENSIONS: Final = ("pg_trgm",)
CLOCK_SECONDS_MAX: Final = 2.0
OTHERS_CLOCK_SECONDS_MAX: Final = 30.0
"""Of a server elsewhere, whose header tells whole seconds and was some time on its way."""

SIGNATURE_SECONDS_MAX: Final = 300.0
"""By which a webhook's time may be off: further away every delivery is refused."""

SECRETS_MAX: Final = 10_000
ASK_SECONDS_MAX: Final = 5.0
URLS_MAX: Final = 5


def look_at_settings(settings: Settings) -> list[Finding]:
    findings = []
    if not settings.admin_keys:
        findings.append(
            Finding(
                "note", "admin_keys", "admin keys", "none: nobody can make organizations", "set AGENTPAY_ADMIN_KEYS"
            )
        )
    if settings.public_url is None:
        findings.append(
            Finding(
                "note",
                "public_url",
                "public URL",
                "not set: Polar is not told where to deliver webhooks",
                "set AGENTPAY_PUBLIC_URL",
            )
        )
    elif not settings.public_url.startswith("https://"):
        findings.append(
            Finding(
                "note",
                "public_url",
                "public URL",
                "not https: Polar sends webhooks to https only",
                "put a proxy with TLS in front and set AGENTPAY_PUBLIC_URL to its address",
            )
        )
    if settings.allow_private_addresses:
        findings.append(
            Finding(
                "note",
                "private_addresses",
                "private addresses",
                "allowed: for development only",
                "take AGENTPAY_ALLOW_PRIVATE_ADDRESSES away in production",
            )
        )
    return findings


async def look_at_database(db: Database) -> list[Finding]:
    try:
        row = await db.one(
            "select current_setting('server_version_num')::int / 10000 as version, now() as now,"
            " array(select extname::text from pg_extension) as extensions"
        )
    except (psycopg.Error, Unavailable) as error:
        detail = f"cannot be reached: {str(error).splitlines()[0]}"
        return [Finding("broken", "database", "database", detail, "start PostgreSQL, or mend AGENTPAY_DATABASE_URL")]
    assert row is not None
    return [_version(row), await _migrations(db), _extensions(row), _clock(row)]


def _version(row: Row) -> Finding:
    if row["version"] >= POSTGRES_MIN:
        return Finding("well", "database", "database", f"PostgreSQL {row['version']}")
    detail = f"PostgreSQL {row['version']}: {POSTGRES_MIN} is needed"
    return Finding("broken", "database", "database", detail, f"move to PostgreSQL {POSTGRES_MIN} or newer")


async def _migrations(db: Database) -> Finding:
    if await database_state(db) == "ok":
        return Finding("well", "migrations", "migrations", "up to date")
    return Finding("broken", "migrations", "migrations", "behind this release", "run `agentpay migrate`")


def _extensions(row: Row) -> Finding:
    missing = [name for name in EXTENSIONS if name not in row["extensions"]]
    if not missing:
        return Finding("well", "extensions", "extensions", ", ".join(EXTENSIONS))
    remedy = "; ".join(f"create extension {name}" for name in missing)
    return Finding("broken", "extensions", "extensions", f"missing: {', '.join(missing)}", f"as a superuser: {remedy}")


def _clock(row: Row) -> Finding:
    apart = abs((utc_now() - row["now"]).total_seconds())
    if apart <= CLOCK_SECONDS_MAX:
        return Finding("well", "clock", "clock", "agrees with the database's")
    detail = f"{apart:.0f} s away from the database's: signatures may be refused"
    return Finding("note", "clock", "clock", detail, "have NTP set the clocks of both machines")


async def look_at_keys(db: Database, *, encryption_keys: Sequence[str]) -> AsyncIterator[Finding]:
    """Whether everything stored can be opened, and whether a key behind the first is still needed."""
    rows = await db.all(
        """select s.ciphertext, o.name, o.id
        from organization_secrets s join organizations o on o.id = s.organization_id
        where o.deleted_at is null and (s.expires_at is null or s.expires_at > now()) order by o.id limit %(limit)s""",
        {"limit": SECRETS_MAX},
    )
    opened = [opens(bytes(row["ciphertext"]), encryption_keys) for row in rows]
    lost = {row["id"]: row["name"] for row, key in zip(rows, opened, strict=True) if key is None}
    for organization_id, name in lost.items():
        yield Finding(
            "broken",
            "encryption_key",
            name,
            "its secrets were sealed with a key that is not configured any more",
            "put that key back into AGENTPAY_ENCRYPTION_KEYS, behind the first",
            organization_id,
        )
    older = sum(key is not None and key > 0 for key in opened)
    if older:
        detail = f"{older} of {len(rows)} secrets still need a key behind the first"
        yield Finding("well", "encryption_keys", "encryption keys", detail, "keep all keys until none is left")
    elif not lost:
        detail = f"{len(encryption_keys)} given, the first opens all {len(rows)} secrets"
        yield Finding("well", "encryption_keys", "encryption keys", detail)


def opens(ciphertext: bytes, keys: Sequence[str]) -> int | None:
    """Which of the keys opens it, None = none does."""
    for place, key in enumerate(keys):
        try:
            Fernet(key).decrypt(ciphertext)
        except InvalidToken:
            continue
        return place
    return None


async def look_at_redis(settings: Settings) -> Finding:
    state = await redis_state(settings.redis_url)
    if state == "degraded":
        detail = "does not answer or takes no writes: workers look into the table meanwhile"
        return Finding("note", "redis", "redis", detail, "start Redis, or mend AGENTPAY_REDIS_URL")
    detail = "answers" if state == "ok" else "not used: jobs are done inside the web process"
    return Finding("well", "redis", "redis", detail)


async def look_at_polars_clock(db: Database) -> AsyncIterator[Finding]:
    """Webhooks are signed with a time, by Polar's clock."""
    rows = await db.all(
        "select distinct polar_base_url as url from organizations where deleted_at is null order by 1 limit %(limit)s",
        {"limit": URLS_MAX},
    )
    async with httpx.AsyncClient(timeout=ASK_SECONDS_MAX, follow_redirects=False) as http:
        for row in rows:
            try:
                answer = await http.get(row["url"])
                told = parsedate_to_datetime(answer.headers["date"])
            except (httpx.HTTPError, KeyError, ValueError):
                continue  # whether Polar answers at all, each organization's token tells
            yield clock_finding((utc_now() - told).total_seconds(), host=httpx.URL(row["url"]).host)


def clock_finding(apart: float, *, host: str) -> Finding:
    name, remedy = "Polar's clock", "have NTP set this machine's clock"
    if abs(apart) <= OTHERS_CLOCK_SECONDS_MAX:
        return Finding("well", "polar_clock", name, f"agrees with that of {host}")
    detail = f"{abs(apart):.0f} s {'behind' if apart > 0 else 'ahead of'} ours ({host}): "
    if abs(apart) > SIGNATURE_SECONDS_MAX:
        return Finding("broken", "polar_clock", name, detail + "every webhook is refused", remedy)
    return Finding("note", "polar_clock", name, detail + "webhooks are refused from 300 s on", remedy)
