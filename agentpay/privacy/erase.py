"""Erasing a person from a conversation (API § 10)."""

from uuid import UUID

from agentpay.callers import idempotency
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.ids import uuid7
from agentpay.privacy.naming import NAMED_BODIES, named_by
from agentpay.turns.incoming import silence

# Rows that hold nothing but the person's words and what was made of them.
_DELETED_WHOLE = ("feedback", "shown_products", "conversation_tokens", "handoffs", "notifications")


async def erase(db: Database, appender: Appender, *, organization_id: UUID, conversation_id: UUID, owner: UUID) -> None:
    """Remove everything about the person in one transaction; amounts and ids of what was bought stay.

    1. Silence a running turn. 2. Texts, context, identity, session. 3. Steps, drafts, events. 4. Answers kept for
    idempotency keys. 5. Bodies of webhooks that name its checkouts, orders or customer. Tokens end with it.
    Raises NotFound.
    """
    async with db.transaction() as tx:
        conversation = await lock(tx, organization_id=organization_id, conversation_id=conversation_id)
        if conversation["deleted_at"] is None:
            await silence(tx, appender, conversation=conversation, owner=owner, reason="closed")
        await _words(tx, conversation_id)
        await _log(tx, conversation_id)
        await idempotency.erase(tx, organization_id=organization_id, conversation_id=conversation_id)
        await _webhook_bodies(tx, organization_id, conversation)
        await _conversation(tx, conversation_id)


async def _words(tx: Tx, conversation_id: UUID) -> None:
    await tx.execute(
        """update messages set content = '', author_name = null, entities = '{}', tool_calls = '[]', attachments = '[]',
          metadata = '{}', intent = null, intent_confidence = null, deleted_at = coalesce(deleted_at, now())
        where conversation_id = %(id)s""",
        {"id": conversation_id},
    )
    await tx.execute(
        """update checkouts set custom_field_data = '{}', customer = '{}', success_url = null, visitor_key = 'erased'
        where conversation_id = %(id)s""",
        {"id": conversation_id},
    )
    await tx.execute(
        """with erased as (
          update offers set visitor_key = 'erased', reasons = '{}', address = null where conversation_id = %(id)s)
        update negotiation_freezes f set visitor_key = 'erased_' || f.product_id
        from conversations c where c.id = %(id)s and f.organization_id = c.organization_id
          and f.visitor_key in ('session:' || c.session_id, 'sub:' || c.external_customer_id)""",
        {"id": conversation_id},
    )


async def _log(tx: Tx, conversation_id: UUID) -> None:
    for table in _DELETED_WHOLE:
        await tx.execute(f"delete from {table} where conversation_id = %(id)s", {"id": conversation_id})
    await tx.execute("delete from events where conversation_id = %(id)s", {"id": conversation_id})
    await tx.execute("delete from drafts where conversation_id = %(id)s", {"id": conversation_id})
    await tx.execute(
        "delete from turn_steps where turn_id in (select id from turns where conversation_id = %(id)s)",
        {"id": conversation_id},
    )
    await tx.execute("update turns set brief = '{}' where conversation_id = %(id)s", {"id": conversation_id})


async def _webhook_bodies(tx: Tx, organization_id: UUID, conversation: Row) -> None:
    """Those that were applied; who applies the others removes their bodies then (`webhooks/repository.py`)."""
    await tx.execute(
        f"update deliveries set body = null where status <> 'received' and {NAMED_BODIES}",
        await named_by(tx, organization_id=organization_id, conversation=conversation),
    )


async def _conversation(tx: Tx, conversation_id: UUID) -> None:
    await tx.execute(
        """update conversations set status = 'closed', context = '{}', metadata = '{}', summary = null,
          agent_state = '{}', negotiation_history = '[]', external_customer_id = null, customer_id = null,
          identity = '{}', session_id = %(nobody)s, origin = null, address = null, last_intent = null,
          erased_at = coalesce(erased_at, now()), deleted_at = coalesce(deleted_at, now()), modified_at = now()
        where id = %(id)s""",
        {"id": conversation_id, "nobody": f"erased_{uuid7()}"},
    )
