"""The declarative base and the columns that every record has. Tables are declared in the packages' `models.py`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        datetime: sa.DateTime(timezone=True),
        str: sa.Text(),
        UUID: sa.Uuid(),
        int: sa.BigInteger(),
        bytes: sa.LargeBinary(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: sa.ARRAY(sa.Text()),
    }


class RecordModel(Base):
    """What Polar's records carry too: id, created_at, modified_at, deleted_at (soft delete)."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), sort_order=-9)
    modified_at: Mapped[datetime | None] = mapped_column(onupdate=sa.func.now(), sort_order=-8)
    deleted_at: Mapped[datetime | None] = mapped_column(sort_order=-7)


def one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    """CHECK that a status column holds one of our own words: text with CHECK, because native enums migrate badly."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} in ({listed})", name=column)


def tenant_key(columns: list[str], target: str, **options: Any) -> sa.ForeignKeyConstraint:
    """A composite foreign key (organization_id, x) → target (organization_id, id): nothing points across tenants."""
    return sa.ForeignKeyConstraint(columns, [f"{target}.organization_id", f"{target}.id"], **options)
