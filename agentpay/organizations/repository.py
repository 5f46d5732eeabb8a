"""Queries of organizations. What is deleted is not found."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import NotFound
from agentpay.organizations.schemas import Environment, Status


class OrganizationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `organizations`."""

    id: UUID
    created_at: datetime
    modified_at: datetime | None
    name: str
    status: Status
    attention: str | None
    polar_environment: Environment
    polar_base_url: str
    polar_organization_id: UUID | None
    webhook_endpoint_id: UUID | None
    allowed_origins: list[str]
    default_currency: str
    budgets: list[Any]
    retention_days: int
    notify_url: str | None
    success_url: str | None
    capabilities: dict[str, Any]
    catalog_synced_at: datetime | None
    catalog_products: int


_COLUMNS = ", ".join(OrganizationRow.__struct_fields__)
_JSON_COLUMNS = frozenset({"budgets", "capabilities"})


async def get(db: Database | Tx, *, organization_id: UUID) -> OrganizationRow:
    """Raises `NotFound`."""
    row = await db.one(
        f"select {_COLUMNS} from organizations where id = %(organization_id)s and deleted_at is null",
        {"organization_id": organization_id},
    )
    if row is None:
        raise NotFound
    return OrganizationRow(**row)


async def lock(tx: Tx, *, organization_id: UUID) -> OrganizationRow:
    """The row, held until the transaction ends. Raises `NotFound`."""
    row = await tx.one(
        f"select {_COLUMNS} from organizations where id = %(organization_id)s and deleted_at is null for update",
        {"organization_id": organization_id},
    )
    if row is None:
        raise NotFound
    return OrganizationRow(**row)


async def list_all(db: Database | Tx, *, limit: int, before_id: UUID | None = None) -> list[OrganizationRow]:
    """Newest first, for the operator."""
    rows = await db.all(
        f"select {_COLUMNS} from organizations where deleted_at is null"
        " and (%(before_id)s::uuid is null or id < %(before_id)s) order by id desc limit %(limit)s",
        {"before_id": before_id, "limit": limit},
    )
    return [OrganizationRow(**row) for row in rows]


async def insert(tx: Tx, *, organization_id: UUID, values: Mapping[str, Any]) -> OrganizationRow:
    """`values` by column."""
    columns = {"id": organization_id, **values}
    names = ", ".join(columns)
    places = ", ".join(f"%({name})s" for name in columns)
    row = await tx.one(f"insert into organizations ({names}) values ({places}) returning {_COLUMNS}", _adapted(columns))
    return _made(row)


async def update(tx: Tx, *, organization_id: UUID, changes: Mapping[str, Any]) -> OrganizationRow:
    """Set `changes` by column. Raises `NotFound`."""
    sets = "".join(f"{name} = %({name})s, " for name in changes)
    row = await tx.one(
        f"update organizations set {sets}modified_at = now()"
        f" where id = %(organization_id)s and deleted_at is null returning {_COLUMNS}",
        {**_adapted(changes), "organization_id": organization_id},
    )
    return _made(row)


async def delete(tx: Tx, *, organization_id: UUID) -> None:
    """Soft; its keys and tokens end with it. Raises `NotFound`."""
    deleted = await tx.execute(
        "update organizations set deleted_at = now() where id = %(organization_id)s and deleted_at is null",
        {"organization_id": organization_id},
    )
    if not deleted:
        raise NotFound
    await tx.execute(
        "update api_keys set deleted_at = now() where organization_id = %(organization_id)s and deleted_at is null",
        {"organization_id": organization_id},
    )


def _adapted(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Jsonb(msgspec.to_builtins(value)) if name in _JSON_COLUMNS else value for name, value in values.items()
    }


def _made(row: Row | None) -> OrganizationRow:
    if row is None:
        raise NotFound
    return OrganizationRow(**row)
