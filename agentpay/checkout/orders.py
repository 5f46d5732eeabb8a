"""An order of Polar's lands: once, in any order, whatever state anything else is in. Money always lands (DESIGN § 8).

1. Whose is it: by `checkout_id` first; a renewal by its subscription's; metadata only stands in for a lost answer
(OFFERS D7). 2. Write the row, unless newer news are there. 3. First paid: checkout succeeded, offer redeemed, the sale
checked (D5), the conversation told. 4. Refunded: told. An erased conversation keeps the row and hears nothing.
"""

from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from agentpay.agents import repository as agents
from agentpay.checkout import concessions, moves, say
from agentpay.checkout.check import Sold, Verdict, check, is_trial_start, metadata_of
from agentpay.checkout.public import order_attachment, order_public, plain
from agentpay.checkout.repository import find_by_metadata, find_by_polar_id, lock_checkout
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.ids import uuid7
from agentpay.offers import lifecycle, words
from agentpay.offers.repository import freeze
from agentpay.organizations.notify import notify
from agentpay.polar.types import Order, Price

log = structlog.get_logger()

SALE_REASONS = frozenset({"purchase", "subscription_create"})
CLEAN = Verdict((), False)


class Whose(msgspec.Struct, frozen=True):
    """The checkout behind an order, and whether the order is the sale itself or follows from it."""

    checkout: Row
    is_sale: bool


async def land(
    db: Database, appender: Appender, jobs: Jobs, *, organization_id: UUID, order: Order, seen_at: datetime
) -> bool:
    """Apply an order's state as of `seen_at`. False: none of ours. May be repeated and come late."""
    whose = await _whose(db, organization_id=organization_id, order=order)
    if whose is None:
        return False
    async with db.transaction() as tx:
        conversation = await lock(
            tx, organization_id=organization_id, conversation_id=whose.checkout["conversation_id"]
        )
        offer = await concessions.lock_offer(tx, row=whose.checkout)
        checkout = await lock_checkout(tx, organization_id=organization_id, checkout_id=whose.checkout["id"])
        landing = _Landing(tx, appender, jobs, order, seen_at, conversation, offer, checkout, whose.is_sale)
        await landing.run()
    return True


class _Landing:
    """One order in one transaction; all its rows are locked. Methods in calling order."""

    def __init__(
        self,
        tx: Tx,
        appender: Appender,
        jobs: Jobs,
        order: Order,
        seen_at: datetime,
        conversation: Row,
        offer: Row | None,
        checkout: Row,
        is_sale: bool,
    ) -> None:
        self.tx, self.appender, self.jobs = tx, appender, jobs
        self.order, self.seen_at = order, seen_at
        self.conversation, self.offer, self.checkout = conversation, offer, checkout
        self.is_sale = is_sale
        self.ids = {"organization_id": conversation["organization_id"], "conversation_id": conversation["id"]}
        self.is_heard = conversation["erased_at"] is None

    async def run(self) -> None:
        before = await self._find()
        if before is not None and not self._is_news(before):
            return
        is_first_paid = self.order.paid and (before is None or not before["is_paid"])
        verdict = CLEAN
        if self.is_sale and is_first_paid:
            await self._complete_checkout()
            verdict = check(self.order, await self._sold())
        elif before is not None:
            verdict = Verdict(tuple(before["flags"]), before["below_bound"])
        row = await self._write(before, verdict)
        if is_first_paid:
            await self._paid(row)
        elif before is not None and row["is_paid"]:
            await self._changed(before, row)

    async def _find(self) -> Row | None:
        return await self.tx.one(
            "select * from orders where organization_id = %(organization_id)s and polar_order_id = %(id)s for update",
            {"organization_id": self.ids["organization_id"], "id": self.order.id},
        )

    def _is_news(self, before: Row) -> bool:
        became_paid = self.order.paid and not before["is_paid"]
        return became_paid or bool(self.seen_at >= before["polar_seen_at"])

    async def _complete_checkout(self) -> None:
        """From whatever status: the money is there."""
        self.checkout = {**self.checkout, "polar_checkout_id": self.order.checkout_id}
        done = await self.tx.one(
            """update checkouts set status = 'succeeded', reason = null, modified_at = now(), lease_until = null,
              polar_checkout_id = coalesce(polar_checkout_id, %(polar_id)s), url = coalesce(url, ''),
              expires_at = coalesce(expires_at, now()),
              polar_seen_at = greatest(polar_seen_at, %(seen_at)s::timestamptz)
            where id = %(id)s and status <> 'succeeded' returning *""",
            {"id": self.checkout["id"], "polar_id": self.order.checkout_id, "seen_at": self.seen_at},
        )
        if done is not None:
            await moves.tell(self.tx, self.appender, self.conversation, done)
        if self.offer is not None:
            await lifecycle.redeem(
                self.tx,
                self.appender,
                conversation=self.conversation,
                offer=self.offer,
                # A trial's concession comes with its first real charge; until then as much as agreed counts (D6).
                conceded=None if is_trial_start(self.order) else self.order.discount_amount,
            )

    async def _write(self, before: Row | None, verdict: Verdict) -> Row:
        order = self.order
        row = await self.tx.one(
            _WRITE,
            {
                "id": before["id"] if before else uuid7(),
                **self.ids,
                "polar_order_id": order.id,
                "checkout_id": self.checkout["id"],
                "offer_id": self.checkout["offer_id"],
                "product_id": order.product_id,
                "subscription_id": order.subscription_id,
                "customer_id": order.customer_id,
                "is_sale": self.is_sale,
                "is_paid": order.paid or bool(before and before["is_paid"]),
                "status": order.status,
                "billing_reason": order.billing_reason,
                "below_bound": verdict.below_bound,
                "flags": list(verdict.flags),
                "currency": order.currency,
                "subtotal_amount": order.subtotal_amount,
                "discount_amount": order.discount_amount,
                "net_amount": order.net_amount,
                "tax_amount": order.tax_amount,
                "total_amount": order.total_amount,
                "refunded_amount": order.refunded_amount,
                "refunded_tax_amount": order.refunded_tax_amount,
                "polar_created_at": order.created_at,
                "polar_seen_at": self.seen_at,
            },
        )
        assert row is not None
        return row

    async def _paid(self, row: Row) -> None:
        log.info("order.paid", order_id=str(row["id"]), is_sale=self.is_sale, flags=row["flags"])
        await self._tell("order.created", row)
        if not self.is_sale:
            return
        await self._update_conversation()
        await self._say(self._paid_key(), row, amount=row["total_amount"])
        await self._notify("order.paid", row)
        if row["below_bound"]:
            await self._below_bound(row)

    async def _changed(self, before: Row, row: Row) -> None:
        """After it was paid: refunds, and what Polar learns later."""
        if order_public(row, for_staff=True) != order_public(before, for_staff=True):
            await self._tell("order.updated", row)
        back = _refunded(row) - _refunded(before)
        if back > 0:
            await self._notify("order.refunded", row)
            await self._say("refunded", row, amount=back)

    async def _update_conversation(self) -> None:
        await self.tx.execute(
            """update conversations set order_id = %(order_id)s, modified_at = now(),
              customer_id = case when erased_at is null then coalesce(customer_id, %(customer_id)s) end
            where id = %(id)s""",
            {"id": self.conversation["id"], "order_id": self.order.id, "customer_id": self.order.customer_id},
        )
        if not self.is_heard:
            return
        if self.conversation["stage"] == "completed":
            await self.appender.conversation_updated(self.tx, **self.ids)
        else:
            await self.appender.set_stage(self.tx, **self.ids, stage="completed")

    async def _below_bound(self, row: Row) -> None:
        """Loud: the buyer paid less than we ever asked Polar for. It stays a sale; nothing more is conceded to him."""
        log.error("order.below_bound", order_id=str(row["id"]), flags=row["flags"])
        await self._notify("order.below_bound", row)
        await freeze(
            self.tx,
            organization_id=self.ids["organization_id"],
            visitor_key=self.checkout["visitor_key"],
            product_id=self.checkout["product_id"],
            facts={"order_id": str(row["id"]), "flags": row["flags"]},
        )

    def _paid_key(self) -> str:
        if is_trial_start(self.order):
            return "trial"
        return "paid" if self.order.total_amount else "paid_nothing"

    async def _tell(self, type: str, row: Row) -> None:
        if self.is_heard:
            data = plain(order_public(row, for_staff=True))
            await self.appender.event(self.tx, conversation_id=self.conversation["id"], type=type, data=data)

    async def _say(self, key: str, row: Row, *, amount: int) -> None:
        if not self.is_heard:
            return
        name = self.order.product.name if self.order.product else None
        content = say.sentence(
            key,
            language=words.language_of(self.conversation),
            product=name,
            currency=row["currency"],
            amount=amount,
        )
        attachment = order_attachment(row, products=[name] if name else [])
        await self.appender.system_message(self.tx, **self.ids, content=content, attachments=[attachment])

    async def _notify(self, type: str, row: Row) -> None:
        data = {**plain(order_public(row, for_staff=True)), "flags": row["flags"]}
        await notify(self.tx, self.jobs, type=type, data=data, **self.ids)

    async def _sold(self) -> Sold:
        """What was asked for. Whether a floor binds to one currency is looked up only where it was left."""
        sold, offer = sold_of(self.checkout, self.offer), self.offer
        if offer is None or self.order.currency == sold.currency:
            return sold
        agent = await agents.find_version(
            self.tx,
            organization_id=offer["organization_id"],
            agent_id=offer["agent_id"],
            version=offer["agent_version"],
        )
        is_absolute = agent is None or agent.rules.product(offer["product_id"]).floor_amount is not None
        return msgspec.structs.replace(sold, floors_currency_only=is_absolute)


async def _whose(db: Database, *, organization_id: UUID, order: Order) -> Whose | None:
    is_sale = order.billing_reason in SALE_REASONS
    if order.checkout_id is not None:
        row = await find_by_polar_id(db, organization_id=organization_id, polar_checkout_id=order.checkout_id)
        if row is not None:
            return Whose(row, is_sale)
    subscription = order.subscription
    if subscription is not None and subscription.checkout_id is not None and not is_sale:
        row = await find_by_polar_id(db, organization_id=organization_id, polar_checkout_id=subscription.checkout_id)
        return Whose(row, False) if row is not None else None
    if not is_sale or order.checkout_id is None:
        return None
    row = await find_by_metadata(db, organization_id=organization_id, metadata=order.metadata)
    if row is None or not _may_be_its(row, order):
        return None
    return Whose(row, True)


def _may_be_its(row: Row, order: Order) -> bool:
    """Anybody at the merchant can write metadata: it counts where our own answer was lost, or with our discount."""
    if row["polar_checkout_id"] is None:
        return True
    return row["discount_id"] is not None and order.discount_id == row["discount_id"] and row["coupon"] is None


def sold_of(checkout: Row, offer: Row | None) -> Sold:
    """What was asked for, from our own rows only (OFFERS D5)."""
    is_conceded = offer is not None and checkout["amount"] < checkout["list_amount"]
    basis_points = None
    if is_conceded and offer is not None:
        basis_points = offer["basis_points"]
    elif checkout["coupon"]:
        basis_points = checkout["coupon"].get("basis_points")
    return Sold(
        metadata=metadata_of(checkout),
        polar_checkout_id=checkout["polar_checkout_id"],
        product_id=checkout["product_id"],
        currency=checkout["currency"],
        seats=checkout["seats"],
        list_amount=checkout["list_amount"],
        amount=checkout["amount"],
        discount_id=checkout["discount_id"],
        basis_points=basis_points,
        floor_amount=offer["floor_amount"] if offer else None,
        allow_trial=not is_conceded,
        prices=msgspec.convert(checkout["prices"], list[Price]),
    )


def _refunded(row: Row) -> int:
    """Money back to the buyer is the refund and its tax (OFFERS § 2)."""
    return int(row["refunded_amount"] + row["refunded_tax_amount"])


_COLUMNS: tuple[str, ...] = (
    "organization_id", "conversation_id", "polar_order_id", "checkout_id", "offer_id", "product_id", "subscription_id",
    "customer_id", "is_sale", "is_paid", "status", "billing_reason", "below_bound", "flags", "currency",
    "subtotal_amount", "discount_amount", "net_amount", "tax_amount", "total_amount", "refunded_amount",
    "refunded_tax_amount", "polar_created_at", "polar_seen_at",
)  # fmt: skip
_WRITE = f"""
insert into orders (id, {", ".join(_COLUMNS)}) values (%(id)s, {", ".join(f"%({name})s" for name in _COLUMNS)})
on conflict (organization_id, polar_order_id) do update set modified_at = now(),
  {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
returning *
"""
