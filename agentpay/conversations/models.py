"""Tables: conversations, their tokens, messages, feedback, events, handoffs and the products that were shown."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.conversations.enums import ASKED_BY, CHANNELS, ROLES, STAGES, STATUSES
from agentpay.db.base import Base, RecordModel, one_of, tenant_key


class Conversation(RecordModel):
    """One visitor and one agent over time. Its row is the lock of everything in it and counts sequences and offsets."""

    __tablename__ = "conversations"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    agent_id: Mapped[UUID]
    channel: Mapped[str]
    session_id: Mapped[str]  # one visitor's browser or address; spans conversations
    origin: Mapped[str | None]  # of the page where it runs
    address: Mapped[str | None]  # keyed hash of the visitor's address, for counting only
    is_training: Mapped[bool] = mapped_column(server_default=sa.false())  # started with a secret key
    external_customer_id: Mapped[str | None]  # proven `sub`
    customer_id: Mapped[UUID | None]  # Polar's, once known
    identity: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # proven e-mail and name
    status: Mapped[str] = mapped_column(server_default="active")
    stage: Mapped[str] = mapped_column(server_default="discovery")
    message_count: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    customer_message_count: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    agent_message_count: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    messages_since_release: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    hesitation_signals: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    last_sequence: Mapped[int] = mapped_column(server_default="0")  # messages
    last_offset: Mapped[int] = mapped_column(server_default="0")  # events
    last_message_at: Mapped[datetime | None]
    last_customer_message_at: Mapped[datetime | None]
    last_intent: Mapped[str | None]
    context: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    agent_state: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    negotiation_history: Mapped[list[Any]] = mapped_column(server_default="[]")
    summary: Mapped[str | None]
    checkout_id: Mapped[UUID | None]  # the newest of ours
    order_id: Mapped[UUID | None]  # the newest, Polar's
    product_shown_at: Mapped[datetime | None]
    user_metadata: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("channel", CHANNELS),
        one_of("status", STATUSES),
        one_of("stage", STAGES),
        sa.CheckConstraint("pg_column_size(context) <= 65536", name="context"),
        sa.UniqueConstraint("organization_id", "id"),
        tenant_key(["organization_id", "agent_id"], "agents"),
        sa.Index(
            "ix_conversations_one_open_per_session",
            "organization_id",
            "channel",
            "session_id",
            unique=True,
            postgresql_where=sa.text("status <> 'closed' and deleted_at is null"),
        ),
        sa.Index(
            "ix_conversations_list",
            "organization_id",
            sa.text("id desc"),
            postgresql_where=sa.text("deleted_at is null"),
        ),
        sa.Index("ix_conversations_session_id", "organization_id", "session_id"),
        sa.Index(
            "ix_conversations_external_customer_id",
            "organization_id",
            "external_customer_id",
            postgresql_where=sa.text("external_customer_id is not null"),
        ),
        sa.Index("ix_conversations_agent_id", "organization_id", "agent_id"),
        sa.Index("ix_conversations_age", "last_message_at", postgresql_where=sa.text("erased_at is null")),
        {"postgresql_with": {"fillfactor": 70}},
    )


class ConversationToken(Base):
    """What one visitor's browser holds: only its SHA-256 is kept."""

    __tablename__ = "conversation_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        tenant_key(["organization_id", "conversation_id"], "conversations", ondelete="CASCADE"),
        sa.Index("ix_conversation_tokens_conversation_id", "conversation_id"),
        sa.Index("ix_conversation_tokens_expires_at", "expires_at"),
    )


class Message(RecordModel):
    """One entry of a conversation. Ordered by `sequence`, never by id or time."""

    __tablename__ = "messages"

    organization_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    sequence: Mapped[int]
    turn_id: Mapped[UUID | None]
    role: Mapped[str]
    author_name: Mapped[str | None]
    content: Mapped[str]
    interrupted: Mapped[bool] = mapped_column(server_default=sa.false())
    intent: Mapped[str | None]
    intent_confidence: Mapped[float | None] = mapped_column(sa.Float)
    entities: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    action: Mapped[str | None]
    tool_calls: Mapped[list[Any]] = mapped_column(server_default="[]")
    attachments: Mapped[list[Any]] = mapped_column(server_default="[]")
    response_time_ms: Mapped[int | None] = mapped_column(sa.Integer)
    llm_provider: Mapped[str | None]
    llm_model: Mapped[str | None]
    llm_tokens: Mapped[int | None] = mapped_column(sa.Integer)
    user_metadata: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")

    __table_args__ = (
        one_of("role", ROLES),
        sa.CheckConstraint("sequence > 0", name="sequence"),
        sa.UniqueConstraint("conversation_id", "sequence"),
        tenant_key(["organization_id", "conversation_id"], "conversations"),
        sa.Index("ix_messages_one_reply_per_turn", "turn_id", unique=True, postgresql_where=sa.text("role = 'agent'")),
    )


class Feedback(Base):
    """What the visitor thought of one reply; the latest word counts."""

    __tablename__ = "feedback"

    message_id: Mapped[UUID] = mapped_column(sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    helpful: Mapped[bool]
    rating: Mapped[int | None] = mapped_column(sa.Integer)
    comment: Mapped[str | None]

    __table_args__ = (
        sa.CheckConstraint("rating between 1 and 5", name="rating"),
        sa.Index("ix_feedback_conversation_id", "conversation_id"),
    )


class Event(Base):
    """One entry of a conversation's stream: a log pruned by age, its offset taken under the conversation's lock."""

    __tablename__ = "events"

    conversation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    offset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    type: Mapped[str]
    subject_id: Mapped[UUID | None]  # message events refer to the message
    data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    draft_length: Mapped[int] = mapped_column(sa.Integer, server_default="0")  # code points of the draft before it

    __table_args__ = (sa.Index("ix_events_age", "created_at", postgresql_using="brin"),)


class Handoff(Base):
    """A person was asked for, took over, gave it back: a row, not a flag."""

    __tablename__ = "handoffs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    organization_id: Mapped[UUID]
    conversation_id: Mapped[UUID]
    asked_by: Mapped[str]
    reason: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    staff_name: Mapped[str | None]
    released_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("asked_by", ASKED_BY),
        tenant_key(["organization_id", "conversation_id"], "conversations"),
        sa.Index(
            "ix_handoffs_one_open", "conversation_id", unique=True, postgresql_where=sa.text("released_at is null")
        ),
        sa.Index("ix_handoffs_conversation_id", "conversation_id", sa.text("id desc")),
    )


class ShownProduct(Base):
    """A product that this conversation was shown: the only ids that a tool may name (provenance)."""

    __tablename__ = "shown_products"

    conversation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    shown_at: Mapped[datetime] = mapped_column(server_default=sa.func.clock_timestamp())
