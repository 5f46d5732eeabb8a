"""The jobs of this package: kind → what it does. Polar's trouble is no failure of a job: it comes again later."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from agentpay.checkout import kinds, leftovers, outbox, watch
from agentpay.checkout.perform import perform
from agentpay.checkout.revoke import revoke
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotFound
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway

Handler = Callable[[dict[str, Any]], Awaitable[None]]

SCHEDULES: dict[str, float] = {kinds.SWEEP: 30.0}
"""Recurring kinds and their seconds."""


def handlers(db: Database, polar: PolarGateway, appender: Appender, jobs: Jobs, *, clock: Clock) -> dict[str, Handler]:
    """What `worker.py` registers."""

    async def perform_checkout(arguments: dict[str, Any]) -> None:
        wait = await perform(db, polar, appender, jobs, **_ids(arguments, "checkout_id"))
        if wait is not None:
            raise Later(wait)

    async def poll(arguments: dict[str, Any], *, is_quick: bool) -> float | None:
        ids = _ids(arguments, "checkout_id")
        return await watch.poll(
            db,
            polar,
            appender,
            jobs,
            organization_id=ids["organization_id"],
            checkout_id=ids["checkout_id"],
            clock=clock,
            is_quick=is_quick,
        )

    async def poll_checkout(arguments: dict[str, Any]) -> None:
        wait = await poll(arguments, is_quick=False)
        if wait is not None:
            raise Later(wait)

    async def look_at_checkout(arguments: dict[str, Any]) -> None:
        wait = await poll(arguments, is_quick=True)
        if wait is not None:
            raise Later(wait)

    async def revoke_offer(arguments: dict[str, Any]) -> None:
        ids = _ids(arguments, "offer_id")
        await revoke(db, polar, appender, jobs, organization_id=ids["organization_id"], offer_id=ids["offer_id"])

    async def tidy_checkout(arguments: dict[str, Any]) -> None:
        await leftovers.tidy(db, polar, **_ids(arguments, "checkout_id"))

    async def watch_prices(arguments: dict[str, Any]) -> None:
        await watch.prices_changed(
            db,
            appender,
            jobs,
            organization_id=UUID(arguments["organization_id"]),
            product_ids=[UUID(product_id) for product_id in arguments["product_ids"]],
        )

    async def sweep(arguments: dict[str, Any]) -> None:
        while await watch.sweep(db, appender, jobs) >= watch.SWEEP_ROWS_MAX:
            pass

    return {
        kinds.PERFORM: _patient(perform_checkout),
        kinds.POLL: _patient(poll_checkout),
        kinds.LOOK: _patient(look_at_checkout),
        kinds.REVOKE: _patient(revoke_offer),
        kinds.TIDY: _patient(tidy_checkout),
        kinds.PRICE_WATCH: watch_prices,
        kinds.SWEEP: sweep,
    }


def _ids(arguments: dict[str, Any], name: str) -> dict[str, UUID]:
    return {"organization_id": UUID(arguments["organization_id"]), name: UUID(arguments[name])}


def _patient(handler: Handler) -> Handler:
    """Polar's passing trouble puts the job off; what will not pass counts as a failure; a row that is gone ends it."""

    async def run(arguments: dict[str, Any]) -> None:
        try:
            await handler(arguments)
        except NotFound:
            return
        except PolarError as error:
            if error.permanent:
                raise
            raise Later(outbox.retry_seconds(1, hint=error.retry_hint, permanent=error.permanent)) from None

    return run
