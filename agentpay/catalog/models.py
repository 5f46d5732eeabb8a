"""Tables: the mirror of Polar's catalogue, and when each organization's is due to be read again."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base


class Product(Base):
    """Polar's product as last seen. A log of theirs, not a record of ours: replaced by each sync."""

    __tablename__ = "products"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)  # Polar's
    name: Mapped[str]
    folded_name: Mapped[str]  # for look-ups by name
    data: Mapped[dict[str, Any]]  # polar.types.Product as JSON, without metadata but `stock`
    price_fingerprint: Mapped[str]  # price ids and amounts: `modified_at` does not tell (polar/API.md § 2.2)
    currency: Mapped[str]  # the organization's default, or one that the product has
    amount: Mapped[int | None]  # of the smallest purchase, in `currency`; null = only metered, or no price
    amounts: Mapped[dict[str, Any]]  # the same in every currency it has
    stock: Mapped[int | None]  # null = not tracked
    is_sellable: Mapped[bool]  # public, not archived, purchasable: what visitors may see
    is_archived: Mapped[bool]
    visibility: Mapped[str]
    polar_created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # start of our read, or the webhook's timestamp
    content_hash: Mapped[str]  # of all that this row was made from: equal = nothing to write
    search: Mapped[str] = mapped_column(TSVECTOR)  # lexemes by kit.words, empty where not sellable

    __table_args__ = (
        sa.Index("ix_products_search", "search", postgresql_using="gin"),
        sa.Index("ix_products_name", "organization_id", "folded_name", postgresql_where=sa.text("is_sellable")),
        sa.Index(
            "ix_products_newest",
            "organization_id",
            sa.text("polar_created_at desc"),
            sa.text("product_id desc"),
            postgresql_where=sa.text("is_sellable"),
        ),
        sa.Index("ix_products_cheapest", "organization_id", "amount", postgresql_where=sa.text("is_sellable")),
    )


class CatalogSync(Base):
    """When an organization's catalogue is to be read again, and how the last try went."""

    __tablename__ = "catalog_syncs"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    seen_at: Mapped[datetime | None]  # start of the last complete read: who says less than that is late
    error: Mapped[str | None]  # kind of the last failure, null once a read was complete

    __table_args__ = (sa.Index("ix_catalog_syncs_due_at", "due_at"),)
