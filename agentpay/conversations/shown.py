"""Provenance: which products a conversation was shown. A tool may only name these."""

from collections.abc import Sequence
from uuid import UUID

from agentpay.db.engine import Database
from agentpay.db.transaction import Tx

SHOWN_MAX = 200


async def show(tx: Tx, *, organization_id: UUID, conversation_id: UUID, product_ids: Sequence[UUID]) -> None:
    """Remember that the visitor saw these, in this order (the first counts as the most recent)."""
    if not product_ids:
        return
    await tx.execute(
        """insert into shown_products (conversation_id, organization_id, product_id, shown_at)
        select %(conversation_id)s, %(organization_id)s, shown.product_id,
          clock_timestamp() - make_interval(secs => shown.position * 0.001)
        from unnest(%(product_ids)s::uuid[]) with ordinality shown(product_id, position)
        on conflict (conversation_id, product_id) do update set shown_at = excluded.shown_at""",
        {
            "conversation_id": conversation_id,
            "organization_id": organization_id,
            "product_ids": list(product_ids),
        },
    )
    await tx.execute(
        "update conversations set product_shown_at = coalesce(product_shown_at, now()) where id = %(id)s",
        {"id": conversation_id},
    )


async def shown_ids(source: Database | Tx, *, conversation_id: UUID) -> list[UUID]:
    """Most recently shown first."""
    rows = await source.all(
        "select product_id from shown_products where conversation_id = %(id)s"
        f" order by shown_at desc limit {SHOWN_MAX}",
        {"id": conversation_id},
    )
    return [row["product_id"] for row in rows]


async def nameable_ids(source: Database | Tx, *, organization_id: UUID, conversation_id: UUID) -> set[UUID]:
    """Ids that a conversation's tools may name: those it was shown, and the product of the page it runs on."""
    page = await source.value(
        "select context ->> 'current_product_id' from conversations"
        " where id = %(id)s and organization_id = %(organization_id)s",
        {"id": conversation_id, "organization_id": organization_id},
    )
    known = set(await shown_ids(source, conversation_id=conversation_id))
    try:
        known.add(UUID(str(page)))
    except ValueError:
        pass  # the page is about no product, or says so in words of its own
    return known
