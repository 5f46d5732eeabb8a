"""The cast: Acme Candles the merchant, Wick its agent, Sam the visitor, Rival Shop who must see nothing."""

from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.agents import publish, rules, schemas
from agentpay.agents.repository import AgentRow
from agentpay.db.engine import Database
from agentpay.kit.ids import uuid7

_ORGANIZATION = """
insert into organizations (id, name, status, polar_environment, polar_base_url, default_currency, budgets)
values (%(id)s, %(name)s, 'active', 'custom', 'http://127.0.0.1:1', %(currency)s, %(budgets)s)
"""
_CONVERSATION = """
insert into conversations (id, organization_id, agent_id, channel, session_id, external_customer_id)
values (%(id)s, %(organization_id)s, %(agent_id)s, 'web', %(session_id)s, %(external_customer_id)s)
"""


async def merchant(
    db: Database, *, name: str = "Acme Candles", currency: str = "usd", budgets: list[dict[str, Any]] | None = None
) -> UUID:
    organization_id = uuid7()
    values = {"id": organization_id, "name": name, "currency": currency, "budgets": Jsonb(budgets or [])}
    await db.run(_ORGANIZATION, values)
    return organization_id


async def agent(
    db: Database, organization_id: UUID, *, name: str = "Wick", agent_type: str = "sales", **written: Any
) -> AgentRow:
    """`written`: the agent's rules in the merchant's words."""
    data = schemas.AgentCreate(
        name=name,
        agent_type=agent_type,  # type: ignore[arg-type] # a test's word
        rules=rules.to_wire(rules.parse(msgspec.to_builtins(written))),
    )
    return await publish.create_agent(db, organization_id=organization_id, data=data)


async def conversation(
    db: Database, organization_id: UUID, agent_id: UUID, *, session: str = "sam", customer: str | None = None
) -> UUID:
    """Sam's conversation."""
    conversation_id = uuid7()
    values = {
        "id": conversation_id,
        "organization_id": organization_id,
        "agent_id": agent_id,
        "session_id": session,
        "external_customer_id": customer,
    }
    await db.run(_CONVERSATION, values)
    return conversation_id
