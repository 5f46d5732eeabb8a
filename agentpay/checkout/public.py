"""Checkouts and orders as the contract shows them (API § 7), and the attachments made of them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from agentpay.kit.wire import in_utc

CheckoutStatus = Literal["creating", "open", "confirmed", "succeeded", "expired", "failed"]
OrderStatus = Literal["paid", "partially_refunded", "refunded"]

# Elsewhere the page behind it is of no use any more, and it must not be followed by mistake.
URL_SHOWN = frozenset({"open", "confirmed"})


class CheckoutPublic(msgspec.Struct, kw_only=True):
    """`amount` is what the buyer agreed to pay: after discount, before exclusive tax, in minor units."""

    id: UUID
    polar_checkout_id: UUID | None
    conversation_id: UUID
    product_id: UUID
    offer_id: UUID | None
    seats: int | None
    status: CheckoutStatus
    reason: str | None
    url: str | None
    amount: int
    currency: str
    expires_at: datetime | None
    created_at: datetime


class OrderPublic(msgspec.Struct, kw_only=True):
    """`order_id` and `product_id` are Polar's. Amounts as Polar reports them; refunded without tax."""

    id: UUID
    order_id: UUID
    conversation_id: UUID | None
    checkout_id: UUID | None
    offer_id: UUID | None
    product_id: UUID | None
    status: OrderStatus
    billing_reason: str
    below_bound: bool | msgspec.UnsetType = msgspec.UNSET
    """Only the merchant sees it."""
    net_amount: int
    tax_amount: int
    total_amount: int
    discount_amount: int
    refunded_amount: int
    currency: str
    created_at: datetime


def checkout_public(row: Mapping[str, Any]) -> CheckoutPublic:
    return CheckoutPublic(
        id=row["id"],
        polar_checkout_id=row["polar_checkout_id"],
        conversation_id=row["conversation_id"],
        product_id=row["product_id"],
        offer_id=row["offer_id"],
        seats=row["seats"],
        status=row["status"],
        reason=row["reason"],
        url=row["url"] if row["status"] in URL_SHOWN else None,
        amount=row["amount"],
        currency=row["currency"],
        expires_at=in_utc(row["expires_at"]),
        created_at=row["created_at"],
    )


def order_public(row: Mapping[str, Any], *, for_staff: bool) -> OrderPublic:
    """`row` of a paid order: an unpaid one has no status on the wire."""
    public = OrderPublic(
        id=row["id"],
        order_id=row["polar_order_id"],
        conversation_id=row["conversation_id"],
        checkout_id=row["checkout_id"],
        offer_id=row["offer_id"],
        product_id=row["product_id"],
        status=row["status"],
        billing_reason=row["billing_reason"],
        net_amount=row["net_amount"],
        tax_amount=row["tax_amount"],
        total_amount=row["total_amount"],
        discount_amount=row["discount_amount"],
        refunded_amount=row["refunded_amount"],
        currency=row["currency"],
        created_at=row["polar_created_at"],
    )
    if for_staff:
        public.below_bound = row["below_bound"]
    return public


def payment_button(row: Mapping[str, Any]) -> dict[str, Any]:
    """The `payment_button` attachment; figures stay as said here, status and expiry follow the checkout."""
    public = checkout_public(row)
    return plain(
        {
            "type": "payment_button",
            "checkout_id": public.id,
            "checkout_url": public.url,
            "amount": public.amount,
            "currency": public.currency,
            "expires_at": public.expires_at,
            "status": public.status,
        }
    )


def order_attachment(row: Mapping[str, Any], *, products: Sequence[str]) -> dict[str, Any]:
    """The `order` attachment. `amount` is what was paid, tax included; `products` are names."""
    return plain(
        {
            "type": "order",
            "order_id": row["polar_order_id"],
            "amount": row["total_amount"],
            "currency": row["currency"],
            "status": row["status"],
            "products": list(products),
        }
    )


def plain(value: Any) -> dict[str, Any]:
    """As JSON values, for events, attachments and notifications."""
    made: dict[str, Any] = msgspec.to_builtins(value)
    return made
