"""What the worker does for organizations: kinds and their functions."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from agentpay.db.engine import Database
from agentpay.egress import Egress
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotFound
from agentpay.organizations import notify, verify, webhook
from agentpay.organizations.secrets import Vault
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway

Handler = Callable[[dict[str, Any]], Awaitable[None]]

SWEEP = "organizations.sweep"
PURGE = "notifications.purge"
SCHEDULES: Mapping[str, float] = {SWEEP: 3_600, PURGE: 3_600}


def handlers(
    db: Database,
    jobs: Jobs,
    vault: Vault,
    polar: PolarGateway,
    egress: Egress,
    *,
    public_url: str | None,
    clock: Clock,
) -> dict[str, Handler]:
    """Functions by kind."""

    async def send(arguments: dict[str, Any]) -> None:
        await notify.send(db, vault, egress, notification_id=UUID(arguments["notification_id"]), clock=clock)

    async def look_after(arguments: dict[str, Any]) -> None:
        organization_id = UUID(arguments["organization_id"])
        await verify.verify(db, jobs, polar, organization_id=organization_id)
        try:
            await webhook.look_after(db, jobs, vault, polar, organization_id=organization_id, public_url=public_url)
        except (NotFound, PolarError):
            return  # gone, or asked again by the next sweep

    async def sweep(arguments: dict[str, Any]) -> None:
        await verify.sweep(db, jobs)

    async def purge(arguments: dict[str, Any]) -> None:
        while await notify.purge(db) == notify.PURGE_ROWS_MAX:
            pass

    return {notify.SEND: send, verify.VERIFY: look_after, SWEEP: sweep, PURGE: purge}
