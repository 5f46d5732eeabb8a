"""Background work: `catalog.sync` for one organization, `catalog.sync_due` for those whose time has come.

`worker.py` takes `SCHEDULES` and `handlers`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from agentpay.catalog.sync import note_failure, sync
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.jobs.executor import Handler
from agentpay.kit.errors import NotFound
from agentpay.organizations import verify
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway

log = structlog.get_logger()

SYNC = verify.SYNC
SYNC_DUE = "catalog.sync_due"
SYNC_DUE_SECONDS = 20.0

EVERY_SECONDS = 600
JITTER_SECONDS = 60
"""Organizations that came at once drift apart by this much a round."""
DUE_MAX = 100
"""Syncs that one round enqueues: with a round each 20 s, 3,000 organizations in ten minutes."""
SYNC_ATTEMPTS_MAX = 4
BUSY_SECONDS = 15.0

# A row for who has none, due at once; then claim: moved on before the work, so that who fails blocks nobody.
_ENROL = f"""
insert into catalog_syncs (organization_id)
select id from organizations where deleted_at is null
  and not exists (select from catalog_syncs where organization_id = organizations.id)
order by id limit {DUE_MAX} on conflict do nothing
"""
_CLAIM_DUE = f"""
update catalog_syncs set due_at = clock_timestamp()
  + make_interval(secs => {EVERY_SECONDS} + (random() - 0.5) * {JITTER_SECONDS})
where organization_id in (
  select due.organization_id from catalog_syncs due join organizations on organizations.id = due.organization_id
  where due.due_at <= clock_timestamp() and organizations.deleted_at is null
  order by due.due_at limit {DUE_MAX} for update of due skip locked)
returning organization_id
"""


async def run_sync(db: Database, jobs: Jobs, gateway: PolarGateway, *, organization_id: UUID) -> None:
    """The job `catalog.sync`. Trouble that may pass is raised and tried again, a full rate bucket waited for.

    What Polar refuses for good is not tried again before the next round; a refused token `organizations` looks into.
    """
    try:
        polar = await gateway.of(organization_id, priority="sync")
        await sync(db, jobs, polar, organization_id=organization_id)
    except NotFound:
        return
    except PolarError as error:
        await note_failure(db, organization_id=organization_id, error=error.kind)
        if error.kind in ("rate_limited", "paused"):
            raise Later(max(error.retry_hint or 0, BUSY_SECONDS)) from None
        if not error.permanent:
            raise
        log.warning("catalog.sync_refused", organization_id=str(organization_id), error=str(error))
        if error.kind in ("unauthorized", "forbidden"):
            async with db.transaction() as tx:
                await verify.request_verify(tx, jobs, organization_id=organization_id)


async def sync_due(db: Database, jobs: Jobs) -> int:
    """The job `catalog.sync_due`: enqueue a sync for each organization whose time has come. Returns how many."""
    await db.run(_ENROL)
    async with db.transaction() as tx:
        rows = await tx.all(_CLAIM_DUE)
        for row in rows:
            organization_id = row["organization_id"]
            await jobs.enqueue(
                tx,
                SYNC,
                {"organization_id": organization_id},
                key=f"{SYNC}:{organization_id}",
                attempts_max=SYNC_ATTEMPTS_MAX,
            )
    return len(rows)


SCHEDULES: Mapping[str, float] = {SYNC_DUE: SYNC_DUE_SECONDS}


def handlers(db: Database, jobs: Jobs, polar: PolarGateway) -> dict[str, Handler]:
    """Functions by kind."""

    async def one(arguments: dict[str, Any]) -> None:
        await run_sync(db, jobs, polar, organization_id=UUID(arguments["organization_id"]))

    async def due(_: dict[str, Any]) -> None:
        await sync_due(db, jobs)

    return {SYNC: one, SYNC_DUE: due}
