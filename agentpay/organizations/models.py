"""Tables: organizations, their secrets and API keys, notifications on their way to the merchant."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, RecordModel, one_of

ENVIRONMENTS = ("production", "sandbox", "custom")
STATUSES = ("active", "unverified", "attention")
SECRET_KINDS = ("polar_token", "webhook", "identity", "notify")
KEY_KINDS = ("secret", "publishable")


class Organization(RecordModel):
    """The tenant: Polar's merchant account, with what AgentPay needs to act for it."""

    __tablename__ = "organizations"

    name: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="unverified")
    attention: Mapped[str | None]  # why, in a sentence fit for the merchant
    polar_environment: Mapped[str]
    polar_base_url: Mapped[str]
    polar_organization_id: Mapped[UUID | None]
    webhook_endpoint_id: Mapped[UUID | None]
    allowed_origins: Mapped[list[str]] = mapped_column(server_default="{}")
    default_currency: Mapped[str] = mapped_column(server_default="usd")
    budgets: Mapped[list[Any]] = mapped_column(server_default="[]")
    retention_days: Mapped[int] = mapped_column(sa.Integer, server_default="365")
    notify_url: Mapped[str | None]
    success_url: Mapped[str | None]
    capabilities: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    catalog_synced_at: Mapped[datetime | None]
    catalog_products: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    reconciled_at: Mapped[datetime | None]  # orders up to here are known by asking, not only by webhook
    refunds_reconciled_at: Mapped[datetime | None]  # refunds likewise

    __table_args__ = (
        one_of("status", STATUSES),
        one_of("polar_environment", ENVIRONMENTS),
        sa.CheckConstraint("default_currency ~ '^[a-z]{3}$'", name="default_currency"),
        sa.CheckConstraint("retention_days between 1 and 3650", name="retention_days"),
        # A preflight asks whether anybody lists its Origin.
        sa.Index("ix_organizations_allowed_origins", "allowed_origins", postgresql_using="gin"),
        sa.Index(
            "ix_organizations_unverified", "id", postgresql_where=sa.text("status <> 'active' and deleted_at is null")
        ),
    )


class OrganizationSecret(Base):
    """One encrypted secret. Rotation adds a row and gives the old one an end; several may be valid at once."""

    __tablename__ = "organization_secrets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    kind: Mapped[str]
    ciphertext: Mapped[bytes]
    last4: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    expires_at: Mapped[datetime | None]  # null = the current one

    __table_args__ = (
        one_of("kind", SECRET_KINDS),
        sa.Index(
            "ix_organization_secrets_current",
            "organization_id",
            "kind",
            unique=True,
            postgresql_where=sa.text("expires_at is null"),
        ),
        sa.Index("ix_organization_secrets_organization_id", "organization_id", "kind"),
    )


class ApiKey(RecordModel):
    """A secret key (only its hash is kept) or a publishable key (public, kept in clear)."""

    __tablename__ = "api_keys"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    kind: Mapped[str]
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    publishable_key: Mapped[str | None]
    last4: Mapped[str]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("kind", KEY_KINDS),
        sa.CheckConstraint("octet_length(key_hash) = 32", name="key_hash"),
        sa.CheckConstraint("(kind = 'publishable') = (publishable_key is not null)", name="publishable_key"),
        sa.Index("ix_api_keys_organization_id", "organization_id", sa.text("id desc")),
    )


class Notification(Base):
    """One message to the merchant's `notify_url`: at least once, retried for 24 h, then parked."""

    __tablename__ = "notifications"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    conversation_id: Mapped[UUID | None]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default="waiting")
    attempt: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    error: Mapped[str | None]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("status", ("waiting", "sent", "parked", "dropped")),
        sa.Index("ix_notifications_organization_id", "organization_id", sa.text("id desc")),
        sa.Index("ix_notifications_conversation_id", "conversation_id"),
    )
