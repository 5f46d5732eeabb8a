"""Tables: agents and their versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, RecordModel, one_of

AGENT_TYPES = ("sales", "support", "payment")
AGENT_STATUSES = ("active", "inactive", "training")


class Agent(RecordModel):
    """A merchant's configured seller. Every change makes a version; a turn names the one it ran under."""

    __tablename__ = "agents"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    name: Mapped[str]
    agent_type: Mapped[str]
    status: Mapped[str]
    personality: Mapped[dict[str, Any]]
    system_prompt: Mapped[str]
    tools: Mapped[dict[str, Any]]
    rules: Mapped[dict[str, Any]]
    config: Mapped[dict[str, Any]]
    user_metadata: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")

    __table_args__ = (
        one_of("agent_type", AGENT_TYPES),
        one_of("status", AGENT_STATUSES),
        sa.UniqueConstraint("organization_id", "id"),
        sa.Index(
            "ix_agents_list", "organization_id", sa.text("id desc"), postgresql_where=sa.text("deleted_at is null")
        ),
    )


class AgentVersion(Base):
    """The agent as it was: what replay reads."""

    __tablename__ = "agent_versions"

    agent_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agents.id"), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    organization_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    snapshot: Mapped[dict[str, Any]]
