"""A purchase begins: the checkout's row is inserted, in the transaction of what caused it. Polar is asked afterwards.

The row is its own outbox: who inserts it lets `performer.py` ask Polar, and a job does so if this process dies.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.catalog import currencies
from agentpay.catalog import repository as catalog
from agentpay.catalog.repository import CatalogProduct
from agentpay.checkout import kinds, shop
from agentpay.checkout.coupon_tries import find_coupon
from agentpay.checkout.coupons import Coupon
from agentpay.checkout.custom_fields import check_custom_fields
from agentpay.checkout.errors import PaymentsNotReady, ProductUnavailable
from agentpay.checkout.public import checkout_public, plain
from agentpay.checkout.terms import Terms, terms_of
from agentpay.conversations.append import Appender, lock
from agentpay.conversations.errors import ConversationClosed
from agentpay.conversations.repository import get_conversation
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit import limits
from agentpay.kit.errors import Limited
from agentpay.kit.ids import uuid7
from agentpay.polar.gateway import PolarGateway

GIVE_UP_HOURS = 24
CHECKOUTS_PER_CONVERSATION_MAX = 30
# While a payment is being settled, asking for the same thing again does not start a second one.
SETTLING_MINUTES = 15
# The caller asks Polar at once; the job is there in case its process dies.
JOB_DELAY_SECONDS = 20

Hold = Callable[[Tx], Awaitable[None]]
"""A turn's fence: locks the conversation, raises when the turn was lost."""


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to buy at list price, or with a coupon. `amount`: for pay what you want.

    `currency`: what the visitor was quoted in; None = as the conversation says. The product must have it to count.
    """

    product_id: UUID
    currency: str | None = None
    seats: int | None = None
    amount: int | None = None
    discount_code: str | None = None
    custom_field_data: dict[str, Any] = {}


class Started(msgspec.Struct, frozen=True):
    """`is_new` false: there was an equal one, which is given back."""

    checkout_id: UUID
    is_new: bool


class NewCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a row that a purchase decides."""

    product_id: UUID
    offer_id: UUID | None = None
    seats: int | None = None
    currency: str
    list_amount: int
    amount: int
    coupon: Coupon | None = None
    custom_field_data: dict[str, Any] = {}
    effect_key: str | None = None


async def buy(
    db: Database,
    polar: PolarGateway,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    conversation_id: UUID,
    purchase: Purchase,
    now: datetime,
    effect_key: str | None = None,
    hold: Hold | None = None,
    coupon_tries_max: int = limits.COUPON_TRIES_MAX,
) -> Started:
    """Begin a purchase, or find the equal one that is open already.

    Raises NotFound, ConversationClosed, ProductUnavailable, PaymentsNotReady, Invalid (seats, amount, code, fields),
    Limited (coupon tries, checkouts), PolarError (only where a coupon has to be looked up).
    """
    conversation = await get_conversation(db, organization_id=organization_id, conversation_id=conversation_id)
    if conversation["status"] == "closed":
        raise ConversationClosed
    terms = await _terms(db, conversation=conversation, purchase=purchase)
    coupon = None
    if purchase.discount_code is not None:
        coupon = await find_coupon(
            db,
            polar,
            organization_id=organization_id,
            conversation_id=conversation_id,
            code=purchase.discount_code.strip(),
            product_id=purchase.product_id,
            currency=terms.currency,
            list_amount=terms.list_amount,
            now=now,
            tries_max=coupon_tries_max,
        )
    taken_off = coupon.discount_on(terms.list_amount, currency=terms.currency) if coupon else 0
    wanted = NewCheckout(
        product_id=purchase.product_id,
        seats=terms.seats,
        currency=terms.currency,
        list_amount=terms.list_amount,
        amount=terms.list_amount - taken_off,
        coupon=coupon,
        custom_field_data=purchase.custom_field_data,
        effect_key=effect_key,
    )
    async with db.transaction() as tx:
        if hold is not None:
            await hold(tx)
        conversation = await lock(tx, organization_id=organization_id, conversation_id=conversation_id)
        return await _insert_or_find(tx, appender, jobs, conversation=conversation, wanted=wanted)


async def insert_checkout(tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row, wanted: NewCheckout) -> UUID:
    """The row, its event, its job. The caller has locked the conversation. Raises ConversationClosed, Limited."""
    if conversation["status"] == "closed":
        raise ConversationClosed
    await _count(tx, conversation)
    details = await shop.get_shop(tx, organization_id=conversation["organization_id"])
    checkout_id = uuid7()
    row = await tx.one(_INSERT, _columns(conversation, wanted, checkout_id=checkout_id, details=details))
    assert row is not None
    ids = {"organization_id": conversation["organization_id"], "conversation_id": conversation["id"]}
    await tx.execute(
        "update conversations set checkout_id = %(checkout_id)s where id = %(conversation_id)s",
        ids | {"checkout_id": checkout_id},
    )
    await appender.event(
        tx, conversation_id=conversation["id"], type="checkout.created", data=plain(checkout_public(row))
    )
    await appender.set_stage(tx, **ids, stage="checkout")
    await jobs.enqueue(
        tx,
        kinds.PERFORM,
        {"organization_id": conversation["organization_id"], "checkout_id": checkout_id},
        key=f"{kinds.PERFORM}:{checkout_id}",
        delay_seconds=JOB_DELAY_SECONDS,
    )
    return checkout_id


async def get_sellable(db: Database | Tx, *, organization_id: UUID, product_id: UUID) -> CatalogProduct:
    """The product from the mirror, if it is on sale. Raises ProductUnavailable."""
    product = await catalog.find_product(db, organization_id=organization_id, product_id=product_id)
    if product is None or not product.is_sellable:
        raise ProductUnavailable
    if product.stock is not None and product.stock <= 0:
        raise ProductUnavailable("This product is sold out.")
    return product


async def _terms(db: Database, *, conversation: Row, purchase: Purchase) -> Terms:
    organization_id = conversation["organization_id"]
    details = await shop.get_shop(db, organization_id=organization_id)
    product = await get_sellable(db, organization_id=organization_id, product_id=purchase.product_id)
    if not details.takes_payments:
        raise PaymentsNotReady
    wanted = purchase.currency or currencies.visitor_currency(
        context=conversation["context"],
        default=details.default_currency,
        country=conversation["agent_state"].get("country"),
    )
    currency = currencies.product_currency(product.product, wanted=wanted, default=details.default_currency)
    if currency is None:
        raise ProductUnavailable
    check_custom_fields(product.product, purchase.custom_field_data)
    return terms_of(product.product, currency=currency, seats=purchase.seats, amount=purchase.amount)


async def _insert_or_find(tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row, wanted: NewCheckout) -> Started:
    done = await find_by_effect(tx, effect_key=wanted.effect_key)
    if done is not None:
        return Started(done, False)
    for row in await tx.all(_EQUAL, _equal_params(conversation, wanted)):
        if row["is_current"] and row["custom_field_data"] == wanted.custom_field_data:
            await _hurry(tx, row)
            return Started(row["id"], False)
        if row["status"] != "confirmed":
            await _replace(tx, appender, row)
    checkout_id = await insert_checkout(tx, appender, jobs, conversation=conversation, wanted=wanted)
    return Started(checkout_id, True)


async def find_by_effect(tx: Tx, *, effect_key: str | None) -> UUID | None:
    """The checkout that this very effect began before: a turn that was taken over performs nothing twice."""
    if effect_key is None:
        return None
    found: UUID | None = await tx.value(
        "select id from checkouts where effect_key = %(key)s", {"key": _scoped(effect_key)}
    )
    return found


async def _hurry(tx: Tx, row: Mapping[str, Any]) -> None:
    """Somebody asks again: one that waits for another try, and has nothing under way at Polar, may try now."""
    if row["status"] == "creating":
        await tx.execute(
            """update checkouts set next_try_at = least(next_try_at, clock_timestamp())
            where id = %(id)s and sent_at is null and lease_until is null""",
            {"id": row["id"]},
        )


async def _replace(tx: Tx, appender: Appender, row: Mapping[str, Any]) -> None:
    """An equal one that is over, or was for other details, makes room for the new one."""
    ended = await tx.one(
        """update checkouts set status = case when polar_checkout_id is null then 'failed' else 'expired' end,
          reason = 'replaced', modified_at = now(), lease_until = null where id = %(id)s returning *""",
        {"id": row["id"]},
    )
    assert ended is not None
    await appender.event(
        tx, conversation_id=ended["conversation_id"], type="checkout.updated", data=plain(checkout_public(ended))
    )


async def _count(tx: Tx, conversation: Row) -> None:
    count = await tx.value(
        "select count(*) from checkouts where conversation_id = %(id)s and created_at > now() - interval '1 day'",
        {"id": conversation["id"]},
    )
    if count >= CHECKOUTS_PER_CONVERSATION_MAX:
        raise Limited("Too many checkouts were opened in this conversation.", retry_after=60 * 60)


def _scoped(effect_key: str) -> str:
    return f"checkout:{effect_key}"


_EQUAL = f"""
select *, status = 'creating' or (status = 'open' and expires_at > clock_timestamp())
  or (status = 'confirmed' and confirmed_at > clock_timestamp() - interval '{SETTLING_MINUTES} minutes') as is_current
from checkouts
where conversation_id = %(conversation_id)s and organization_id = %(organization_id)s and offer_id is null
  and product_id = %(product_id)s and currency = %(currency)s and amount = %(amount)s
  and coalesce(seats, 0) = coalesce(%(seats)s::int, 0) and coalesce(discount_code, '') = %(code)s
  and status in ('creating', 'open', 'confirmed')
order by id desc for update
"""

_INSERT = f"""
insert into checkouts (id, organization_id, conversation_id, offer_id, effect_key, visitor_key, product_id, seats,
  currency, list_amount, amount, discount_code, discount_id, coupon, custom_field_data, success_url,
  embed_origin, customer, give_up_at)
values (%(id)s, %(organization_id)s, %(conversation_id)s, %(offer_id)s, %(effect_key)s, %(visitor_key)s,
  %(product_id)s, %(seats)s, %(currency)s, %(list_amount)s, %(amount)s, %(discount_code)s, %(discount_id)s,
  %(coupon)s, %(custom_field_data)s, %(success_url)s, %(embed_origin)s, %(customer)s,
  clock_timestamp() + interval '{GIVE_UP_HOURS} hours')
returning *
"""


def _equal_params(conversation: Row, wanted: NewCheckout) -> dict[str, Any]:
    return {
        "conversation_id": conversation["id"],
        "organization_id": conversation["organization_id"],
        "product_id": wanted.product_id,
        "currency": wanted.currency,
        "amount": wanted.amount,
        "seats": wanted.seats,
        "code": wanted.coupon.code if wanted.coupon else "",
    }


def _columns(conversation: Row, wanted: NewCheckout, *, checkout_id: UUID, details: shop.Shop) -> dict[str, Any]:
    coupon = wanted.coupon
    return {
        "id": checkout_id,
        "organization_id": conversation["organization_id"],
        "conversation_id": conversation["id"],
        "offer_id": wanted.offer_id,
        "effect_key": _scoped(wanted.effect_key or f"own:{checkout_id}"),
        "visitor_key": shop.visitor_key(conversation),
        "product_id": wanted.product_id,
        "seats": wanted.seats,
        "currency": wanted.currency,
        "list_amount": wanted.list_amount,
        "amount": wanted.amount,
        "discount_code": coupon.code if coupon else None,
        "discount_id": coupon.discount_id if coupon else None,
        "coupon": Jsonb(msgspec.to_builtins(coupon)) if coupon else None,
        "custom_field_data": Jsonb(wanted.custom_field_data),
        "success_url": shop.success_url(details, context=conversation["context"]),
        "embed_origin": shop.embed_origin(details, context=conversation["context"]),
        "customer": Jsonb(shop.customer_of(conversation)),
    }
