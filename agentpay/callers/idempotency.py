"""Again or not: the first answer to an `Idempotency-Key`, kept 24 hours per caller (API § 1).

A key is claimed before the work and answered after it. `locked_until` is the claim's fence: whoever crashed loses the
key when it passes, and writes nothing if a slow process comes back. `POST …/messages` keeps its key in its own
transaction and uses `key_of` and `request_hash` only.
"""

import hashlib
import re
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.callers.asgi import Scope
from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.kit import errors, limits

LOCK_SECONDS = 120  # longer than any call that creates something may take
ANSWER_BYTES_MAX = 1024 * 1024
PURGE_ROWS_MAX = 10_000

# What says that nothing was decided: the caller is asked to try again, so the key must let it.
NOT_KEPT = frozenset({408, 425, 429})
SERVER_ERROR = 500

_PRINTABLE = re.compile(rf"[\x20-\x7e]{{1,{limits.IDEMPOTENCY_KEY_CHARACTERS_MAX}}}")


class IdempotencyMismatch(errors.Invalid):
    """422: this key was used for another method, path or body."""

    error = "IdempotencyMismatch"

    def __init__(self) -> None:
        super().__init__([("value_error", ("header", "Idempotency-Key"), "Used before for a different request.")])

    @property
    def body(self) -> dict[str, object]:
        return {"error": self.name, "detail": "This Idempotency-Key was used for a different request."}


class IdempotencyInProgress(errors.Conflict):
    """409: the first request with this key is still running."""

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still running.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class Claim(msgspec.Struct, frozen=True):
    """The right to answer a key, until `locked_until`."""

    caller: str
    key: str
    locked_until: datetime


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes


def key_of(scope: Scope) -> str | None:
    """The request's `Idempotency-Key`, or None without one. Raises `Invalid` when it is not 1–255 printable ASCII."""
    values: list[str] = [value.decode("latin-1") for name, value in scope["headers"] if name == b"idempotency-key"]
    if not values:
        return None
    if len(values) > 1 or _PRINTABLE.fullmatch(values[0]) is None:
        message = f"One key of 1 to {limits.IDEMPOTENCY_KEY_CHARACTERS_MAX} printable ASCII characters."
        raise errors.Invalid.at(("header", "Idempotency-Key"), message)
    return values[0]


def request_hash(*, method: str, path: str, body: bytes) -> bytes:
    """SHA-256 of what must be equal for two requests to be the same one."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).digest()


def is_kept(status: int) -> bool:
    """Whether an answer of that status is the answer: not when it asks to try again, not when we failed."""
    return status < SERVER_ERROR and status not in NOT_KEPT


def without(body: bytes, fields: Collection[str]) -> bytes:
    """A JSON object without the top-level fields that hold secrets shown once."""
    if not fields:
        return body
    value: Any = msgspec.json.decode(body)
    if isinstance(value, dict):
        value = {name: entry for name, entry in value.items() if name not in fields}
    return msgspec.json.encode(value)


_CLAIM = """
insert into idempotency_keys as k (caller, key, request_hash, locked_until)
values (%(caller)s, %(key)s, %(hash)s, clock_timestamp() + make_interval(secs => %(seconds)s))
on conflict (caller, key) do update
set request_hash = excluded.request_hash, locked_until = excluded.locked_until, status = 'running',
    created_at = now(), turn_id = null, message_id = null,
    response_status = null, response_body = null, response_headers = null
where k.created_at < now() - make_interval(hours => %(hours)s)
   or (k.status = 'running' and k.locked_until < clock_timestamp() and k.request_hash = excluded.request_hash)
returning locked_until
"""
_FIND = """
select request_hash, status, response_status, response_body, response_headers
from idempotency_keys where caller = %(caller)s and key = %(key)s
"""


async def claim(db: Database, *, caller: str, key: str, hash: bytes) -> Claim | Answer:
    """The right to answer `key`, or the answer that it has.

    Raises `IdempotencyMismatch` when the key belongs to another request, `IdempotencyInProgress` while that one runs.
    """
    params = {"caller": caller, "key": key, "hash": hash, "seconds": LOCK_SECONDS, "hours": limits.IDEMPOTENCY_HOURS}
    claimed = await db.one(_CLAIM, params)
    if claimed is not None:
        return Claim(caller, key, claimed["locked_until"])
    row = await db.one(_FIND, params)
    if row is None:  # given back between the two statements: its owner failed just now
        raise IdempotencyInProgress
    if row["request_hash"] != hash:
        raise IdempotencyMismatch
    if row["status"] == "running" or row["response_status"] is None:
        raise IdempotencyInProgress
    return Answer(row["response_status"], row["response_headers"] or {}, row["response_body"] or b"")


async def keep(db: Database, claim: Claim, answer: Answer) -> bool:
    """Store the answer of a claimed key; False when the claim was lost meanwhile."""
    kept = await db.run(
        """
        update idempotency_keys
        set status = 'done', response_status = %(status)s, response_body = %(body)s, response_headers = %(headers)s
        where caller = %(caller)s and key = %(key)s and status = 'running' and locked_until = %(locked_until)s
        """,
        {
            "caller": claim.caller,
            "key": claim.key,
            "locked_until": claim.locked_until,
            "status": answer.status,
            "body": answer.body,
            "headers": Jsonb(answer.headers),
        },
    )
    return kept == 1


async def give_back(db: Database, claim: Claim) -> None:
    """Nothing was decided: the key is free for the next try."""
    await db.run(
        """
        delete from idempotency_keys
        where caller = %(caller)s and key = %(key)s and status = 'running' and locked_until = %(locked_until)s
        """,
        {"caller": claim.caller, "key": claim.key, "locked_until": claim.locked_until},
    )


async def erase(tx: Tx, *, organization_id: UUID, conversation_id: UUID) -> int:
    """Remove what was answered to and about one conversation; returns how many keys went."""
    return await tx.execute(
        """
        delete from idempotency_keys
        where caller = 'conversation:' || %(conversation_id)s::text
           or (caller = 'organization:' || %(organization_id)s::text
               and (position(%(conversation_id)s::text::bytea in response_body) > 0
                    or message_id in (select id from messages where conversation_id = %(conversation_id)s)))
        """,
        {"organization_id": organization_id, "conversation_id": conversation_id},
    )


async def purge(db: Database) -> int:
    """Forget keys older than a day; returns how many. Bounded: call again while it is full."""
    return await db.run(
        """
        delete from idempotency_keys where (caller, key) in (
            select caller, key from idempotency_keys
            where created_at < now() - make_interval(hours => %(hours)s) limit %(rows)s
        )
        """,
        {"hours": limits.IDEMPOTENCY_HOURS, "rows": PURGE_ROWS_MAX},
    )
