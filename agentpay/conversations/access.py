"""Entering a conversation: starting one, coming back to one, proving who one is. Nobody enters by guessing."""

from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.agents import repository as agents
from agentpay.agents import routing
from agentpay.agents.repository import AgentRow
from agentpay.conversations import repository
from agentpay.conversations.append import Appender, lock, lock_living
from agentpay.conversations.errors import ConversationClosed, IdentityMismatch
from agentpay.conversations.schemas import ConversationCreate
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit import limits, wire
from agentpay.kit.errors import Invalid
from agentpay.kit.ids import new_secret, secret_hash, uuid7
from agentpay.kit.quiet import Quiet
from agentpay.kit.text import is_blank
from agentpay.organizations.identity import Identity

TOKEN_PREFIX = "ap_ct_"


class Entrance(Quiet, msgspec.Struct, frozen=True):
    """A conversation that was entered: its id, a token that opens it, and whether it is new."""

    conversation_id: UUID
    token: str
    is_new: bool


async def enter(
    db: Database,
    appender: Appender,
    *,
    organization_id: UUID,
    data: ConversationCreate,
    origin: str | None,
    address: str | None,
    identity: Identity | None,
) -> Entrance:
    """Start a conversation, or come back to an open one (API § 5).

    `origin` and `address` (hashed) are the page's for a publishable key, None for a secret key. `identity` is proven
    already. Raises Invalid, NotFound (agent of another organization), NoActiveAgent.
    """
    is_training = origin is None
    context = check_context(data.context)
    metadata = wire.check_metadata(data.metadata)
    agent = await _agent(db, organization_id=organization_id, agent_id=data.agent_id, is_training=is_training)
    async with db.transaction() as tx:
        session_id, previous = await _session(
            tx, organization_id=organization_id, data=data, is_page=origin is not None
        )
        await _serialize_starts(tx, organization_id, identity.sub if identity else session_id)
        found = await _open_one(
            tx, organization_id=organization_id, data=data, session_id=session_id, identity=identity,
            may_resume_session=origin is None,
        )  # fmt: skip
        if previous is not None and (found is None or previous != found["id"]):
            await close(tx, appender, organization_id=organization_id, conversation_id=previous)
        if found is None:
            await _make_way(tx, appender, organization_id=organization_id, data=data, session_id=session_id)
        else:
            return await _come_back(tx, found=found, context=context, identity=identity)
        conversation_id = uuid7()
        await _insert(
            tx,
            {
                "id": conversation_id,
                "organization_id": organization_id,
                "agent_id": agent.id,
                "channel": data.channel.value,
                "session_id": session_id,
                "origin": origin,
                "address": address,
                "is_training": is_training,
                "external_customer_id": identity.sub if identity else None,
                "identity": Jsonb(_identity_fields(identity)),
                "context": Jsonb(context),
                "metadata": Jsonb(metadata),
            },
        )
        await _greet(tx, appender, conversation_id=conversation_id, agent=agent)
        token = await _new_token(tx, organization_id=organization_id, conversation_id=conversation_id)
    return Entrance(conversation_id, token, True)


async def identify(db: Database, *, organization_id: UUID, conversation_id: UUID, identity: Identity) -> None:
    """Bind a proven customer to the conversation. Raises IdentityMismatch when it is another's already."""
    async with db.transaction() as tx:
        row = await lock_living(tx, organization_id=organization_id, conversation_id=conversation_id)
        if row["status"] == "closed":
            raise ConversationClosed
        if row["external_customer_id"] not in (None, identity.sub):
            raise IdentityMismatch
        await repository.update_fields(
            tx,
            conversation_id=conversation_id,
            fields={"external_customer_id": identity.sub, "identity": _identity_fields(identity)},
        )


async def close(tx: Tx, appender: Appender, *, organization_id: UUID, conversation_id: UUID) -> None:
    """Close for good; a queued turn is not started any more, a running one is ended by its owner's next write."""
    row = await lock(tx, organization_id=organization_id, conversation_id=conversation_id)
    if row["status"] == "closed":
        return
    await tx.execute(
        "update conversations set status = 'closed', modified_at = now() where id = %(id)s", {"id": conversation_id}
    )
    await appender.conversation_updated(tx, organization_id=organization_id, conversation_id=conversation_id)


def check_context(context: dict[str, Any]) -> dict[str, Any]:
    """At most 16 KiB as JSON, no NUL characters (PostgreSQL keeps none). Raises Invalid."""
    encoded = wire.encode(context)
    if len(encoded) > limits.CONTEXT_BYTES_MAX:
        raise Invalid.at(("body", "context"), f"At most {limits.CONTEXT_BYTES_MAX} bytes of JSON.", kind="too_long")
    if b"\\u0000" in encoded:
        raise Invalid.at(("body", "context"), "NUL characters are not allowed.")
    return context


def check_content(content: str) -> str:
    """A message's text after trimming: 1 to 4,000 characters, no NUL. Raises Invalid at ["body","content"]."""
    trimmed = content.strip()
    loc = ("body", "content")
    if is_blank(content):
        raise Invalid.at(loc, "Say something.", kind="too_short")
    if len(trimmed) > limits.MESSAGE_CHARACTERS_MAX:
        raise Invalid.at(loc, f"At most {limits.MESSAGE_CHARACTERS_MAX} characters.", kind="too_long")
    if "\x00" in trimmed:
        raise Invalid.at(loc, "NUL characters are not allowed.")
    return trimmed


async def _agent(db: Database, *, organization_id: UUID, agent_id: UUID | None, is_training: bool) -> AgentRow:
    if agent_id is None:
        return routing.first_agent(await agents.list_of_organization(db, organization_id=organization_id))
    agent = await agents.get_agent(db, organization_id=organization_id, agent_id=agent_id)
    if not routing.may_answer(agent, is_training=is_training):
        raise routing.NoActiveAgent("This agent does not answer visitors now.")
    return agent


async def _session(
    tx: Tx, *, organization_id: UUID, data: ConversationCreate, is_page: bool
) -> tuple[str, UUID | None]:
    """The visitor's session id, and the earlier conversation that a `previous_token` ends."""
    if is_page and data.session_id is not None:
        raise Invalid.at(("body", "session_id"), "The server makes the session id; send previous_token to keep it.")
    if data.previous_token is not None:
        known = await repository.find_token(tx, token_hash=secret_hash(data.previous_token))
        if known is not None and known["organization_id"] == organization_id:
            return known["session_id"], known["conversation_id"]
    return data.session_id or new_secret("s_"), None


async def _serialize_starts(tx: Tx, organization_id: UUID, visitor: str) -> None:
    # Two tabs that start at once must not make two conversations, or trip over the unique index.
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"{organization_id}{visitor}"}
    )


async def _open_one(
    tx: Tx,
    *,
    organization_id: UUID,
    data: ConversationCreate,
    session_id: str,
    identity: Identity | None,
    may_resume_session: bool,
) -> Row | None:
    channel = data.channel.value
    if identity is not None:
        found = await repository.find_open_of_customer(
            tx, organization_id=organization_id, channel=channel, external_customer_id=identity.sub
        )
        if found is not None:
            return found
    if may_resume_session and data.previous_token is None:
        return await repository.find_open_of_session(
            tx, organization_id=organization_id, channel=channel, session_id=session_id
        )
    return None


async def _make_way(
    tx: Tx, appender: Appender, *, organization_id: UUID, data: ConversationCreate, session_id: str
) -> None:
    """Close what the session still has open in this channel: a second tab that starts over at the same time."""
    other = await repository.find_open_of_session(
        tx, organization_id=organization_id, channel=data.channel.value, session_id=session_id
    )
    if other is not None:
        await close(tx, appender, organization_id=organization_id, conversation_id=other["id"])


async def _come_back(tx: Tx, *, found: Row, context: dict[str, Any], identity: Identity | None) -> Entrance:
    fields: dict[str, Any] = {"context": {**found["context"], **context}} if context else {}
    if identity is not None:
        if found["external_customer_id"] not in (None, identity.sub):
            raise IdentityMismatch
        fields |= {"external_customer_id": identity.sub, "identity": _identity_fields(identity)}
    if fields:
        check_context(fields.get("context", {}))
        await repository.update_fields(tx, conversation_id=found["id"], fields=fields)
    token = await _new_token(tx, organization_id=found["organization_id"], conversation_id=found["id"])
    return Entrance(found["id"], token, False)


async def _insert(tx: Tx, row: dict[str, Any]) -> None:
    await tx.execute(
        """insert into conversations (id, organization_id, agent_id, channel, session_id, origin, address, is_training,
          external_customer_id, identity, context, metadata)
        values (%(id)s, %(organization_id)s, %(agent_id)s, %(channel)s, %(session_id)s, %(origin)s, %(address)s,
          %(is_training)s,
          %(external_customer_id)s, %(identity)s, %(context)s, %(metadata)s)""",
        row,
    )


async def _greet(tx: Tx, appender: Appender, *, conversation_id: UUID, agent: AgentRow) -> None:
    """The agent's greeting is the first message; it was not asked for, so it belongs to no turn."""
    greeting = agent.personality.greeting.strip()
    if not greeting:
        return
    message_id = uuid7()
    await tx.execute(
        """insert into messages (id, organization_id, conversation_id, sequence, role, author_name, content, action)
        values (%(id)s, %(organization_id)s, %(conversation_id)s, 1, 'agent', %(name)s, %(content)s, 'greet')""",
        {
            "id": message_id,
            "organization_id": agent.organization_id,
            "conversation_id": conversation_id,
            "name": agent.name,
            "content": greeting,
        },
    )
    await tx.execute(
        """update conversations set last_sequence = 1, message_count = 1, agent_message_count = 1,
        last_message_at = now() where id = %(id)s""",
        {"id": conversation_id},
    )
    await appender.event(tx, conversation_id=conversation_id, type="message.completed", subject_id=message_id)


async def _new_token(tx: Tx, *, organization_id: UUID, conversation_id: UUID) -> str:
    token = new_secret(TOKEN_PREFIX)
    await repository.insert_token(
        tx, organization_id=organization_id, conversation_id=conversation_id, token_hash=secret_hash(token)
    )
    return token


def _identity_fields(identity: Identity | None) -> dict[str, Any]:
    if identity is None:
        return {}
    return {name: value for name, value in (("email", identity.email), ("name", identity.name)) if value}
