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
    data: Mapped[dict[str, Any]]  # polar.types.Product as JSON, without metadata but `stock`
    price_fingerprint: Mapped[str]  # price ids and amounts: `modified_at` does not tell (polar/API.md § 2.2)
    currency: Mapped[str]  # the organization's default, or one that the product has
    amount: Mapped[int | None]  # of the smallest purchase, in `currency`; null = only metered, or no price
    stock: Mapped[int | None]  # null = not tracked
    is_sellable: Mapped[bool]  # public, not archived, purchasable: what visitors may see
    is_archived: Mapped[bool]
    visibility: Mapped[str]
    polar_created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # start of our read, or the webhook's timestamp
    content_hash: Mapped[str]  # of all that this row and its index were made from: equal = nothing to write


class ProductIndex(Base):
    """What a search reads of a sellable product: narrow, so that many are weighed in little time."""

    __tablename__ = "product_index"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    polar_created_at: Mapped[datetime]
    folded_name: Mapped[str]
    amount: Mapped[int | None]
    amounts: Mapped[dict[str, Any]]  # of the smallest purchase, by currency
    stock: Mapped[int | None]
    search: Mapped[str] = mapped_column(TSVECTOR)  # lexemes by kit.words

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["organization_id", "product_id"], ["products.organization_id", "products.product_id"], ondelete="CASCADE"
        ),
        sa.Index("ix_product_index_search", "search", postgresql_using="gin"),
        sa.Index("ix_product_index_name", "organization_id", "folded_name"),
        sa.Index(
            "ix_product_index_newest", "organization_id", sa.text("polar_created_at desc"), sa.text("product_id desc")
        ),
        sa.Index("ix_product_index_cheapest", "organization_id", "amount"),
    )


class CatalogSync(Base):
    """When an organization's catalogue is to be read again, and how the last try went."""

    __tablename__ = "catalog_syncs"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    seen_at: Mapped[datetime | None]  # start of the last complete read: who says less than that is late
    error: Mapped[str | None]  # kind of the last failure, null once a read was complete

    __table_args__ = (sa.Index("ix_catalog_syncs_due_at", "due_at"),)
