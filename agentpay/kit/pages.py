"""Lists on the wire: keyset pages with an opaque cursor, whose cost does not grow with depth (API § 1)."""

import base64
import re
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from agentpay.kit import errors

T = TypeVar("T")

# 16 bytes in URL-safe base64 without padding: the last character carries two bits.
CURSOR_PATTERN = "^[A-Za-z0-9_-]{21}[AQgw]$"
# For the document only: `decode_cursor` refuses in a sentence.
Cursor = Annotated[
    str | None,
    QueryParameter(description="`next_cursor` of the page before.", schema_extra={"pattern": CURSOR_PATTERN}),
]

_CURSOR = re.compile(CURSOR_PATTERN)


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
    if _CURSOR.fullmatch(cursor) is None:
        raise not_a_cursor()
    return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))


def not_a_cursor() -> errors.Invalid:
    return errors.Invalid.at(("query", "cursor"), "Not a cursor of this list.")


def page_of(rows: Sequence[Any], *, limit: int, id_of: Any, render: Any) -> Page[Any]:
    """A page from up to `limit + 1` rows, newest first: the extra row only tells that there are more."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page([render(row) for row in shown], encode_cursor(id_of(shown[-1])) if more else None)
