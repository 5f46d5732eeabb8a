"""Tables: offers, and the ledger of what was conceded or spent."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, RecordModel, one_of, tenant_key
from agentpay.offers.enums import DISCOUNT_STATES, OFFER_STATUSES


class Offer(RecordModel):
    """Our concession to one visitor. Polar hears of it at acceptance, not before."""

    __tablename__ = "offers"

    organization_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    agent_id: Mapped[UUID]
    agent_version: Mapped[int] = mapped_column(sa.Integer)
    effect_key: Mapped[str] = mapped_column(unique=True)  # 'turn:step:call', or the caller's idempotency key
    visitor_key: Mapped[str]  # proven `sub:…`, else `session:…`
    address: Mapped[str | None]  # a hash of the client address, for counting only
    product_id: Mapped[UUID]  # Polar's
    price_id: Mapped[UUID]  # Polar's: a changed price has another id
    quantity: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    currency: Mapped[str]
    list_amount: Mapped[int]
    floor_amount: Mapped[int]  # the strictest bound when it was made; never leaves us
    amount: Mapped[int]
    reasons: Mapped[list[str]] = mapped_column(server_default="{}")
    status: Mapped[str]
    opened_at: Mapped[datetime | None]  # since when it could be accepted; null = a person never agreed to it
    expires_at: Mapped[datetime]
    # What carries it at Polar: a percentage (basis_points) or a fixed amount, once, for this product.
    discount_type: Mapped[str]
    basis_points: Mapped[int | None] = mapped_column(sa.Integer)
    discount_token: Mapped[str] = mapped_column(unique=True)
    discount_id: Mapped[UUID | None] = mapped_column(unique=True)
    discount_state: Mapped[str] = mapped_column(server_default="none")
    discount_ends_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]
    revoke_asked_at: Mapped[datetime | None]  # an accepted one that ran out: when its discount was asked to end

    __table_args__ = (
        one_of("status", OFFER_STATUSES),
        one_of("discount_state", DISCOUNT_STATES),
        one_of("discount_type", ("percentage", "fixed")),
        sa.UniqueConstraint("organization_id", "id"),
        tenant_key(["organization_id", "conversation_id"], "conversations"),
        tenant_key(["organization_id", "agent_id"], "agents"),
        sa.CheckConstraint("quantity between 1 and 10000", name="quantity"),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency"),
        sa.CheckConstraint("list_amount > 0 and floor_amount >= 0", name="amounts"),
        sa.CheckConstraint("amount >= floor_amount", name="floor_amount"),
        sa.CheckConstraint("amount < list_amount", name="list_amount"),
        sa.CheckConstraint("status not in ('open', 'accepted') or opened_at is not null", name="opened_at"),
        sa.CheckConstraint("(discount_type = 'percentage') = (basis_points is not null)", name="basis_points"),
        sa.CheckConstraint(
            "discount_state in ('none', 'creating') or (discount_id is not null and discount_ends_at is not null)",
            name="discount_id",
        ),
        sa.CheckConstraint(
            "discount_state = 'none' or status in ('accepted', 'redeemed', 'expired', 'void')", name="discount_late"
        ),
        # One price that the visitor can have, and beside it at most one that a person is asked for: while he waits for
        # an answer he keeps what he holds.
        sa.Index(
            "ix_offers_one_standing",
            "conversation_id",
            "product_id",
            unique=True,
            postgresql_where=sa.text("status in ('open', 'accepted')"),
        ),
        sa.Index(
            "ix_offers_one_pending",
            "conversation_id",
            "product_id",
            unique=True,
            postgresql_where=sa.text("status = 'pending_approval'"),
        ),
        sa.Index(
            "ix_offers_due",
            "expires_at",
            postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
        ),
        sa.Index("ix_offers_list", "organization_id", "status", sa.text("id desc")),
        sa.Index("ix_offers_conversation_id", "conversation_id", sa.text("id desc")),
        sa.Index("ix_offers_visitor", "organization_id", "visitor_key", "product_id"),
        sa.Index(
            "ix_offers_address",
            "organization_id",
            "address",
            postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
        ),
        sa.Index(
            "ix_offers_product",
            "organization_id",
            "product_id",
            postgresql_where=sa.text("status in ('pending_approval', 'open', 'accepted')"),
        ),
    )


class Budget(Base):
    """One counter per scope and period: what is reserved and what is committed."""

    __tablename__ = "budgets"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    scope_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    period_start: Mapped[date] = mapped_column(primary_key=True)
    reserved: Mapped[int] = mapped_column(server_default="0")
    committed: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        one_of("kind", ("discount", "model")),
        one_of("scope", ("visitor", "conversation", "agent", "organization")),
        one_of("period", ("day", "month")),
        sa.CheckConstraint("reserved >= 0 and committed >= 0", name="counters"),
    )


class BudgetEntry(Base):
    """What one cause reserved, committed or released: at most once per counter."""

    __tablename__ = "budget_entries"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True)  # 'offer:<id>' or 'turn:<id>:<step>:<attempt>'
    scope_id: Mapped[str]
    currency: Mapped[str]
    period_start: Mapped[date]
    amount: Mapped[int]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    __table_args__ = (
        one_of("status", ("reserved", "committed", "released")),
        sa.CheckConstraint("amount >= 0", name="amount"),
        sa.ForeignKeyConstraint(
            ["organization_id", "kind", "scope", "scope_id", "currency", "period", "period_start"],
            [
                "budgets.organization_id", "budgets.kind", "budgets.scope", "budgets.scope_id",
                "budgets.currency", "budgets.period", "budgets.period_start",
            ],
        ),
        sa.Index("ix_budget_entries_cause", "cause"),
    )  # fmt: skip


class NegotiationFreeze(Base):
    """A visitor and product for which nothing is conceded any more: an order came in below the bound (D5)."""

    __tablename__ = "negotiation_freezes"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"), primary_key=True)
    visitor_key: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    facts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
