"""Checkouts and orders over HTTP: "Buy now", accepting an offer, the merchant's orders (API §§ 5, 8)."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody

from agentpay.checkout import accept, progress, repository, start
from agentpay.checkout.outcome import refuse_failed
from agentpay.checkout.performer import Performer
from agentpay.checkout.public import CheckoutPublic, OrderPublic, OrderStatus, checkout_public, order_public
from agentpay.checkout.start import Purchase, Started
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit import pages
from agentpay.kit.caller import Member, Merchant
from agentpay.kit.clock import Clock
from agentpay.kit.limits import LIST_LIMIT_DEFAULT
from agentpay.kit.wire import Limit
from agentpay.polar.gateway import PolarGateway

CHECKOUTS = "/v1/agent/conversations/{conversation_id:uuid}/checkouts"
CHECKOUT_TAGS = ["checkouts"]
ORDER_TAGS = ["orders"]
WATCHED = frozenset({"open", "confirmed"})

ANSWERS = {
    200: ResponseSpec(CheckoutPublic, description="An equal one was open already, or the offer was accepted before."),
    202: ResponseSpec(CheckoutPublic, description="Polar does not answer yet: `creating`, retried for 24 hours."),
}


class CheckoutCreate(msgspec.Struct, forbid_unknown_fields=True):
    """Buy now. `seats` for seat-based products, `amount` (minor units) for pay what you want."""

    product_id: UUID
    seats: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    amount: Annotated[int, msgspec.Meta(ge=0, le=999_999_999)] | None = None
    discount_code: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None
    custom_field_data: Annotated[dict[str, Any], msgspec.Meta(max_length=50)] = {}


@post(
    CHECKOUTS,
    status_code=201,
    operation_id="create_checkout",
    tags=CHECKOUT_TAGS,
    opt={"idempotent": True},
    responses=ANSWERS,
)
async def create_checkout(
    member: NamedDependency[Member],
    conversation_id: FromPath[UUID],
    data: JSONBody[CheckoutCreate],
    db: NamedDependency[Database],
    polar: NamedDependency[PolarGateway],
    appender: NamedDependency[Appender],
    jobs: NamedDependency[Jobs],
    performer: NamedDependency[Performer],
    clock: NamedDependency[Clock],
    coupon_tries_per_conversation: NamedDependency[int],
) -> Response[CheckoutPublic]:
    """Buy now, at list price or with a code. No language model is involved."""
    started = await start.buy(
        db,
        polar,
        appender,
        jobs,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        purchase=Purchase(**msgspec.structs.asdict(data)),
        now=clock(),
        coupon_tries_max=coupon_tries_per_conversation,
    )
    return await _answer(db, performer, member=member, started=started)


@post(
    "/v1/agent/conversations/{conversation_id:uuid}/offers/{offer_id:uuid}/accept",
    status_code=201,
    operation_id="accept_offer",
    tags=CHECKOUT_TAGS,
    opt={"idempotent": True},
    responses=ANSWERS,
)
async def accept_offer(
    member: NamedDependency[Member],
    conversation_id: FromPath[UUID],
    offer_id: FromPath[UUID],
    db: NamedDependency[Database],
    appender: NamedDependency[Appender],
    jobs: NamedDependency[Jobs],
    performer: NamedDependency[Performer],
) -> Response[CheckoutPublic]:
    """Take an offered price: makes its one discount and its one checkout. Again: the same checkout."""
    started = await accept.accept(
        db,
        appender,
        jobs,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        offer_id=offer_id,
    )
    return await _answer(db, performer, member=member, started=started)


@get(CHECKOUTS, status_code=200, operation_id="list_checkouts", tags=CHECKOUT_TAGS)
async def list_checkouts(
    member: NamedDependency[Member],
    conversation_id: FromPath[UUID],
    db: NamedDependency[Database],
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[CheckoutPublic]:
    """The conversation's checkouts, newest first."""
    rows = await repository.list_checkouts(
        db,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        before=pages.decode_cursor(cursor),
        limit=limit,
    )
    return pages.page_of(rows, limit=limit, id_of=lambda row: row["id"], render=checkout_public)


@get(CHECKOUTS + "/{checkout_id:uuid}", status_code=200, operation_id="get_checkout", tags=CHECKOUT_TAGS)
async def get_checkout(
    member: NamedDependency[Member],
    conversation_id: FromPath[UUID],
    checkout_id: FromPath[UUID],
    db: NamedDependency[Database],
    jobs: NamedDependency[Jobs],
) -> CheckoutPublic:
    """One checkout. While it is open, asking has Polar asked too: the buyer may just have come back from paying."""
    row = await repository.get_checkout(
        db, organization_id=member.organization_id, conversation_id=conversation_id, checkout_id=checkout_id
    )
    if row["status"] in WATCHED:
        async with db.transaction() as tx:
            await progress.look_soon(tx, jobs, row=row)
    return checkout_public(row)


@get("/v1/orders", status_code=200, operation_id="list_orders", tags=ORDER_TAGS)
async def list_orders(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    conversation_id: FromQuery[UUID | None] = None,
    status: FromQuery[OrderStatus | None] = None,
    below_bound: FromQuery[bool | None] = None,
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[OrderPublic]:
    """Paid orders that came from conversations, newest first."""
    rows = await repository.list_orders(
        db,
        organization_id=merchant.organization_id,
        conversation_id=conversation_id,
        status=status,
        below_bound=below_bound,
        before=pages.decode_cursor(cursor),
        limit=limit,
    )
    return pages.page_of(
        rows, limit=limit, id_of=lambda row: row["id"], render=lambda row: order_public(row, for_staff=True)
    )


@get("/v1/orders/{order_id:uuid}", status_code=200, operation_id="get_order", tags=ORDER_TAGS)
async def get_order(
    merchant: NamedDependency[Merchant], db: NamedDependency[Database], order_id: FromPath[UUID]
) -> OrderPublic:
    """One order, by our id or Polar's."""
    row = await repository.get_order(db, organization_id=merchant.organization_id, order_id=order_id)
    return order_public(row, for_staff=True)


async def _answer(db: Database, performer: Performer, *, member: Member, started: Started) -> Response[CheckoutPublic]:
    """201 open, 200 one that was there, 202 while Polar does not answer; why it failed, if it did."""
    await performer.settle(organization_id=member.organization_id, checkout_id=started.checkout_id)
    row = await repository.get_checkout(db, organization_id=member.organization_id, checkout_id=started.checkout_id)
    refuse_failed(row)
    status = 201 if started.is_new else 200
    return Response(checkout_public(row), status_code=202 if row["status"] == "creating" else status)


HANDLERS = [create_checkout, accept_offer, list_checkouts, get_checkout, list_orders, get_order]
