"""The one function that asks Polar for a checkout. It may be run by anybody, any number of times, and die anywhere.

1. Claim the row (attempt, lease). 2. If an earlier answer was missed: look, not before Polar must be done with it.
3. Re-read the product; bound by the rules of this moment. 4. Make the discount of an offer, once. 5. Make the checkout,
once. 6. Verify the answer field by field. 7. Record and tell. Every step is held by the attempt; no transaction is open
across a call (OFFERS D2, D8).
"""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog

from agentpay.agents.repository import get_rules
from agentpay.catalog.mirror import apply_product
from agentpay.catalog.prices import fingerprint
from agentpay.catalog.repository import find_product
from agentpay.checkout import concessions, leftovers, moves, outbox, shop
from agentpay.checkout.check import metadata_of
from agentpay.checkout.coupons import Coupon
from agentpay.checkout.errors import LeaseLost
from agentpay.checkout.outbox import Attempt
from agentpay.checkout.plan import Deal, Sell, Stop, Want, plan
from agentpay.checkout.verify import differences, expectation_of, is_discount_as_asked
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import ExpectedError, NotFound
from agentpay.organizations.secrets import SecretUnreadable
from agentpay.polar.client import Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import Checkout, Discount, Product

log = structlog.get_logger()

T = TypeVar("T")

CUSTOMER_FIELDS = ("customer_email", "customer_name")


async def perform(
    db: Database, polar: PolarGateway, appender: Appender, jobs: Jobs, *, organization_id: UUID, checkout_id: UUID
) -> float | None:
    """Do what can be done now. Returns seconds until there may be more to do, None when the row is settled."""
    row = await outbox.claim(db, organization_id=organization_id, checkout_id=checkout_id)
    if row is None:
        return await outbox.seconds_until_due(db, organization_id=organization_id, checkout_id=checkout_id)
    attempt = Attempt(db, row)
    try:
        if row["is_over"]:
            await moves.fail_checkout(db, appender, jobs, row=row, attempt=attempt, reason="polar_unreachable")
            return None
        return await _Performance(db, await polar.of(organization_id), appender, jobs, attempt, row).run()
    except LeaseLost:
        return await outbox.seconds_until_due(db, organization_id=organization_id, checkout_id=checkout_id)
    except (PolarError, NotFound, SecretUnreadable) as error:
        seconds = _seconds_until_retry(error, attempt=attempt.number)
        await attempt.put_off(seconds=seconds)
        log.warning("checkout.put_off", checkout_id=str(checkout_id), error=str(error), seconds=round(seconds, 1))
        return seconds


class _Performance:
    """One attempt. Methods in calling order."""

    def __init__(self, db: Database, polar: Polar, appender: Appender, jobs: Jobs, attempt: Attempt, row: Row) -> None:
        self.db, self.polar, self.appender, self.jobs = db, polar, appender, jobs
        self.attempt = attempt
        self.row = row

    async def run(self) -> float | None:
        unknown_for = self.row["unknown_for"]
        if unknown_for is not None and unknown_for < outbox.UNKNOWN_SECONDS:
            seconds = outbox.UNKNOWN_SECONDS - unknown_for
            await self.attempt.put_off(seconds=seconds)
            return float(seconds)
        offer = await concessions.find_offer(self.db, row=self.row)
        decided = await self._decide(offer)
        stop = await self._sell(decided, offer) if isinstance(decided, Sell) else decided
        if stop is not None:
            await self._stop(stop)
        return None

    async def _decide(self, offer: Row | None) -> Sell | Stop:
        product = await self._read_product()
        row = self.row
        want = Want(
            currency=row["currency"],
            seats=row["seats"],
            list_amount=row["list_amount"],
            coupon=msgspec.convert(row["coupon"], Coupon) if row["coupon"] else None,
        )
        decided = plan(product, want=want, deal=await self._deal(offer))
        if isinstance(decided, Sell) and product is not None:
            prices: list[Any] = msgspec.to_builtins(product.prices)
            self.row = {**row, "list_amount": decided.list_amount, "amount": decided.amount, "prices": prices}
        return decided

    async def _read_product(self) -> Product | None:
        """As it is at Polar now; the mirror learns of it."""
        await self.attempt.renew()
        try:
            product = await self.polar.get_product(product_id=self.row["product_id"])
        except PolarError as error:
            if error.kind == "not_found":
                return None
            raise
        await self._tell_mirror(product)
        return product

    async def _tell_mirror(self, product: Product) -> None:
        organization_id = self.row["organization_id"]
        known = await find_product(self.db, organization_id=organization_id, product_id=product.id)
        if known is None or known.price_fingerprint != fingerprint(product) or known.is_archived != product.is_archived:
            async with self.db.transaction() as tx:
                await apply_product(
                    tx, self.jobs, organization_id=organization_id, product=product, seen_at=self.row["now"]
                )

    async def _deal(self, offer: Row | None) -> Deal | None:
        if offer is None:
            return None
        organization_id = offer["organization_id"]
        details = await shop.get_shop(self.db, organization_id=organization_id)
        return Deal(
            amount=offer["amount"],
            list_amount=offer["list_amount"],
            is_expired=offer["is_expired"] or offer["status"] != "accepted",
            rules=await get_rules(self.db, organization_id=organization_id, agent_id=offer["agent_id"]),
            default_currency=details.default_currency,
        )

    async def _sell(self, sell: Sell, offer: Row | None) -> Stop | None:
        if sell.conceded and offer is not None:
            stop = await self._make_discount(offer)
            if stop is not None:
                return stop
        elif offer is not None and offer["discount_state"] != "none":
            await self._drop_discount(offer)
        checkout = await self._make_checkout(sell)
        if isinstance(checkout, Stop):
            return checkout
        wrong = differences(checkout, expectation_of(self.row))
        if wrong:
            log.error("checkout.mismatched", checkout_id=str(self.row["id"]), fields=list(wrong))
            return Stop(_mismatch_reason(wrong, self.row))
        await moves.open_checkout(
            self.db,
            self.appender,
            self.jobs,
            row=self.row,
            attempt=self.attempt,
            checkout=checkout,
            is_lower=sell.is_lower,
        )
        log.info("checkout.opened", checkout_id=str(self.row["id"]), offer_id=_text(self.row["offer_id"]))
        return None

    async def _make_discount(self, offer: Row) -> Stop | None:
        """The offer's own discount: known, found again, or made now. Afterwards the row names it."""
        if offer["discount_id"] is not None:
            self.row = {**self.row, "discount_id": offer["discount_id"]}
            return None
        discount = await self._find_discount(offer)
        if discount is None:
            discount = await self._create_discount(offer)
        if not is_discount_as_asked(discount, concessions.expected_discount(offer)):
            log.error("checkout.discount_mismatched", checkout_id=str(self.row["id"]))
            return Stop("mismatch")
        async with self.db.transaction() as tx:
            await concessions.mark_live(tx, offer=offer, discount=discount)
            await self.attempt.mark_answered(tx, discount_id=discount.id)
        self.row = {**self.row, "discount_id": discount.id, "sent_at": None}
        return None

    async def _drop_discount(self, offer: Row) -> None:
        """The list fell since an earlier attempt made it: on top of that it would go below what was agreed."""
        await self.attempt.renew()
        await leftovers.end_discounts(self.polar, offer=offer, now=self.row["now"])
        async with self.db.transaction() as tx:
            await concessions.mark_ended(tx, offer=offer)
            await self.attempt.forget_discount(tx)
        self.row = {**self.row, "discount_id": None}

    async def _find_discount(self, offer: Row) -> Discount | None:
        """The one that an unanswered POST may have made."""
        if self.row["sent_at"] is None:
            return None
        await self.attempt.renew()
        found = await leftovers.find_discounts(self.polar, offer=offer)
        return found[0] if found else None

    async def _create_discount(self, offer: Row) -> Discount:
        expected = concessions.expected_discount(offer)
        async with self.db.transaction() as tx:
            await concessions.mark_creating(tx, offer=offer)
            await self._mark_sent(tx)
        return await self._answered(
            self.polar.create_discount(
                name=concessions.discount_name(offer),
                product_ids=[offer["product_id"]],
                ends_at=concessions.discount_ends_at(offer),
                metadata=concessions.metadata_of(offer),
                basis_points=expected.basis_points,
                amounts=expected.amounts,
            )
        )

    async def _make_checkout(self, sell: Sell) -> Checkout | Stop:
        """The one that an unanswered POST made, or a new one."""
        if self.row["sent_at"] is not None:
            await self.attempt.renew()
            found = await leftovers.find_checkouts(self.polar, row=self.row)
            if found:
                return found[0]
        customer = dict(self.row["customer"])
        try:
            return await self._create_checkout(sell, customer)
        except PolarError as error:
            if error.kind == "invalid" and any(error.about(field) for field in CUSTOMER_FIELDS):
                # An address whose mail domain does not answer must not cost the sale (polar/API.md § 7, 18).
                customer = {key: value for key, value in customer.items() if key not in CUSTOMER_FIELDS}
                return await self._create_checkout(sell, customer)
            if error.kind == "invalid":
                return Stop(_refusal(error, self.row))
            raise

    async def _create_checkout(self, sell: Sell, customer: dict[str, str]) -> Checkout:
        row = self.row
        async with self.db.transaction() as tx:
            await self._mark_sent(tx)
        return await self._answered(
            self.polar.create_checkout(
                product_id=row["product_id"],
                currency=row["currency"],
                metadata=metadata_of(row),
                allow_discount_codes=False,
                allow_trial=sell.allow_trial,
                discount_id=row["discount_id"],
                amount=sell.custom_amount,
                seats=row["seats"],
                success_url=row["success_url"],
                embed_origin=row["embed_origin"],
                custom_field_data=row["custom_field_data"],
                external_customer_id=customer.get("external_customer_id"),
                customer_email=customer.get("customer_email"),
                customer_name=customer.get("customer_name"),
            )
        )

    async def _mark_sent(self, tx: Tx) -> None:
        row = self.row
        await self.attempt.mark_sent(tx, list_amount=row["list_amount"], amount=row["amount"], prices=row["prices"])

    async def _answered(self, call: Awaitable[T]) -> T:
        """The answer to a POST. When Polar surely did nothing, there is nothing to look for afterwards."""
        try:
            return await call
        except PolarError as error:
            if not error.unknown_outcome:
                async with self.db.transaction() as tx:
                    await self.attempt.mark_answered(tx)
            raise

    async def _stop(self, stop: Stop) -> None:
        """Give up, after ending the discount that Polar may have. Nobody but us has seen any of it."""
        offer = await concessions.find_offer(self.db, row=self.row)
        if offer is not None and offer["discount_state"] != "none":
            await self.attempt.renew()
            await leftovers.end_discounts(self.polar, offer=offer, now=self.row["now"])
        await moves.fail_checkout(
            self.db, self.appender, self.jobs, row=self.row, attempt=self.attempt, reason=stop.reason
        )
        log.info("checkout.failed", checkout_id=str(self.row["id"]), reason=stop.reason)


def _refusal(error: PolarError, row: Row) -> str:
    """Why Polar would not make it, in our words (polar/API.md § 3.5)."""
    if error.about("discount_id"):
        return "offer_unavailable" if row["offer_id"] else "coupon_invalid"
    return "product_unavailable" if error.about("products") else "refused"


def _mismatch_reason(wrong: tuple[str, ...], row: Row) -> str:
    if set(wrong) <= {"list_amount", "amount"}:
        return "price_changed" if row["offer_id"] else "coupon_invalid"
    return "mismatch"


def _seconds_until_retry(error: ExpectedError, *, attempt: int) -> float:
    """No token that opens Polar is like a refused one: the merchant has to act."""
    if not isinstance(error, PolarError):
        return outbox.retry_seconds(attempt, hint=None, permanent=True)
    if error.unknown_outcome:
        return float(outbox.UNKNOWN_SECONDS)
    return outbox.retry_seconds(attempt, hint=error.retry_hint, permanent=error.permanent)


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
