"""Tables: the mirror of Polar's catalogue."""

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
    description: Mapped[str] = mapped_column(server_default="")
    data: Mapped[dict[str, Any]]  # polar.types.Product, as JSON
    price_fingerprint: Mapped[str]  # price ids and amounts: `modified_at` does not tell (polar/API.md § 2.2)
    is_sellable: Mapped[bool]  # public, not archived, purchasable: what visitors may see
    is_archived: Mapped[bool]
    visibility: Mapped[str]
    polar_created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # start of our read, or the webhook's timestamp
    search_text: Mapped[str]  # folded name, for trigrams
    search: Mapped[str] = mapped_column(TSVECTOR)

    __table_args__ = (
        sa.Index("ix_products_search", "search", postgresql_using="gin"),
        sa.Index(
            "ix_products_trigrams",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        sa.Index(
            "ix_products_sellable",
            "organization_id",
            sa.text("polar_created_at desc"),
            postgresql_where=sa.text("is_sellable"),
        ),
    )
