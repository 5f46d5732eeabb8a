"""Tables: processes, turns, steps and drafts."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.db.base import Base, one_of, tenant_key
from agentpay.turns.enums import TURN_STATUSES


class Process(Base):
    """One row a process: the heartbeat of everything it owns, always the database's clock + 3 s."""

    __tablename__ = "processes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    lease_until: Mapped[datetime]


class Turn(Base):
    """Everything done to answer. `attempt` is the fencing token: who has an older one writes nothing."""

    __tablename__ = "turns"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    organization_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    agent_id: Mapped[UUID | None]
    agent_version: Mapped[int | None] = mapped_column(sa.Integer)
    status: Mapped[str]
    reason: Mapped[str | None]
    after_sequence: Mapped[int]  # answers the visitor's messages after this one …
    up_to_sequence: Mapped[int]  # … up to this one, no later one
    reply_id: Mapped[UUID] = mapped_column(unique=True)
    reply_sequence: Mapped[int | None]  # taken when the turn starts, so U1 A1 U2 A2
    attempt: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    owner: Mapped[UUID | None] = mapped_column(sa.ForeignKey("processes.id", ondelete="SET NULL"))
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    input_tokens: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    output_tokens: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    cost: Mapped[int] = mapped_column(server_default="0")  # micro-USD
    brief: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # what its questions are rebuilt from (replay)

    __table_args__ = (
        one_of("status", TURN_STATUSES),
        sa.UniqueConstraint("organization_id", "id"),
        tenant_key(["organization_id", "conversation_id"], "conversations"),
        sa.CheckConstraint("status <> 'queued' or (attempt = 0 and reply_sequence is null)", name="queued"),
        sa.CheckConstraint("status <> 'running' or (attempt > 0 and reply_sequence is not null)", name="running"),
        sa.CheckConstraint("(status in ('queued', 'running')) = (completed_at is null)", name="completed_at"),
        sa.Index(
            "ix_turns_one_running", "conversation_id", unique=True, postgresql_where=sa.text("status = 'running'")
        ),
        sa.Index("ix_turns_one_queued", "conversation_id", unique=True, postgresql_where=sa.text("status = 'queued'")),
        sa.Index("ix_turns_open", "owner", postgresql_where=sa.text("status = 'running'")),
        sa.Index("ix_turns_conversation_id", "conversation_id", sa.text("id desc")),
        sa.Index("ix_turns_organization_id", "organization_id", "created_at"),
        sa.Index("ix_turns_detail", "completed_at", postgresql_where=sa.text("brief <> '{}'::jsonb")),
        {"postgresql_with": {"fillfactor": 70}},
    )


class Step(Base):
    """One question to the provider: its whole reply, stored before any of its tools runs, then their results."""

    __tablename__ = "turn_steps"

    turn_id: Mapped[UUID] = mapped_column(sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    attempt: Mapped[int] = mapped_column(sa.Integer)
    brief: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # digest of the question
    reply: Mapped[dict[str, Any]]
    results: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # by call id
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    __table_args__ = (sa.CheckConstraint("step between 1 and 16", name="step"),)


class Draft(Base):
    """The growing reply, there while its turn runs. This row is the fence for text: no update, no words."""

    __tablename__ = "drafts"

    turn_id: Mapped[UUID] = mapped_column(sa.ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    conversation_id: Mapped[UUID]
    attempt: Mapped[int] = mapped_column(sa.Integer)
    content: Mapped[str] = mapped_column(server_default="")
    started_offset: Mapped[int]  # of this attempt's turn.started
    last_offset: Mapped[int]  # of the conversation's latest event: text after it is told after it, in every stream

    __table_args__ = (
        sa.Index("ix_drafts_one_per_conversation", "conversation_id", unique=True),
        {"postgresql_with": {"fillfactor": 50}},
    )
