"""What unanswered POSTs may have left at Polar: found by our token and our metadata, and made useless.

A leftover checkout was never shown, so nobody can pay it; a leftover discount has no code, so nobody can use it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from agentpay.checkout import concessions
from agentpay.checkout.repository import get_checkout
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.errors import Later
from agentpay.polar.client import Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import Checkout, Discount

# An end clearly in the past, whatever the two clocks think of each other.
ENDED_BEFORE = timedelta(minutes=5)
TIDY_SECONDS = 90


async def find_discounts(polar: Polar, *, offer: Row) -> list[Discount]:
    """Discounts made for this offer, newest first: the token is in their name, the offer in their metadata."""
    page = await polar.find_discounts(query=offer["discount_token"])
    return [found for found in page.items if found.metadata.get("agentpay_offer_id") == str(offer["id"])]


async def find_checkouts(polar: Polar, *, row: Row) -> list[Checkout]:
    """Open checkouts made for this row, newest first. Raises `PolarError` also where the list answers 500: unknown."""
    page = await polar.list_checkouts(product_id=row["product_id"], status="open")
    return [found for found in page.items if found.metadata.get("agentpay_checkout_id") == str(row["id"])]


async def end_discounts(polar: Polar, *, offer: Row, now: datetime, keep: UUID | None = None) -> None:
    """End every discount of the offer but the one to keep: no checkout that carries it can be confirmed any more."""
    for discount in await find_discounts(polar, offer=offer):
        if discount.id != keep and (discount.ends_at is None or discount.ends_at > now):
            await polar.patch_discount(discount_id=discount.id, ends_at=now - ENDED_BEFORE)


async def strip_checkouts(polar: Polar, *, row: Row, keep: UUID | None) -> None:
    """Take the discount off every open checkout of the row but the one to keep."""
    for checkout in await find_checkouts(polar, row=row):
        if checkout.id == keep or checkout.discount_id is None:
            continue
        try:
            await polar.patch_checkout(checkout_id=checkout.id, changes={"discount_id": None})
        except PolarError as error:
            if error.kind != "forbidden":  # not open any more: nothing to take off
                raise


async def tidy(db: Database, polar: PolarGateway, *, organization_id: UUID, checkout_id: UUID) -> None:
    """The closing look, some time after a row whose answers were missed was settled. Raises `PolarError`."""
    row = await get_checkout(db, organization_id=organization_id, checkout_id=checkout_id)
    if row["status"] == "creating":
        raise Later(TIDY_SECONDS)
    offer = await concessions.find_offer(db, row=row)
    asked = await polar.of(organization_id, priority="sync")
    now = await db.value("select clock_timestamp()")
    if offer is not None and offer["discount_state"] != "none":
        await end_discounts(asked, offer=offer, now=now, keep=offer["discount_id"])
    await strip_checkouts(asked, row=row, keep=row["polar_checkout_id"])
