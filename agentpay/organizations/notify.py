"""Telling the merchant: signed Standard Webhooks to `notify_url`, at least once, retried for 24 hours (API § 8).

A notification is stored with what it tells about, in its transaction; the job `notify.send` carries it out.
"""

import base64
import hashlib
import hmac
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.egress import Egress, EgressBusy, EgressError
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.kit import ids, wire
from agentpay.kit.clock import Clock
from agentpay.organizations.secrets import Vault

log = structlog.get_logger()

SEND = "notify.send"
RETRIED_HOURS = 24
KEPT_DAYS = 30
PURGE_ROWS_MAX = 10_000
BACKOFF_SECONDS = 5.0
BUSY_SECONDS = 2.0
BACKOFF_FACTOR = 4.0
BACKOFF_SECONDS_MAX = 4 * 3600.0
ERROR_CHARACTERS_MAX = 200
SECRET_PREFIX = "whsec_"


async def notify(
    tx: Tx,
    jobs: Jobs,
    *,
    organization_id: UUID,
    type: str,
    data: Mapping[str, Any],
    conversation_id: UUID | None = None,
) -> None:
    """Tell the merchant `{type, timestamp, data}` once `tx` has committed; nothing without a `notify_url`.

    `conversation_id` lets erasure find what is told about a visitor.
    """
    row = await tx.one(
        "insert into notifications (id, organization_id, conversation_id, type, data)"
        " select %(id)s, id, %(conversation_id)s, %(type)s, %(data)s from organizations"
        " where id = %(organization_id)s and notify_url is not null and deleted_at is null returning id",
        {
            "id": ids.uuid7(),
            "organization_id": organization_id,
            "conversation_id": conversation_id,
            "type": type,
            "data": Jsonb(data, dumps=wire.encode),
        },
    )
    if row is not None:
        await jobs.enqueue(tx, SEND, {"notification_id": row["id"]}, key=f"{SEND}:{row['id']}")


_FIND = """
select n.id, n.organization_id, n.created_at, n.type, n.data, n.attempt, o.notify_url,
       n.created_at < now() - make_interval(hours => %(hours)s) as is_late
from notifications n join organizations o on o.id = n.organization_id and o.deleted_at is null
where n.id = %(id)s and n.status = 'waiting'
"""


async def send(
    db: Database, vault: Vault, egress: Egress, *, notification_id: UUID, clock: Clock, noise: float | None = None
) -> None:
    """Try to deliver one notification. Raises `Later` when it must be tried again.

    Taken (2xx) → sent. No `notify_url` any more → dropped. Not taken for 24 hours, or an address that may not be
    called → parked.
    """
    row = await db.one(_FIND, {"id": notification_id, "hours": RETRIED_HOURS})
    if row is None:
        return
    if row["notify_url"] is None:
        await settle(db, row, status="dropped", error="no notify_url")
        return
    secrets = await vault.valid(db, row["organization_id"], "notify")
    try:
        error = await deliver(egress, row, secrets=secrets, now=clock())
        is_hopeless = False
    except EgressBusy:
        raise Later(BUSY_SECONDS) from None
    except EgressError as failure:
        error, is_hopeless = failure.reason, failure.permanent
    if error is None:
        await settle(db, row, status="sent", error=None)
        return
    if is_hopeless or row["is_late"]:
        await settle(db, row, status="parked", error=error)
        log.warning("notification.parked", organization_id=str(row["organization_id"]), type=row["type"], error=error)
        return
    await settle(db, row, status="waiting", error=error)
    raise Later(backoff_seconds(row["attempt"] + 1, noise=random.random() if noise is None else noise))


async def deliver(egress: Egress, row: Row, *, secrets: Sequence[str], now: datetime) -> str | None:
    """Send; None when it was taken, else what the merchant's server said. Raises `EgressError`."""
    body = wire.encode({"type": row["type"], "timestamp": wire.in_utc(row["created_at"]), "data": row["data"]})
    headers = {
        "Content-Type": "application/json",
        **signature_headers(str(row["id"]), timestamp=int(now.timestamp()), body=body, secrets=secrets),
    }
    reply = await egress.post(row["notify_url"], body=body, headers=headers)
    return None if 200 <= reply.status < 300 else f"HTTP {reply.status}"


def signature_headers(message_id: str, *, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, one for each valid secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (hmac.digest(signing_key(secret), signed, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join("v1," + base64.b64encode(signature).decode() for signature in signatures),
    }


def signing_key(secret: str) -> bytes:
    """The bytes behind a `whsec_` secret of ours."""
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))


def backoff_seconds(attempt: int, *, noise: float) -> float:
    """After failed attempt 1, 2, 3 …: 5 s, 20 s, 80 s … up to 4 h, ± 20 %. `noise` lies in [0, 1)."""
    delay = min(BACKOFF_SECONDS * BACKOFF_FACTOR ** (attempt - 1), BACKOFF_SECONDS_MAX)
    return float(delay * (0.8 + 0.4 * noise))


async def settle(db: Database, row: Row, *, status: str, error: str | None) -> None:
    await db.run(
        "update notifications set status = %(status)s, error = %(error)s, attempt = attempt + 1,"
        " sent_at = case when %(status)s = 'sent' then now() end where id = %(id)s and status = 'waiting'",
        {"id": row["id"], "status": status, "error": error and error[:ERROR_CHARACTERS_MAX]},
    )


async def purge(db: Database) -> int:
    """Forget notifications that were settled `KEPT_DAYS` ago; returns how many. Call again while it is full."""
    return await db.run(
        "delete from notifications where id in (select id from notifications where status <> 'waiting'"
        " and created_at < now() - make_interval(days => %(days)s) limit %(rows)s)",
        {"days": KEPT_DAYS, "rows": PURGE_ROWS_MAX},
    )
