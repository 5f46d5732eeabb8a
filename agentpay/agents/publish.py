"""Changing an agent: the row and its new version in one transaction, one version for each change."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from agentpay.agents import schemas
from agentpay.agents.repository import AGENTS_PER_ORGANIZATION_MAX, COLUMNS, AgentRow, agent_of
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import Conflict, NotFound
from agentpay.kit.ids import uuid7

FIELDS = (
    "name", "agent_type", "status", "personality", "system_prompt", "tools", "rules", "config", "metadata",
)  # fmt: skip
_JSON = frozenset({"personality", "tools", "rules", "config", "metadata"})

_COUNT = "select count(*) from agents where organization_id = %(organization_id)s and deleted_at is null"
_INSERT = f"""
insert into agents (id, organization_id, {", ".join(FIELDS)})
values (%(id)s, %(organization_id)s, {", ".join(f"%({name})s" for name in FIELDS)})
returning {COLUMNS}
"""
# The row lock makes two PATCHes of different fields both count: each gets its own version.
_LOCK = f"""
select {COLUMNS} from agents
where organization_id = %(organization_id)s and id = %(agent_id)s and deleted_at is null
for update
"""
_UPDATE = f"""
update agents set {", ".join(f"{name} = %({name})s" for name in FIELDS)},
  version = version + 1, modified_at = now()
where id = %(id)s returning {COLUMNS}
"""
_DELETE = f"""
update agents set deleted_at = now(), version = version + 1, modified_at = now()
where organization_id = %(organization_id)s and id = %(agent_id)s and deleted_at is null
returning {COLUMNS}
"""
_VERSION = """
insert into agent_versions (agent_id, version, organization_id, snapshot)
values (%(agent_id)s, %(version)s, %(organization_id)s, %(snapshot)s)
"""


class TooManyAgents(Conflict):
    """An organization has at most `AGENTS_PER_ORGANIZATION_MAX` agents."""


async def create_agent(db: Database, *, organization_id: UUID, data: schemas.AgentCreate) -> AgentRow:
    """Version 1. Raises `Invalid`, `TooManyAgents`."""
    values = schemas.stored_values(data)
    async with db.transaction() as tx:
        if await tx.value(_COUNT, {"organization_id": organization_id}) >= AGENTS_PER_ORGANIZATION_MAX:
            raise TooManyAgents(f"An organization has at most {AGENTS_PER_ORGANIZATION_MAX} agents.")
        row = await tx.one(_INSERT, _params(values) | {"id": uuid7(), "organization_id": organization_id})
        assert row is not None
        await _record_version(tx, row)
    return agent_of(row)


async def update_agent(db: Database, *, organization_id: UUID, agent_id: UUID, data: schemas.AgentUpdate) -> AgentRow:
    """The next version, or the same one if nothing changed. Raises `Invalid`, `NotFound`."""
    values = schemas.stored_values(data)
    async with db.transaction() as tx:
        row = await tx.one(_LOCK, {"organization_id": organization_id, "agent_id": agent_id})
        if row is None:
            raise NotFound
        if any(row[name] != value for name, value in values.items()):
            merged = {name: row[name] for name in FIELDS} | values
            row = await tx.one(_UPDATE, _params(merged) | {"id": agent_id})
            assert row is not None
            await _record_version(tx, row)
    return agent_of(row)


async def delete_agent(db: Database, *, organization_id: UUID, agent_id: UUID) -> None:
    """Soft, and a last version. Offers that it made stay bound by its rules. Raises `NotFound`."""
    async with db.transaction() as tx:
        row = await tx.one(_DELETE, {"organization_id": organization_id, "agent_id": agent_id})
        if row is None:
            raise NotFound
        await _record_version(tx, row, deleted=True)


async def _record_version(tx: Tx, row: Row, *, deleted: bool = False) -> None:
    snapshot: dict[str, Any] = {name: row[name] for name in FIELDS}
    snapshot["created_at"] = row["created_at"].isoformat()
    if deleted:
        snapshot["deleted"] = True
    await tx.execute(
        _VERSION,
        {
            "agent_id": row["id"],
            "version": row["version"],
            "organization_id": row["organization_id"],
            "snapshot": Jsonb(snapshot),
        },
    )


def _params(values: dict[str, Any]) -> dict[str, Any]:
    return {name: Jsonb(value) if name in _JSON else value for name, value in values.items()}
