"""Offers over HTTP: the merchant's side (`/v1/offers`, API § 8) and a conversation's list (API § 5).

Accepting one is `checkout/endpoints.py`: it makes a checkout.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.kit import pages
from agentpay.kit.caller import Member, Merchant
from agentpay.kit.limits import LIST_LIMIT_DEFAULT
from agentpay.kit.wire import Limit
from agentpay.offers import approval, repository
from agentpay.offers.public import OfferPublic, OfferStatus, offer_struct

TAGS = ["offers"]


class OfferApprove(msgspec.Struct, forbid_unknown_fields=True):
    """`amount` in minor units, from the offered to the list amount; null = as offered."""

    amount: Annotated[int, msgspec.Meta(ge=0)] | None = None
    valid_minutes: Annotated[int, msgspec.Meta(ge=1, le=approval.APPROVED_MINUTES_MAX)] = (
        approval.APPROVED_MINUTES_DEFAULT
    )


@get("/v1/offers", status_code=200, operation_id="list_offers", tags=TAGS)
async def list_offers(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    status: FromQuery[OfferStatus | None] = None,
    conversation_id: FromQuery[UUID | None] = None,
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[OfferPublic]:
    """The organization's offers, newest first."""
    rows = await repository.list_offers(
        db,
        organization_id=merchant.organization_id,
        status=status,
        conversation_id=conversation_id,
        before=pages.decode_cursor(cursor),
        limit=limit,
    )
    return pages.page_of(
        rows, limit=limit, id_of=lambda row: row["id"], render=lambda row: offer_struct(row, for_staff=True)
    )


@get("/v1/offers/{offer_id:uuid}", status_code=200, operation_id="get_offer", tags=TAGS)
async def get_offer(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], offer_id: FromPath[UUID]
) -> OfferPublic:
    """One offer."""
    row = await repository.get_offer(db, organization_id=merchant.organization_id, offer_id=offer_id)
    return offer_struct(row, for_staff=True)


@post(
    "/v1/offers/{offer_id:uuid}/approve",
    status_code=200,
    operation_id="approve_offer",
    tags=TAGS,
    opt={"idempotent": True},
)
async def approve_offer(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    appender: NamedDependency[Appender],
    offer_id: FromPath[UUID],
    data: JSONBody[OfferApprove | None] = None,
) -> OfferPublic:
    """Agree to a price that waits for approval; its time starts now, and the visitor is told."""
    wanted = data or OfferApprove()
    row = await approval.approve(
        db,
        appender,
        organization_id=merchant.organization_id,
        offer_id=offer_id,
        amount=wanted.amount,
        valid_minutes=wanted.valid_minutes,
    )
    return offer_struct(row, for_staff=True)


@post(
    "/v1/offers/{offer_id:uuid}/decline",
    status_code=200,
    operation_id="decline_offer",
    tags=TAGS,
    opt={"idempotent": True},
)
async def decline_offer(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    appender: NamedDependency[Appender],
    offer_id: FromPath[UUID],
) -> OfferPublic:
    """Say no to a price that waits for approval, or withdraw an open offer; the visitor is told."""
    row = await approval.decline(db, appender, organization_id=merchant.organization_id, offer_id=offer_id)
    return offer_struct(row, for_staff=True)


@get(
    "/v1/agent/conversations/{conversation_id:uuid}/offers",
    status_code=200,
    operation_id="list_conversation_offers",
    tags=TAGS,
)
async def list_conversation_offers(
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    conversation_id: FromPath[UUID],
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[OfferPublic]:
    """The conversation's offers, newest first."""
    rows = await repository.list_offers(
        db,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        before=pages.decode_cursor(cursor),
        limit=limit,
    )
    return pages.page_of(
        rows, limit=limit, id_of=lambda row: row["id"], render=lambda row: offer_struct(row, for_staff=member.is_staff)
    )


HANDLERS = [list_offers, get_offer, approve_offer, decline_offer, list_conversation_offers]
