"""Does Polar know this token, and as whom? Asked when a token is written, and by the job `organization.verify`."""

from typing import Any
from uuid import UUID

import structlog

from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.kit.errors import Invalid, NotFound
from agentpay.organizations import attention, repository
from agentpay.organizations.attention import OTHER_ORGANIZATION, PAYMENTS_NOT_READY, TOKEN_REFUSED
from agentpay.organizations.scopes import SCOPES
from agentpay.polar.client import Credential
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import Organization

log = structlog.get_logger()

VERIFY = "organization.verify"
SYNC = "catalog.sync"
RETRY_SECONDS = 60.0
SWEEP_MAX = 500

TOKEN_LOC = ("body", "polar", "access_token")
URL_LOC = ("body", "polar", "base_url")


async def ask(gateway: PolarGateway, *, credential: Credential) -> Organization | None:
    """Ask Polar once whose token this is; None when Polar cannot be reached or is unwell.

    Raises `Invalid` when Polar answers and refuses.
    """
    try:
        page = await gateway.probe(credential).list_organizations()
    except PolarError as error:
        refusal = refusal_of(error, is_custom=credential.environment == "custom")
        if refusal is not None:
            raise refusal from None
        log.warning("organization.unverified", error=error.kind)
        return None
    if not page.items:
        raise Invalid.at(TOKEN_LOC, "This token belongs to no organization of Polar.")
    return page.items[0]


def refusal_of(error: PolarError, *, is_custom: bool) -> Invalid | None:
    """Polar's no in words for whoever wrote the token; None for trouble that may pass."""
    if error.kind == "unauthorized":
        return Invalid.at(TOKEN_LOC, "Polar refuses this token.")
    if error.kind == "forbidden":
        needed = ", ".join(SCOPES)
        return Invalid.at(TOKEN_LOC, f"This token lacks the scope organizations:read. It needs {needed}.")
    if error.kind in ("route", "unreadable") and is_custom:
        return Invalid.at(URL_LOC, "What answers at this address is not Polar's API.")
    return None


def polar_columns(organization: Organization) -> dict[str, Any]:
    """What we keep of Polar's organization, by column."""
    is_ready = takes_payments(organization)
    return {
        "polar_organization_id": organization.id,
        "capabilities": organization.capabilities,
        "status": "active" if is_ready else "attention",
        "attention": None if is_ready else PAYMENTS_NOT_READY,
    }


def takes_payments(organization: Organization) -> bool:
    """Polar makes checkouts for organizations that it has not approved, then refuses the buyer (polar/API.md § 3.5)."""
    return organization.capabilities.get("checkout_payments") is not False


async def learn(tx: Tx, jobs: Jobs, *, organization_id: UUID, organization: Organization) -> None:
    """Take over what Polar tells about its organization, by answer or by webhook `organization.updated`.

    A different Polar organization than the one that was bound before is not taken over: attention. Raises `NotFound`.
    """
    row = await repository.lock(tx, organization_id=organization_id)
    if row.polar_organization_id not in (None, organization.id):
        await attention.need(tx, jobs, organization_id=organization_id, reason=OTHER_ORGANIZATION)
        return
    changes = {"polar_organization_id": organization.id, "capabilities": organization.capabilities}
    if any(getattr(row, name) != value for name, value in changes.items()):
        await repository.update(tx, organization_id=organization_id, changes=changes)
    if not takes_payments(organization):
        await attention.need(tx, jobs, organization_id=organization_id, reason=PAYMENTS_NOT_READY)
        return
    mended = (TOKEN_REFUSED, OTHER_ORGANIZATION, PAYMENTS_NOT_READY)
    if await attention.settle(tx, organization_id=organization_id, reasons=mended):
        await request_sync(tx, jobs, organization_id=organization_id)


async def verify(db: Database, jobs: Jobs, gateway: PolarGateway, *, organization_id: UUID) -> None:
    """The job: ask with the stored token. Raises `Later` while an unverified one's Polar cannot be reached."""
    try:
        row = await repository.get(db, organization_id=organization_id)
        polar = await gateway.of(organization_id, priority="sync")
        page = await polar.list_organizations()
    except NotFound:
        return
    except PolarError as error:
        if error.kind in ("unauthorized", "forbidden"):
            async with db.transaction() as tx:
                await attention.need(tx, jobs, organization_id=organization_id, reason=TOKEN_REFUSED)
        elif row.status == "unverified":
            raise Later(RETRY_SECONDS) from None
        return
    async with db.transaction() as tx:
        if page.items:
            await learn(tx, jobs, organization_id=organization_id, organization=page.items[0])
        else:
            await attention.need(tx, jobs, organization_id=organization_id, reason=TOKEN_REFUSED)


async def request_verify(tx: Tx, jobs: Jobs, *, organization_id: UUID, delay_seconds: float = 0) -> None:
    key = f"{VERIFY}:{organization_id}"
    await jobs.enqueue(tx, VERIFY, {"organization_id": organization_id}, key=key, delay_seconds=delay_seconds)


async def request_sync(tx: Tx, jobs: Jobs, *, organization_id: UUID) -> None:
    """Mirror the catalogue now; a sync that waits or runs already is enough."""
    await jobs.enqueue(tx, SYNC, {"organization_id": organization_id}, key=f"{SYNC}:{organization_id}")


async def sweep(db: Database, jobs: Jobs) -> int:
    """Have every organization verified again: tokens expire, capabilities change. Returns how many."""
    count, last = 0, None
    while rows := await repository.list_all(db, limit=SWEEP_MAX, before_id=last):
        async with db.transaction() as tx:
            for row in rows:
                await request_verify(tx, jobs, organization_id=row.id)
        count, last = count + len(rows), rows[-1].id
    return count
