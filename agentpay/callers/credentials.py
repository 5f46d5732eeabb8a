"""Which credential is this, and whose? Parsing is pure; each kind costs one query, remembered for some seconds."""

import re
import time
from collections.abc import Callable, Collection, Iterable
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit import ids, limits
from agentpay.kit.caller import Caller, Merchant, Operator, Page, Visitor
from agentpay.kit.recent import Recent

SECRET_PREFIX = "ap_sk_"
PUBLISHABLE_PREFIX = "ap_pk_"
TOKEN_PREFIX = "ap_ct_"

# Revocation must hold within 5 s everywhere: the rest is for the query and the request.
REMEMBERED_SECONDS = 4.0
REMEMBERED_MAX = 20_000
CREDENTIAL_CHARACTERS_MAX = 512

_BEARER = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)


class Credential(msgspec.Struct, frozen=True):
    """A credential that is good now. `allowed_origins` is None for an operator, who belongs to no organization."""

    caller: Caller
    allowed_origins: frozenset[str] | None = None


def bearer(authorization: str | None) -> str | None:
    """The token of `Authorization: Bearer …` (RFC 6750), or None for anything else."""
    match = _BEARER.fullmatch(authorization or "")
    if match is None or len(match[1]) > CREDENTIAL_CHARACTERS_MAX:
        return None
    return match[1]


class Credentials:
    """Looks credentials up by SHA-256, and remembers what it found for `REMEMBERED_SECONDS`."""

    def __init__(
        self, db: Database, *, admin_keys: Iterable[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._operators = {ids.secret_hash(key): Credential(Operator(ids.secret_hash(key).hex())) for key in admin_keys}
        self._recent: Recent[bytes, Credential | None] = Recent(
            seconds=REMEMBERED_SECONDS, entries_max=REMEMBERED_MAX, clock=clock
        )

    async def find(self, secret: str) -> Credential | None:
        """The credential behind `secret`, or None when it is unknown, revoked or expired."""
        key_hash = ids.secret_hash(secret)
        if key_hash in self._operators:
            return self._operators[key_hash]
        remembered = self._recent.find_fresh(key_hash)
        if remembered is not None:
            return remembered[0]
        asked_at = self._recent.now()
        if secret.startswith(TOKEN_PREFIX):
            credential = await find_token(self._db, key_hash=key_hash)
        elif secret.startswith((SECRET_PREFIX, PUBLISHABLE_PREFIX)):
            credential = await find_key(self._db, key_hash=key_hash)
        else:
            return None
        return self._recent.keep(key_hash, credential, asked_at=asked_at)


_FIND_TOKEN = """
select t.organization_id, t.conversation_id, o.allowed_origins,
       t.expires_at < now() + make_interval(days => %(days)s) - interval '1 day' as is_due
from conversation_tokens t join organizations o on o.id = t.organization_id
where t.token_hash = %(hash)s and t.revoked_at is null and t.expires_at > now() and o.deleted_at is null
"""
_PUSH_TOKEN = """
update conversation_tokens set expires_at = now() + make_interval(days => %(days)s)
where token_hash = %(hash)s and revoked_at is null and expires_at > now()
"""


async def find_token(db: Database, *, key_hash: bytes) -> Credential | None:
    """A conversation token that has not ended. Use pushes its expiry forward, written at most once a day."""
    params = {"hash": key_hash, "days": limits.TOKEN_DAYS}
    row = await db.one(_FIND_TOKEN, params)
    if row is None:
        return None
    if row["is_due"]:
        await db.run(_PUSH_TOKEN, params)
    visitor = Visitor(row["organization_id"], row["conversation_id"], key_hash)
    return Credential(visitor, frozenset(row["allowed_origins"]))


_FIND_KEY = """
select k.id, k.kind, k.organization_id, o.allowed_origins,
       k.last_used_at is null or k.last_used_at < now() - interval '1 minute' as is_due
from api_keys k join organizations o on o.id = k.organization_id
where k.key_hash = %(hash)s and k.deleted_at is null and o.deleted_at is null
"""


async def find_key(db: Database, *, key_hash: bytes) -> Credential | None:
    """A secret or publishable key that is not revoked. Its use is noted, at most once a minute."""
    row = await db.one(_FIND_KEY, {"hash": key_hash})
    if row is None:
        return None
    if row["is_due"]:
        await db.run("update api_keys set last_used_at = now() where id = %(id)s", {"id": row["id"]})
    return Credential(_key_caller(row), frozenset(row["allowed_origins"]))


def _key_caller(row: Row) -> Merchant | Page:
    if row["kind"] == "secret":
        return Merchant(row["organization_id"], row["id"])
    return Page(row["organization_id"], row["id"], origin="")


_LIST_LIVE = """
select t.token_hash, null::uuid as key_id, o.allowed_origins
from conversation_tokens t join organizations o on o.id = t.organization_id
where t.token_hash = any(%(hashes)s) and t.revoked_at is null and t.expires_at > now() and o.deleted_at is null
union all
select null, k.id, '{}' from api_keys k join organizations o on o.id = k.organization_id
where k.id = any(%(key_ids)s) and k.deleted_at is null and o.deleted_at is null
"""


async def list_ended(db: Database, callers: Collection[Visitor | Merchant]) -> set[Visitor | Merchant]:
    """Those of `callers` whose credential has ended since, or whose Origin is no longer allowed.

    One statement however many they are: for streams, which outlive the moment when they were admitted.
    """
    hashes: set[bytes] = {caller.token_hash for caller in callers if isinstance(caller, Visitor)}
    key_ids: set[UUID] = {caller.key_id for caller in callers if isinstance(caller, Merchant)}
    rows = await db.all(_LIST_LIVE, {"hashes": list(hashes), "key_ids": list(key_ids)})
    tokens = {row["token_hash"]: row["allowed_origins"] for row in rows if row["token_hash"] is not None}
    keys = {row["key_id"] for row in rows if row["key_id"] is not None}

    def is_live(caller: Visitor | Merchant) -> bool:
        if isinstance(caller, Merchant):
            return caller.key_id in keys
        origins = tokens.get(caller.token_hash)
        return origins is not None and (caller.origin is None or caller.origin in origins)

    return {caller for caller in callers if not is_live(caller)}
