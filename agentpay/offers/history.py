"""What a visitor was offered before, read from the rows of his offers. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agentpay.offers.negotiation import History

Rows = Sequence[Mapping[str, Any]]


def history_of(
    rows: Rows, *, conversation_id: UUID, price_id: UUID, currency: str, circumstances: Mapping[str, Any]
) -> History:
    """`rows` oldest first, of one visitor and product; those for another price or currency tell nothing.

    `circumstances`: `offers_made standing is_frozen is_paying`.
    """
    same = [row for row in rows if row["price_id"] == price_id and row["currency"] == currency]
    here = [row for row in same if row["conversation_id"] == conversation_id]
    elsewhere = [row for row in same if row["conversation_id"] != conversation_id]
    opened_here = [row for row in here if row["opened_at"] is not None]
    return History(
        amounts=tuple(row["amount"] for row in opened_here),
        held=_lowest(row for row in here if row["status"] == "open" and row["is_in_time"]),
        held_elsewhere=_lowest(row for row in elsewhere if row["status"] == "open" and row["is_in_time"]),
        earlier_best=_lowest(row for row in elsewhere if row["opened_at"] is not None),
        declined=max((row["amount"] for row in here if row["status"] == "declined"), default=None),
        is_pending=any(row["status"] == "pending_approval" and row["is_in_time"] for row in here),
        # For whatever price: a checkout of this conversation is on its way.
        is_accepted=circumstances["is_paying"]
        or any(row["status"] == "accepted" and row["conversation_id"] == conversation_id for row in rows),
        is_frozen=circumstances["is_frozen"],
        offers_made=circumstances["offers_made"],
        standing=circumstances["standing"],
    )


def _lowest(rows: Any) -> int | None:
    return min((row["amount"] for row in rows), default=None)
