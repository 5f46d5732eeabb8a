"""Talking: messages in, turns, and who speaks (API §§ 5–6). Everything here answers from stored rows."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromHeader, FromPath, JSONBody

from agentpay.agents.repository import AgentsCache
from agentpay.callers import idempotency
from agentpay.callers.credentials import list_ended
from agentpay.conversations import repository
from agentpay.conversations.access import check_content, check_context
from agentpay.conversations.render import LiveState, conversation_public, messages_public
from agentpay.conversations.schemas import (
    ConversationPublic,
    ConversationUpdate,
    HandoffCreate,
    MessagePublic,
    Name,
)
from agentpay.conversations.sse import EventStream
from agentpay.conversations.stream import Hub, Listening
from agentpay.conversations.telling import Telling
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit import limits, wire
from agentpay.kit.caller import Client, Member, Merchant
from agentpay.kit.errors import Invalid, NotAllowed, NotFound
from agentpay.kit.text import SPOKEN_PATTERN
from agentpay.turns.incoming import Incoming, Received, Reception
from agentpay.turns.public import TurnPublic, TurnStatus, get_turn
from agentpay.turns.runner import Runner
from agentpay.turns.standing import Standing
from agentpay.turns.toolbox import Toolbox

TAGS = ["conversations"]
BASE = "/v1/agent/conversations/{conversation_id:uuid}"


# Described only: `check_content` counts after it has trimmed the text.
Content = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"maxLength": limits.MESSAGE_CHARACTERS_MAX, "pattern": SPOKEN_PATTERN}),
]


class MessageCreate(msgspec.Struct, forbid_unknown_fields=True):
    """A visitor's message; with a secret key also `role: "staff"` and `author_name`."""

    content: Content
    context: dict[str, Any] | None = None
    role: Literal["user", "staff"] | None = None
    author_name: Name | None = None


@post(
    f"{BASE}/messages",
    status_code=200,
    operation_id="post_message",
    tags=TAGS,
    opt={"keyed": True, "event_stream": True},
    responses={
        200: ResponseSpec(TurnPublic, description="The turn with its reply, or its stream."),
        201: ResponseSpec(MessagePublic, description="A staff message: no turn."),
        202: ResponseSpec(TurnPublic, description="The turn goes on: listen at /events, or ask for it."),
    },
)
async def post_message(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[UUID],
    member: NamedDependency[Member],
    client: NamedDependency[Client],
    db: NamedDependency[Database],
    hub: NamedDependency[Hub],
    reception: NamedDependency[Reception],
    runner: NamedDependency[Runner],
    live_state: NamedDependency[LiveState],
    agents_cache: NamedDependency[AgentsCache],
    data: JSONBody[MessageCreate],
    accept: FromHeader[str | None] = None,
    prefer: FromHeader[str | None] = None,
) -> Response[Any]:
    """Say something. Stored before anything else happens; the turn is the server's from then on.

    `Accept: text/event-stream` streams it, `Prefer: respond-async` answers at once, else the reply is waited for.
    """
    incoming = await _incoming(request, data)
    if data.role == "staff":
        if not member.is_staff:
            raise NotAllowed("Only a secret key speaks for the staff.")
        received = await reception.staff_message(incoming, member=member)
        return await _staff_answer(db, received, member=member, live_state=live_state)
    if data.author_name is not None:
        raise Invalid.at(("body", "author_name"), "Only staff messages have an author_name.")
    streams = accept is not None and "text/event-stream" in accept.lower()
    if streams:
        hub.check(conversation_id, address=client.address)
    escalate_after = await _escalate_after(agents_cache, member)
    received = await reception.visitor_message(incoming, member=member, escalate_after=escalate_after)
    if received.running is not None:
        runner.start(received.running)
    assert received.turn_id is not None
    if streams:
        return _stream(db, hub, received, member=member, client=client, live_state=live_state)
    waits = prefer is None or "respond-async" not in prefer.lower()
    if waits:
        await _wait(db, hub, received, member=member)
    turn = await get_turn(
        db,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        turn_id=received.turn_id,
        for_staff=member.is_staff,
        live_state=live_state,
        message_id=received.message_id,
    )
    is_open = turn.status in (TurnStatus.QUEUED, TurnStatus.RUNNING)
    return Response(turn, status_code=202 if is_open or not waits else 200, headers=_replayed(received))


@get(f"{BASE}/turns/{{turn_id:uuid}}", status_code=200, operation_id="get_turn", tags=TAGS)
async def read_turn(
    conversation_id: FromPath[UUID],
    turn_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    live_state: NamedDependency[LiveState],
) -> TurnPublic:
    """The turn as it is now."""
    return await get_turn(
        db,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        turn_id=turn_id,
        for_staff=member.is_staff,
        live_state=live_state,
    )


@post(f"{BASE}/turns/{{turn_id:uuid}}/cancel", status_code=200, operation_id="cancel_turn", tags=TAGS)
async def cancel_turn(
    conversation_id: FromPath[UUID],
    turn_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    standing: NamedDependency[Standing],
    runner: NamedDependency[Runner],
    live_state: NamedDependency[LiveState],
) -> TurnPublic:
    """Stop the turn; what was said stays, marked `interrupted`. A turn that has ended stays as it is."""
    following = await standing.cancel(
        organization_id=member.organization_id, conversation_id=conversation_id, turn_id=turn_id
    )
    if following is not None:
        runner.start(following)
    return await get_turn(
        db,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        turn_id=turn_id,
        for_staff=member.is_staff,
        live_state=live_state,
    )


@patch(BASE, status_code=200, operation_id="update_conversation", tags=TAGS)
async def update_conversation(
    conversation_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    standing: NamedDependency[Standing],
    runner: NamedDependency[Runner],
    data: JSONBody[ConversationUpdate],
) -> ConversationPublic:
    """Change the context; with a secret key also status and metadata. What is sent replaces the old value."""
    fields: dict[str, Any] = {}
    if data.context is not msgspec.UNSET:
        fields["context"] = check_context(data.context)
    if data.metadata is not msgspec.UNSET:
        fields["metadata"] = wire.check_metadata(data.metadata)
    if not member.is_staff and (data.status is not msgspec.UNSET or "metadata" in fields):
        raise NotAllowed("A conversation token may change the context only.")
    status = None if data.status is msgspec.UNSET else data.status
    following = await standing.change(
        organization_id=member.organization_id, conversation_id=conversation_id, status=status, fields=fields
    )
    if following is not None:
        runner.start(following)
    return await _conversation(db, member)


@post(f"{BASE}/handoff", status_code=200, operation_id="handoff", tags=TAGS, opt={"idempotent": True})
async def hand_off(
    conversation_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    standing: NamedDependency[Standing],
    runner: NamedDependency[Runner],
    data: JSONBody[HandoffCreate],
) -> ConversationPublic:
    """Ask for a person; with a secret key also take the conversation and give it back."""
    ids = {"organization_id": member.organization_id, "conversation_id": conversation_id}
    if data.action == "request":
        asked_by = "staff" if member.is_staff else "visitor"
        await standing.request(**ids, asked_by=asked_by, reason=data.reason)
    elif not member.is_staff:
        raise NotAllowed("A conversation token may only request a person.")
    elif data.action == "take":
        await standing.take(**ids, staff_name=data.staff_name, reason=data.reason)
    else:
        following = await standing.release(**ids)
        if following is not None:
            runner.start(following)
    return await _conversation(db, member)


class ToolPublic(msgspec.Struct):
    """One tool of the registry. `acts`: it changes something."""

    name: str
    description: str
    agent_types: list[str]
    parameters: dict[str, Any]
    acts: bool


@get("/v1/agent/tools", status_code=200, operation_id="list_tools", tags=["agents"])
async def list_tools(merchant: NamedDependency[Merchant], toolbox: NamedDependency[Toolbox]) -> list[ToolPublic]:
    """What agents may use, with the JSON Schema that binds every provider's arguments."""
    return [
        ToolPublic(tool.name, tool.description, list(tool.agent_types), tool.parameters, tool.acts)
        for tool in toolbox.tools.values()
    ]


async def _incoming(request: Request[Any, Any, Any], data: MessageCreate) -> Incoming:
    key = idempotency.key_of(request.scope)  # type: ignore[arg-type] # Litestar's scope is a TypedDict
    request_hash = b""
    if key is not None:
        body = await request.body()
        request_hash = idempotency.request_hash(method=request.method, path=request.url.path, body=body)
    return Incoming(
        content=check_content(data.content),
        context=check_context(data.context) if data.context is not None else None,
        author_name=data.author_name,
        key=key,
        request_hash=request_hash,
    )


async def _escalate_after(agents_cache: AgentsCache, member: Member) -> dict[UUID, int | None]:
    agents = await agents_cache.agents_of(organization_id=member.organization_id)
    return {agent.id: agent.rules.auto_escalate_after_messages for agent in agents}


async def _wait(db: Database, hub: Hub, received: Received, *, member: Member) -> None:
    """Until the turn ended, here or anywhere, but at most 50 s: by listening, as any other reader does."""
    assert received.turn_id is not None
    status = await db.value("select status from turns where id = %(id)s", {"id": received.turn_id})
    if status not in ("queued", "running"):
        return
    telling = Telling(received.cursor, until_turn=received.turn_id)
    await hub.wait_until_over(
        db, conversation_id=member.conversation_id, telling=telling, seconds=limits.REPLY_WAIT_SECONDS
    )


def _stream(
    db: Database, hub: Hub, received: Received, *, member: Member, client: Client, live_state: LiveState
) -> Response[Any]:
    telling = Telling(received.cursor, until_turn=received.turn_id)
    stream = hub.open(member.conversation_id, telling, address=client.address)

    async def still_allowed() -> bool:
        return not await list_ended(db, [member.caller])

    listening = Listening(
        db, hub, stream, for_staff=member.is_staff, live_state=live_state, still_allowed=still_allowed
    )
    return EventStream(
        listening.frames(), on_end=lambda: hub.close(stream), on_gone=stream.close, headers=_replayed(received)
    )


async def _staff_answer(
    db: Database, received: Received, *, member: Member, live_state: LiveState
) -> Response[MessagePublic]:
    rows: list[Row] = await db.all(
        "select * from messages where id = %(id)s and conversation_id = %(conversation_id)s",
        {"id": received.message_id, "conversation_id": member.conversation_id},
    )
    if not rows:
        raise NotFound
    (message,) = await messages_public(db, rows, for_staff=True, live_state=live_state)
    return Response(message, status_code=201, headers=_replayed(received))


async def _conversation(db: Database, member: Member) -> ConversationPublic:
    row = await repository.get_conversation(
        db, organization_id=member.organization_id, conversation_id=member.conversation_id
    )
    return conversation_public(row, for_staff=member.is_staff)


def _replayed(received: Received) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if received.is_replay else {}


HANDLERS = [post_message, read_turn, cancel_turn, update_conversation, hand_off, list_tools]
