"""The checkout row as an outbox: who may perform it, what was sent, when to try again. All times are the database's.

`attempt` is the fencing token: a performer that was frozen past its lease finds it raised and writes nothing more.
"""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from agentpay.checkout.errors import LeaseLost
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx

# A call takes at most 15 s, waiting for the rate limit and a slot at most 9 s more.
LEASE_SECONDS = 30
# Polar goes on with what it received although its answer got lost; before this nothing can be concluded (OFFERS D8).
UNKNOWN_SECONDS = 20
RETRY_SECONDS_MIN = 2.0
RETRY_SECONDS_MAX = 300.0
REFUSED_SECONDS_MIN = 60.0

_LEASE = f"lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'"


async def claim(db: Database, *, organization_id: UUID, checkout_id: UUID) -> Row | None:
    """Take the row for one attempt, if it is due and nobody else's.

    The row has also `unknown_for` (seconds since an unanswered POST, or None), `is_over` (it is too late to go on) and
    `now`, all by the database's clock.
    """
    return await db.one(
        f"""update checkouts set attempt = attempt + 1, {_LEASE}, is_uncertain = is_uncertain or sent_at is not null
        where id = %(id)s and organization_id = %(organization_id)s and status = 'creating'
          and (lease_until is null or lease_until < clock_timestamp()) and next_try_at <= clock_timestamp()
        returning *, extract(epoch from clock_timestamp() - sent_at)::float8 as unknown_for,
          give_up_at <= clock_timestamp() as is_over, clock_timestamp() as now""",
        {"id": checkout_id, "organization_id": organization_id},
    )


async def seconds_until_due(db: Database, *, organization_id: UUID, checkout_id: UUID) -> float | None:
    """When the row may be claimed again; None when there is nothing to perform any more."""
    wait: float | None = await db.value(
        """select greatest(0.05, extract(epoch from greatest(next_try_at, coalesce(lease_until, next_try_at))
          - clock_timestamp())::float8)
        from checkouts where id = %(id)s and organization_id = %(organization_id)s and status = 'creating'""",
        {"id": checkout_id, "organization_id": organization_id},
    )
    return wait


class Attempt:
    """The right to perform one row, as long as its lease is renewed before every call."""

    def __init__(self, db: Database, row: Row) -> None:
        self._db = db
        self.organization_id: UUID = row["organization_id"]
        self.checkout_id: UUID = row["id"]
        self.number: int = row["attempt"]

    @property
    def key(self) -> dict[str, Any]:
        return {"id": self.checkout_id, "attempt": self.number}

    async def renew(self) -> None:
        """Before every call. Raises LeaseLost."""
        self._held(
            await self._db.run(
                f"update checkouts set {_LEASE} where id = %(id)s and attempt = %(attempt)s and status = 'creating'",
                self.key,
            )
        )

    async def mark_sent(self, tx: Tx, *, list_amount: int, amount: int, prices: list[Any]) -> None:
        """Just before a POST: what it asks for, and that from now on its outcome may be unknown. Raises LeaseLost."""
        self._held(
            await tx.execute(
                f"""update checkouts set sent_at = clock_timestamp(), {_LEASE}, list_amount = %(list_amount)s,
                  amount = %(amount)s, prices = %(prices)s
                where id = %(id)s and attempt = %(attempt)s and status = 'creating'""",
                self.key | {"list_amount": list_amount, "amount": amount, "prices": Jsonb(prices)},
            )
        )

    async def mark_answered(self, tx: Tx, *, discount_id: UUID | None = None) -> None:
        """Nothing that was sent is without an answer any more. `discount_id`: what came of it. Raises LeaseLost."""
        self._held(
            await tx.execute(
                """update checkouts set sent_at = null, discount_id = coalesce(%(discount_id)s, discount_id)
                where id = %(id)s and attempt = %(attempt)s and status = 'creating'""",
                self.key | {"discount_id": discount_id},
            )
        )

    async def forget_discount(self, tx: Tx) -> None:
        """The row sells without it from now on. Raises LeaseLost."""
        self._held(
            await tx.execute(
                """update checkouts set discount_id = null
                where id = %(id)s and attempt = %(attempt)s and status = 'creating'""",
                self.key,
            )
        )

    async def put_off(self, *, seconds: float) -> None:
        """Let go of the row until then."""
        await self._db.run(
            """update checkouts set lease_until = null, is_uncertain = is_uncertain or sent_at is not null,
              next_try_at = clock_timestamp() + make_interval(secs => %(seconds)s)
            where id = %(id)s and attempt = %(attempt)s and status = 'creating'""",
            self.key | {"seconds": seconds},
        )

    def _held(self, touched: int) -> None:
        if not touched:
            raise LeaseLost


def retry_seconds(attempt: int, *, hint: float | None, permanent: bool) -> float:
    """How long to wait after an attempt that failed. Polar's hint counts; a refused token is asked about slowly."""
    least = REFUSED_SECONDS_MIN if permanent else RETRY_SECONDS_MIN
    backoff = min(RETRY_SECONDS_MAX, least * 2 ** min(max(attempt - 1, 0), 10))
    return max(backoff if hint is None else min(hint, RETRY_SECONDS_MAX), 0.5)
