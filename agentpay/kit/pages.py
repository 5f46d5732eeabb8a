"""Lists on the wire: keyset pages with an opaque cursor, whose cost does not grow with depth (API § 1)."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from agentpay.kit import errors

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T]):
    """`next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(last_id: UUID) -> str:
    """An opaque cursor that continues after the row `last_id` (ids are time-ordered, newest first)."""
    return base64.urlsafe_b64encode(last_id.bytes).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> UUID | None:
    """The id behind a cursor of ours. Raises `Invalid` at ["query","cursor"] for anything else."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise errors.Invalid.at(("query", "cursor"), "Not a cursor of this list.") from error


def page_of(rows: Sequence[Any], *, limit: int, id_of: Any, render: Any) -> Page[Any]:
    """A page from up to `limit + 1` rows, newest first: the extra row only tells that there are more."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page([render(row) for row in shown], encode_cursor(id_of(shown[-1])) if more else None)
