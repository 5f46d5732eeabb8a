"""What conversations look like on the wire (API § 5)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from agentpay.kit import limits
from agentpay.kit.quiet import Quiet
from agentpay.kit.wire import Metadata
from agentpay.understanding.intents import Action, Intent


class Channel(StrEnum):
    WEB = "web"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    SMS = "sms"
    PHONE = "phone"
    API = "api"


class ConversationStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
    ESCALATED = "escalated"


class Stage(StrEnum):
    DISCOVERY = "discovery"
    BROWSING = "browsing"
    INTERESTED = "interested"
    NEGOTIATING = "negotiating"
    CHECKOUT = "checkout"
    PAYMENT = "payment"
    COMPLETED = "completed"


class Role(StrEnum):
    USER = "user"
    AGENT = "agent"
    STAFF = "staff"
    SYSTEM = "system"


Text = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MESSAGE_CHARACTERS_MAX)]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
SessionId = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ConversationCreate(Quiet, msgspec.Struct, forbid_unknown_fields=True):
    agent_id: UUID | None = None
    channel: Channel = Channel.WEB
    session_id: SessionId | None = None
    previous_token: Token | None = None
    customer_token: Token | None = None
    context: dict[str, Any] = {}
    metadata: Metadata = {}


class ConversationUpdate(msgspec.Struct, forbid_unknown_fields=True):
    context: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    status: Literal["active", "paused", "closed"] | msgspec.UnsetType = msgspec.UNSET
    metadata: Metadata | msgspec.UnsetType = msgspec.UNSET


class HandoffPublic(msgspec.Struct):
    state: Literal["none", "asked", "taken"]
    reason: str | None
    staff_name: str | None
    asked_at: datetime | None
    taken_at: datetime | None


class ConversationPublic(msgspec.Struct):
    """A visitor's token sees it without the last four fields; `last_event_id` only where one is asked for."""

    id: UUID
    organization_id: UUID
    agent_id: UUID
    customer_id: UUID | None
    external_customer_id: str | None
    channel: Channel
    session_id: str
    status: ConversationStatus
    stage: Stage
    message_count: int
    customer_message_count: int
    agent_message_count: int
    hesitation_signals: int
    last_message_at: datetime | None
    last_customer_message_at: datetime | None
    last_intent: Intent | None
    context: dict[str, Any]
    handoff: HandoffPublic
    checkout_id: UUID | None
    order_id: UUID | None
    created_at: datetime
    modified_at: datetime | None
    agent_state: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    negotiation_history: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    summary: str | msgspec.UnsetType | None = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    last_event_id: str | msgspec.UnsetType = msgspec.UNSET


class MessagePublic(msgspec.Struct):
    """A visitor's token sees it without the last five fields."""

    id: UUID
    conversation_id: UUID
    turn_id: UUID | None
    role: Role
    author_name: str | None
    content: str
    interrupted: bool
    intent: Intent | None
    intent_confidence: float | None
    entities: dict[str, Any]
    action: Action | None
    attachments: list[dict[str, Any]]
    response_time_ms: int | None
    created_at: datetime
    modified_at: datetime | None
    tool_calls: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    llm_provider: str | msgspec.UnsetType | None = msgspec.UNSET
    llm_model: str | msgspec.UnsetType | None = msgspec.UNSET
    llm_tokens: int | msgspec.UnsetType | None = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class ConversationStarted(Quiet, msgspec.Struct):
    """`token` is shown once: an answer replayed for an Idempotency-Key leaves it out."""

    conversation: ConversationPublic
    messages: list[MessagePublic]
    last_event_id: str
    token: str | msgspec.UnsetType = msgspec.UNSET


class MessagePage(msgspec.Struct):
    """Oldest first. `next_cursor` is the message id to pass on as `before` or `after`, in the same direction.

    Where both were given, it goes on with `after`."""

    items: list[MessagePublic]
    next_cursor: str | None
    last_event_id: str


class IdentifyCreate(Quiet, msgspec.Struct, forbid_unknown_fields=True):
    customer_token: Token


class HandoffCreate(msgspec.Struct, forbid_unknown_fields=True):
    action: Literal["request", "take", "release"]
    reason: Reason | None = None
    staff_name: Name | None = None


class FeedbackCreate(msgspec.Struct, forbid_unknown_fields=True):
    helpful: bool
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    comment: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class FeedbackPublic(msgspec.Struct):
    message_id: UUID
    helpful: bool
    rating: int | None
    comment: str | None


class WidgetPublic(msgspec.Struct):
    """What a page needs before a conversation exists."""

    agent_name: str
    greeting: str
    proactive: bool
    languages: list[str]
    organization_name: str
