"""The talk as every model's protocol can hold it: texts of two sides, and calls with their results. Pure.

Guarantees: begins on the visitor's side and ends there or with a result (models refuse a prefilled answer), no empty
text, no call without its result, no result without its call, ids unique and of plain characters, append-only from one
step of a turn to the next (so that a provider's cache holds).
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from agentpay.kit.fence import fenced
from agentpay.kit.text import clean
from agentpay.llm.types import Entry, Request, ToolCall, ToolResult

CALL_ID_CHARACTERS_MAX: Final = 40
RESULT_CHARACTERS_MAX: Final = 8_000
STAFF: Final = "[A colleague of the shop wrote:]"
NOTE: Final = "shop_note"
OPENING: Final = "(The visitor opened the chat.)"
GO_ON: Final = "(The visitor waits for your answer.)"

_PLAIN: Final = re.compile(r"[^a-zA-Z0-9_-]")
_FORGED: Final = re.compile(rf"<(\s*/?\s*{NOTE})", re.IGNORECASE)


class Said(msgspec.Struct, frozen=True):
    """A text; `note` is our own remark about the talk."""

    side: Literal["visitor", "agent", "note"]
    text: str


class Used(msgspec.Struct, frozen=True):
    """One call with what it came to."""

    call: ToolCall
    result: ToolResult


Piece = Said | Used


def pieces(request: Request) -> list[Piece]:
    """The request's messages and this turn's results, oldest first."""
    ids = _Ids()
    found = [_with_plain_id(piece, ids) for piece in _of_messages(request.messages)]
    if not found or isinstance(found[0], Used) or found[0].side == "agent":
        found.insert(0, Said("visitor", OPENING))
    if isinstance(found[-1], Said) and found[-1].side == "agent":
        found.append(Said("visitor", GO_ON))
    return found + [_with_plain_id(Used(call, result), ids) for call, result in request.results]


def facts_text(result: ToolResult) -> str:
    """A result as the model reads it: names and texts of catalogue and articles are in it, so it is fenced as data.

    JSON with sorted keys, so that a stored and re-read result is the same bytes.
    """
    told = msgspec.json.encode({"status": result.status, "facts": result.facts}, order="sorted").decode()
    return fenced(result.name, told, characters_max=RESULT_CHARACTERS_MAX)


def note_text(text: str) -> str:
    """Our remark where a protocol knows two sides only: marked, and nobody's text can carry the mark."""
    return f"<{NOTE}>{text}</{NOTE}>"


def _of_messages(messages: tuple[Entry, ...]) -> Iterator[Piece]:
    for place, entry in enumerate(messages):
        text = clean(entry.text).strip()
        if text:
            yield _said(entry, text)
        if entry.tool_calls:
            following = messages[place + 1].results if place + 1 < len(messages) else ()
            answers = {result.call_id: result for result in following}
            yield from (Used(call, answers[call.id]) for call in entry.tool_calls if call.id in answers)


def _said(entry: Entry, text: str) -> Said:
    if entry.role == "system":
        return Said("note", text)
    text = _unmarked(text)
    if entry.role == "staff":
        return Said("agent", f"{STAFF} {text}")
    return Said("agent" if entry.role == "agent" else "visitor", text)


def _unmarked(text: str) -> str:
    return _FORGED.sub(r"(\1", text)


class _Ids:
    """Anthropic refuses ids of other characters and ids that come twice; ids of other providers are neither."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def plain(self, id: str) -> str:
        base = _PLAIN.sub("_", id)[:CALL_ID_CHARACTERS_MAX] or "call"
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name


def _with_plain_id(piece: Piece, ids: _Ids) -> Piece:
    if isinstance(piece, Said):
        return piece
    id = ids.plain(piece.call.id)
    # Sorted like the facts: a database's JSON does not keep the order in which a model wrote its arguments.
    arguments = msgspec.json.decode(msgspec.json.encode(piece.call.arguments, order="sorted"))
    return Used(ToolCall(id, piece.call.name, arguments), msgspec.structs.replace(piece.result, call_id=id))
