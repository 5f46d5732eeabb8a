"""An organization's secrets: sealed with the operator's keys, rotated with an overlap, readable by our code only."""

import base64
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.kit import ids
from agentpay.kit.errors import Unavailable
from agentpay.kit.recent import Recent
from agentpay.kit.wire import in_utc

SecretKind = Literal["polar_token", "webhook", "identity", "notify"]

# After a rotation the old secret is good for so long, so that nobody has to change two places at the same moment.
OVERLAP_HOURS = 24
REMEMBERED_SECONDS = 4.0
REMEMBERED_MAX = 2_000
STANDARD_WEBHOOKS_BYTES = 32


class SecretUnreadable(Unavailable):
    """None of `AGENTPAY_ENCRYPTION_KEYS` opens a stored secret: a key was removed too early."""

    error = "Unavailable"


class Vault:
    """Seals and opens secrets with the given Fernet keys: the first seals, all open. Its repr tells nothing."""

    def __init__(self, encryption_keys: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in encryption_keys])
        self._recent: Recent[tuple[UUID, SecretKind], list[str]] = Recent(
            seconds=REMEMBERED_SECONDS, entries_max=REMEMBERED_MAX, clock=clock
        )

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, ciphertext: bytes) -> str:
        """The secret. Raises `SecretUnreadable`."""
        try:
            return self._fernet.decrypt(bytes(ciphertext)).decode()
        except InvalidToken:
            raise SecretUnreadable("A stored secret cannot be read with the configured encryption keys.") from None

    async def current(self, db: Database | Tx, organization_id: UUID, kind: SecretKind) -> str | None:
        """The secret in use, or None when there is none."""
        ciphertext = await db.value(
            "select ciphertext from organization_secrets"
            " where organization_id = %(organization_id)s and kind = %(kind)s and expires_at is null",
            {"organization_id": organization_id, "kind": kind},
        )
        return None if ciphertext is None else self.open(ciphertext)

    async def valid(self, db: Database | Tx, organization_id: UUID, kind: SecretKind) -> list[str]:
        """The secret in use first, then those that a rotation has not ended yet."""
        rows = await db.all(
            "select ciphertext from organization_secrets"
            " where organization_id = %(organization_id)s and kind = %(kind)s"
            " and (expires_at is null or expires_at > now()) order by expires_at desc nulls first, id desc limit 10",
            {"organization_id": organization_id, "kind": kind},
        )
        return [self.open(row["ciphertext"]) for row in rows]

    async def remembered(self, db: Database, organization_id: UUID, kind: SecretKind) -> list[str]:
        """`valid` as of at most `REMEMBERED_SECONDS` ago: for hot paths, which ask `valid` before they refuse."""
        known = self._recent.find_fresh((organization_id, kind))
        if known is not None:
            return known[0]
        asked_at = self._recent.now()
        found = await self.valid(db, organization_id, kind)
        # Nothing found is not remembered: made-up ids must not push real ones out.
        return self._recent.keep((organization_id, kind), found, asked_at=asked_at) if found else found

    async def put(
        self, tx: Tx, *, organization_id: UUID, kind: SecretKind, secret: str, overlap_hours: int = 0
    ) -> None:
        """Make `secret` the one in use; the one before stays valid for `overlap_hours`.

        Waits for the organization's row, so that two rotations come one after the other.
        """
        scope = {"organization_id": organization_id, "kind": kind, "hours": overlap_hours}
        await tx.execute("select 1 from organizations where id = %(organization_id)s for update", scope)
        await tx.execute(
            "update organization_secrets set expires_at = now() + make_interval(hours => %(hours)s)"
            " where organization_id = %(organization_id)s and kind = %(kind)s and expires_at is null",
            scope,
        )
        await tx.execute(
            "delete from organization_secrets where organization_id = %(organization_id)s and kind = %(kind)s"
            " and expires_at <= now()",
            scope,
        )
        await tx.execute(
            "insert into organization_secrets (id, organization_id, kind, ciphertext, last4)"
            " values (%(id)s, %(organization_id)s, %(kind)s, %(ciphertext)s, %(last4)s)",
            {**scope, "id": ids.uuid7(), "ciphertext": self.seal(secret), "last4": last4(secret)},
        )


async def last4_of(db: Database | Tx, *, organization_ids: Sequence[UUID]) -> dict[tuple[UUID, str], str]:
    """What reads show of the secrets in use, by organization and kind."""
    rows = await db.all(
        "select organization_id, kind, last4 from organization_secrets"
        " where organization_id = any(%(ids)s) and expires_at is null",
        {"ids": list(organization_ids)},
    )
    return {(row["organization_id"], row["kind"]): row["last4"] for row in rows}


async def wipe(tx: Tx, *, organization_id: UUID) -> None:
    """Remove all secrets of an organization that is gone."""
    await tx.execute(
        "delete from organization_secrets where organization_id = %(organization_id)s",
        {"organization_id": organization_id},
    )


def last4(secret: str) -> str:
    """The end of a secret that is long enough to spare it."""
    return secret[-4:] if len(secret) >= 16 else ""


def new_identity_secret() -> str:
    return ids.new_secret("ap_is_")


def new_notify_secret() -> str:
    """A Standard Webhooks secret: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(STANDARD_WEBHOOKS_BYTES)).decode()


async def previous_ends_at(db: Database | Tx, *, organization_id: UUID, kind: SecretKind) -> datetime | None:
    """Until when the secret before the one in use is valid."""
    moment: datetime | None = await db.value(
        "select max(expires_at) from organization_secrets where organization_id = %(organization_id)s"
        " and kind = %(kind)s and expires_at > now()",
        {"organization_id": organization_id, "kind": kind},
    )
    return in_utc(moment)
