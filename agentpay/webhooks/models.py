"""Table: deliveries, what Polar sent."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, one_of

DELIVERY_STATUSES = ("received", "applied", "ignored", "parked")


class Delivery(Base):
    """One received webhook: stored once by `webhook-id`, applied later, pruned by age."""

    __tablename__ = "deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    webhook_id: Mapped[str]
    type: Mapped[str]
    sent_at: Mapped[datetime]  # the envelope's timestamp: the order in which to believe
    body: Mapped[bytes | None]
    status: Mapped[str] = mapped_column(server_default="received")
    attempt: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    lease_until: Mapped[datetime | None]
    next_try_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    applied_at: Mapped[datetime | None]
    error: Mapped[str | None]

    __table_args__ = (
        one_of("status", DELIVERY_STATUSES),
        sa.UniqueConstraint("organization_id", "webhook_id"),
        sa.Index("ix_deliveries_due", "next_try_at", postgresql_where=sa.text("status = 'received'")),
        sa.Index("ix_deliveries_list", "organization_id", sa.text("id desc")),
        sa.Index("ix_deliveries_age", "received_at", postgresql_using="brin"),
    )
