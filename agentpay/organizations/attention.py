"""What needs the merchant's attention: said once, taken back when it is mended."""

from collections.abc import Collection
from uuid import UUID

import structlog

from agentpay.db.transaction import Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.organizations.notify import notify

log = structlog.get_logger()

TOKEN_REFUSED = "Polar refuses the access token."
OTHER_ORGANIZATION = "The access token belongs to another Polar organization."
PAYMENTS_NOT_READY = "Polar does not take payments for this organization yet."
WEBHOOK_BROKEN = "Polar's webhook endpoint is missing or disabled; POST …/webhook repairs it."
ORDERS_UNREADABLE = "The access token lacks the scope orders:read: orders whose webhook got lost are not found."
REFUNDS_UNREADABLE = "The access token lacks the scope refunds:read: refunds whose webhook got lost are not found."

TYPE = "organization.attention"


async def need(tx: Tx, jobs: Jobs, *, organization_id: UUID, reason: str, yields: bool = False) -> bool:
    """Mark the organization and notify the merchant, unless this reason was given already. `reason` is a sentence.

    `yields`: where something else is said of the organization, or nothing is known of it yet, this waits.
    """
    marked = await tx.execute(
        "update organizations set status = 'attention', attention = %(reason)s, modified_at = now()"
        " where id = %(organization_id)s and deleted_at is null"
        " and (status = 'active' or not %(yields)s"
        " and (status <> 'attention' or attention is distinct from %(reason)s))",
        {"organization_id": organization_id, "reason": reason, "yields": yields},
    )
    if marked:
        log.warning("organization.needs_attention", organization_id=str(organization_id), reason=reason)
        await notify(tx, jobs, organization_id=organization_id, type=TYPE, data={"reason": reason})
    return bool(marked)


async def settle(tx: Tx, *, organization_id: UUID, reasons: Collection[str]) -> bool:
    """Take back the mark if it is about one of `reasons`, or if the organization was unverified."""
    settled = await tx.execute(
        "update organizations set status = 'active', attention = null, modified_at = now()"
        " where id = %(organization_id)s and deleted_at is null"
        " and (status = 'unverified' or (status = 'attention' and attention = any(%(reasons)s)))",
        {"organization_id": organization_id, "reasons": list(reasons)},
    )
    return bool(settled)
