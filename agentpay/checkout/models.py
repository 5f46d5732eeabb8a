"""Tables: checkouts (each row is its own outbox), orders, and how many coupon codes were tried in vain."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.checkout.enums import CHECKOUT_STATUSES
from agentpay.db.base import Base, RecordModel, one_of, tenant_key


class Checkout(RecordModel):
    """A checkout we asked Polar for, or will: `creating` until Polar's answer was verified field by field."""

    __tablename__ = "checkouts"

    organization_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    offer_id: Mapped[UUID | None]
    effect_key: Mapped[str] = mapped_column(unique=True)
    visitor_key: Mapped[str]
    product_id: Mapped[UUID]  # Polar's
    seats: Mapped[int | None] = mapped_column(sa.Integer)
    currency: Mapped[str]
    list_amount: Mapped[int]  # before discount, the snapshot that orders are checked against
    amount: Mapped[int]  # what the buyer agreed to pay, before exclusive tax
    discount_code: Mapped[str | None]
    discount_id: Mapped[UUID | None]  # Polar's: ours, or the merchant's coupon
    coupon: Mapped[dict[str, Any] | None]  # the coupon's size when it was looked up
    prices: Mapped[list[Any]] = mapped_column(server_default="[]")  # the product's list that orders are checked against
    custom_field_data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    success_url: Mapped[str | None]
    embed_origin: Mapped[str | None]  # of the page that shows it inside itself
    customer: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # proven id, e-mail, name sent along
    status: Mapped[str] = mapped_column(server_default="creating")
    reason: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]  # of the POST whose answer is unknown
    is_uncertain: Mapped[bool] = mapped_column(server_default=sa.false())  # an answer was missed: look for leftovers
    next_try_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    give_up_at: Mapped[datetime]
    polar_checkout_id: Mapped[UUID | None] = mapped_column(unique=True)
    url: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    polar_seen_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    watched_until: Mapped[datetime | None]  # asked about at Polar until then

    __table_args__ = (
        one_of("status", CHECKOUT_STATUSES),
        sa.UniqueConstraint("organization_id", "id"),
        tenant_key(["organization_id", "conversation_id"], "conversations"),
        tenant_key(["organization_id", "offer_id"], "offers"),
        sa.CheckConstraint("seats between 1 and 10000", name="seats"),
        sa.CheckConstraint("amount >= 0", name="amount"),
        sa.CheckConstraint("offer_id is null or discount_code is null", name="no_stacking"),
        sa.CheckConstraint(
            "status in ('creating', 'failed') or (polar_checkout_id is not null and url is not null"
            " and expires_at is not null)",
            name="polar_checkout_id",
        ),
        sa.Index(
            "ix_checkouts_one_per_offer",
            "offer_id",
            unique=True,
            postgresql_where=sa.text("status not in ('failed', 'expired')"),
        ),
        sa.Index(
            "ix_checkouts_one_plain",
            "conversation_id",
            "product_id",
            sa.text("coalesce(seats, 0)"),
            "amount",
            sa.text("coalesce(discount_code, '')"),
            unique=True,
            postgresql_where=sa.text("offer_id is null and status in ('creating', 'open')"),
        ),
        sa.Index(
            "ix_checkouts_due",
            "next_try_at",
            postgresql_where=sa.text("status in ('creating', 'open', 'confirmed')"),
        ),
        sa.Index("ix_checkouts_conversation_id", "conversation_id", sa.text("id desc")),
        sa.Index("ix_checkouts_organization_id", "organization_id", sa.text("id desc")),
        sa.Index("ix_checkouts_visitor", "organization_id", "visitor_key", "product_id"),
    )


class Order(RecordModel):
    """Polar's order as last seen. No CHECK on what Polar reports: money always lands."""

    __tablename__ = "orders"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    polar_order_id: Mapped[UUID]
    checkout_id: Mapped[UUID | None]  # ours
    conversation_id: Mapped[UUID | None]
    offer_id: Mapped[UUID | None]
    product_id: Mapped[UUID | None]
    subscription_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    is_sale: Mapped[bool]  # ours, and billing_reason purchase or subscription_create
    is_paid: Mapped[bool]
    status: Mapped[str]
    billing_reason: Mapped[str]
    below_bound: Mapped[bool] = mapped_column(server_default=sa.false())
    flags: Mapped[list[str]] = mapped_column(server_default="{}")
    currency: Mapped[str]
    subtotal_amount: Mapped[int]
    discount_amount: Mapped[int]
    net_amount: Mapped[int]
    tax_amount: Mapped[int]
    total_amount: Mapped[int]
    refunded_amount: Mapped[int] = mapped_column(server_default="0")
    refunded_tax_amount: Mapped[int] = mapped_column(server_default="0")
    polar_created_at: Mapped[datetime]
    polar_seen_at: Mapped[datetime]  # envelope timestamp (or start of our GET) of the state held here

    __table_args__ = (
        sa.UniqueConstraint("organization_id", "polar_order_id"),
        tenant_key(["organization_id", "checkout_id"], "checkouts"),
        tenant_key(["organization_id", "conversation_id"], "conversations"),
        sa.Index("ix_orders_list", "organization_id", sa.text("id desc")),
        sa.Index("ix_orders_conversation_id", "conversation_id", sa.text("id desc")),
        sa.Index("ix_orders_checkout_id", "checkout_id"),
    )


class CouponTries(Base):
    """How many codes a conversation tried in vain: guessing is bounded (API § 10)."""

    __tablename__ = "coupon_tries"

    conversation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    organization_id: Mapped[UUID]
    used: Mapped[int] = mapped_column(sa.Integer)
