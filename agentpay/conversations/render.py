"""Rows as their reader may see them. Attachments keep the figures that were said; their status follows the records."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpay.conversations.schemas import (
    Channel,
    ConversationPublic,
    ConversationStatus,
    HandoffPublic,
    MessagePublic,
    Role,
    Stage,
)
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.understanding.intents import Action, Intent

# Offers and checkouts stand above this package, so their live state is handed in: ids → (status, expires_at).
LiveState = Callable[[Database, set[UUID]], Awaitable[Mapping[UUID, tuple[str, datetime | None]]]]

_SUBJECTS = {"offer": "offer_id", "payment_button": "checkout_id", "order": "order_id"}


def conversation_public(row: Row, *, for_staff: bool, last_event_id: str | None = None) -> ConversationPublic:
    """`row` is a conversation with its open handoff's columns (`repository.CONVERSATION`)."""
    public = ConversationPublic(
        id=row["id"],
        organization_id=row["organization_id"],
        agent_id=row["agent_id"],
        customer_id=row["customer_id"],
        external_customer_id=row["external_customer_id"],
        channel=Channel(row["channel"]),
        session_id=row["session_id"],
        status=ConversationStatus(row["status"]),
        stage=Stage(row["stage"]),
        message_count=row["message_count"],
        customer_message_count=row["customer_message_count"],
        agent_message_count=row["agent_message_count"],
        hesitation_signals=row["hesitation_signals"],
        last_message_at=row["last_message_at"],
        last_customer_message_at=row["last_customer_message_at"],
        last_intent=Intent(row["last_intent"]) if row["last_intent"] else None,
        context=row["context"],
        handoff=msgspec.convert(handoff_public(row), HandoffPublic),
        checkout_id=row["checkout_id"],
        order_id=row["order_id"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
    )
    if for_staff:
        public.agent_state = row["agent_state"]
        public.negotiation_history = row["negotiation_history"]
        public.summary = row["summary"]
        public.metadata = row["metadata"]
    if last_event_id is not None:
        public.last_event_id = last_event_id
    return public


def handoff_public(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The `handoff` object of a conversation, from its open handoff's columns (all None = none)."""
    if row is None or row["asked_at"] is None:
        return {"state": "none", "reason": None, "staff_name": None, "asked_at": None, "taken_at": None}
    taken = row["taken_at"]
    return {
        "state": "taken" if taken else "asked",
        "reason": row["reason"],
        "staff_name": row["staff_name"],
        "asked_at": row["asked_at"].isoformat().replace("+00:00", "Z"),
        "taken_at": taken.isoformat().replace("+00:00", "Z") if taken else None,
    }


def message_public(
    row: Row, *, for_staff: bool, live: Mapping[UUID, tuple[str, datetime | None]] | None = None
) -> MessagePublic:
    public = MessagePublic(
        id=row["id"],
        conversation_id=row["conversation_id"],
        turn_id=row["turn_id"],
        role=Role(row["role"]),
        author_name=row["author_name"],
        content=row["content"],
        interrupted=row["interrupted"],
        intent=Intent(row["intent"]) if row["intent"] else None,
        intent_confidence=row["intent_confidence"],
        entities=row["entities"],
        action=Action(row["action"]) if row["action"] else None,
        attachments=[_refreshed(attachment, live or {}) for attachment in row["attachments"]],
        response_time_ms=row["response_time_ms"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
    )
    if for_staff:
        public.tool_calls = row["tool_calls"]
        public.llm_provider = row["llm_provider"]
        public.llm_model = row["llm_model"]
        public.llm_tokens = row["llm_tokens"]
        public.metadata = row["metadata"]
    return public


async def messages_public(
    db: Database, rows: Iterable[Row], *, for_staff: bool, live_state: LiveState
) -> list[MessagePublic]:
    """Messages with their attachments' state of now: one look-up for all of them, none where there is nothing live."""
    listed = list(rows)
    subjects = {
        UUID(attachment[_SUBJECTS[attachment["type"]]])
        for row in listed
        for attachment in row["attachments"]
        if attachment["type"] in _SUBJECTS
    }
    live = await live_state(db, subjects) if subjects else {}
    return [message_public(row, for_staff=for_staff, live=live) for row in listed]


def _refreshed(attachment: dict[str, Any], live: Mapping[UUID, tuple[str, datetime | None]]) -> dict[str, Any]:
    field = _SUBJECTS.get(attachment["type"])
    state = live.get(UUID(attachment[field])) if field else None
    if state is None:
        return attachment
    status, expires_at = state
    fresh = {**attachment, "status": status}
    if expires_at is not None and "expires_at" in attachment:
        fresh["expires_at"] = expires_at
    return fresh
