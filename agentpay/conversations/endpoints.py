"""Starting, finding and following conversations (API §§ 5, 7). Saying something is `turns/endpoints.py`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from agentpay.agents import repository as agents
from agentpay.agents import routing
from agentpay.callers import limits as rates
from agentpay.callers.credentials import list_ended
from agentpay.conversations import access, cursor, repository
from agentpay.conversations.append import Appender
from agentpay.conversations.cursor import Cursor
from agentpay.conversations.render import LiveState, conversation_public, messages_public
from agentpay.conversations.schemas import (
    Channel,
    ConversationCreate,
    ConversationPublic,
    ConversationStarted,
    ConversationStatus,
    FeedbackCreate,
    FeedbackPublic,
    IdentifyCreate,
    MessagePage,
    Stage,
    WidgetPublic,
)
from agentpay.conversations.sse import EventStream
from agentpay.conversations.stream import Hub, Listening, start_cursor
from agentpay.conversations.telling import Telling
from agentpay.db.engine import Database
from agentpay.kit import pages, wire
from agentpay.kit.caller import Client, Member, Merchant, Page
from agentpay.kit.clock import Clock
from agentpay.kit.limits import LIST_LIMIT_DEFAULT
from agentpay.kit.wire import Limit
from agentpay.organizations import identity
from agentpay.organizations import repository as organizations
from agentpay.organizations.secrets import Vault

TAGS = ["conversations"]
BASE = "/v1/agent/conversations"
ONE = f"{BASE}/{{conversation_id:uuid}}"
LANGUAGES = ["en", "pt"]


class StartLimits(msgspec.Struct, frozen=True):
    """Starts a minute, on all replicas (API § 10)."""

    per_address: int
    per_key: int


@get("/v1/widget", status_code=200, operation_id="get_widget", tags=["widget"])
async def read_widget(page: NamedDependency[Page], db: NamedDependency[Database]) -> WidgetPublic:
    """What a page shows before a conversation exists. Starts nothing."""
    agent = routing.first_agent(await agents.list_of_organization(db, organization_id=page.organization_id))
    organization = await organizations.get(db, organization_id=page.organization_id)
    language = agent.personality.language
    return WidgetPublic(
        agent_name=agent.name,
        greeting=agent.personality.greeting,
        proactive=agent.personality.proactive,
        languages=LANGUAGES if language == "auto" else [language],
        organization_name=organization.name,
    )


@post(
    BASE,
    status_code=201,
    operation_id="start_conversation",
    tags=TAGS,
    opt={"idempotent": True, "secrets": ("token",), "refuses": (404,)},
    responses={200: ResponseSpec(ConversationStarted, description="The visitor's open conversation, a new token.")},
)
async def start_conversation(
    starter: NamedDependency[Page | Merchant],
    client: NamedDependency[Client],
    db: NamedDependency[Database],
    appender: NamedDependency[Appender],
    vault: NamedDependency[Vault],
    clock: NamedDependency[Clock],
    start_limits: NamedDependency[StartLimits],
    live_state: NamedDependency[LiveState],
    data: JSONBody[ConversationCreate],
) -> Response[ConversationStarted]:
    """Start a conversation (201), or come back to the visitor's open one (200). The token opens this one only."""
    organization_id = starter.organization_id
    if isinstance(starter, Page):
        await rates.count(db, bucket=f"starts:{client.address}", limit=start_limits.per_address)
        await rates.count(db, bucket=f"starts:key:{starter.key_id}", limit=start_limits.per_key)
    proven = None
    if data.customer_token is not None:
        proven = await prove(db, vault, organization_id=organization_id, token=data.customer_token, now=clock())
    entrance = await access.enter(
        db,
        appender,
        organization_id=organization_id,
        data=data,
        origin=starter.origin if isinstance(starter, Page) else None,
        address=client.address if isinstance(starter, Page) else None,
        identity=proven,
    )
    found = await repository.messages_page(
        db, conversation_id=entrance.conversation_id, before=None, after=None, limit=LIST_LIMIT_DEFAULT
    )
    row = await repository.get_conversation(
        db, organization_id=organization_id, conversation_id=entrance.conversation_id
    )
    for_staff = isinstance(starter, Merchant)
    last_event_id = str(Cursor(found.last_offset, 0, True))
    return Response(
        ConversationStarted(
            conversation=conversation_public(row, for_staff=for_staff),
            token=entrance.token,
            messages=await messages_public(db, found.messages, for_staff=for_staff, live_state=live_state),
            last_event_id=last_event_id,
        ),
        status_code=201 if entrance.is_new else 200,
    )


@get(BASE, status_code=200, operation_id="list_conversations", tags=TAGS)
async def list_conversations(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    status: FromQuery[ConversationStatus | None] = None,
    stage: FromQuery[Stage | None] = None,
    channel: FromQuery[Channel | None] = None,
    agent_id: FromQuery[UUID | None] = None,
    customer_id: FromQuery[UUID | None] = None,
    external_customer_id: FromQuery[str | None] = None,
    session_id: FromQuery[str | None] = None,
    order_id: FromQuery[UUID | None] = None,
    handoff: FromQuery[Literal["none", "asked", "taken"] | None] = None,
    created_after: Annotated[str | None, QueryParameter(format="date-time")] = None,
    created_before: Annotated[str | None, QueryParameter(format="date-time")] = None,
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[ConversationPublic]:
    """The organization's conversations, newest first."""
    rows = await repository.list_conversations(
        db,
        organization_id=merchant.organization_id,
        filters={
            "status": status.value if status else None,
            "stage": stage.value if stage else None,
            "channel": channel.value if channel else None,
            "agent_id": agent_id,
            "customer_id": customer_id,
            "external_customer_id": external_customer_id,
            "session_id": session_id,
            "order_id": order_id,
            "handoff": handoff,
            "created_after": wire.moment(created_after, name="created_after"),
            "created_before": wire.moment(created_before, name="created_before"),
        },
        before=pages.decode_cursor(cursor),
        limit=limit,
    )
    return pages.page_of(
        rows, limit=limit, id_of=lambda row: row["id"], render=lambda row: conversation_public(row, for_staff=True)
    )


@get(ONE, status_code=200, operation_id="get_conversation", tags=TAGS)
async def read_conversation(
    conversation_id: FromPath[UUID], member: NamedDependency[Member], db: NamedDependency[Database]
) -> ConversationPublic:
    """The conversation, and the position from which `/events` misses nothing."""
    row = await repository.get_conversation(db, organization_id=member.organization_id, conversation_id=conversation_id)
    here = Cursor(row["last_offset"], 0, True)
    return conversation_public(row, for_staff=member.is_staff, last_event_id=str(here))


@post(f"{ONE}/identify", status_code=200, operation_id="identify", tags=TAGS, opt={"idempotent": True})
async def identify(
    conversation_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    vault: NamedDependency[Vault],
    clock: NamedDependency[Clock],
    data: JSONBody[IdentifyCreate],
) -> ConversationPublic:
    """Prove who the visitor is, by the merchant's signature; nothing said in chat ever does."""
    proven = await prove(db, vault, organization_id=member.organization_id, token=data.customer_token, now=clock())
    await access.identify(db, organization_id=member.organization_id, conversation_id=conversation_id, identity=proven)
    row = await repository.get_conversation(db, organization_id=member.organization_id, conversation_id=conversation_id)
    return conversation_public(row, for_staff=member.is_staff)


@get(f"{ONE}/messages", status_code=200, operation_id="list_messages", tags=TAGS)
async def list_messages(
    conversation_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    live_state: NamedDependency[LiveState],
    before: FromQuery[UUID | None] = None,
    after: FromQuery[UUID | None] = None,
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
) -> MessagePage:
    """Messages, oldest first: after one, before one, between the two; with neither, the latest page."""

    async def sequence_of(message_id: UUID | None) -> int | None:
        if message_id is None:
            return None
        return await repository.sequence_of(db, conversation_id=conversation_id, message_id=message_id)

    found = await repository.messages_page(
        db,
        conversation_id=conversation_id,
        before=await sequence_of(before),
        after=await sequence_of(after),
        limit=limit,
    )
    shown = await messages_public(db, found.messages, for_staff=member.is_staff, live_state=live_state)
    edge = (shown[-1] if after else shown[0]) if shown and found.has_more else None
    return MessagePage(shown, str(edge.id) if edge else None, str(Cursor(found.last_offset, 0, True)))


@get(f"{ONE}/events", status_code=200, operation_id="stream_events", tags=TAGS, media_type="text/event-stream")
async def stream_events(
    conversation_id: FromPath[UUID],
    member: NamedDependency[Member],
    client: NamedDependency[Client],
    db: NamedDependency[Database],
    hub: NamedDependency[Hub],
    live_state: NamedDependency[LiveState],
    header_position: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    last_event_id: FromQuery[str | None] = None,
) -> Response[Any]:
    """The live stream. `Last-Event-ID` (header or query) goes on without loss or repetition, also inside a word."""
    asked = header_position or last_event_id
    begin, first = await start_cursor(
        db, conversation_id=conversation_id, asked=cursor.parse(asked), has_asked=bool(asked)
    )
    stream = hub.open(conversation_id, Telling(begin), address=client.address)

    async def still_allowed() -> bool:
        return not await list_ended(db, [member.caller])

    listening = Listening(
        db, hub, stream, for_staff=member.is_staff, live_state=live_state, still_allowed=still_allowed, first=first
    )
    return EventStream(listening.frames(), on_end=lambda: hub.close(stream), on_gone=stream.close)


@post(
    f"{ONE}/messages/{{message_id:uuid}}/feedback",
    status_code=200,
    operation_id="give_feedback",
    tags=TAGS,
    opt={"idempotent": True},
)
async def give_feedback(
    conversation_id: FromPath[UUID],
    message_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    data: JSONBody[FeedbackCreate],
) -> FeedbackPublic:
    """Whether a reply helped; the latest word counts."""
    await repository.put_feedback(
        db,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        message_id=message_id,
        helpful=data.helpful,
        rating=data.rating,
        comment=data.comment,
    )
    return FeedbackPublic(message_id=message_id, helpful=data.helpful, rating=data.rating, comment=data.comment)


async def prove(db: Database, vault: Vault, *, organization_id: UUID, token: str, now: datetime) -> identity.Identity:
    """Who a `customer_token` proves the visitor to be. Raises Invalid."""
    secrets = await vault.valid(db, organization_id, "identity")
    return identity.verify(token, secrets=secrets, now=now)


HANDLERS = [
    read_widget,
    start_conversation,
    list_conversations,
    read_conversation,
    identify,
    list_messages,
    stream_events,
    give_feedback,
]
