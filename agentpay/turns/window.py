"""How much of a long talk a model reads: the last messages within a budget, a summary of what fell out. Pure.

The window's beginning stands still until the budget is full and then jumps ahead by half of it, so that what a provider
cached of the talk stays good for many turns. The summary is written by this code, not by a model: it costs nothing,
is the same at every replay, and nobody's words become instructions by being retold.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from agentpay.kit.text import one_line, shorten

WINDOW_TOKENS_MAX: Final = 6_000
WINDOW_MESSAGES_MAX: Final = 40
SUMMARY_CHARACTERS_MAX: Final = 2_000
LINE_CHARACTERS_MAX: Final = 160
CHARACTERS_PER_TOKEN: Final = 3
"""Fewer than a tokenizer needs for either language: the budget errs on the safe side."""

_SPEAKERS: Final = {"user": "Visitor", "agent": "Agent", "staff": "Colleague", "system": "Notice"}


class Window(msgspec.Struct, frozen=True):
    """`begin`: sequence of the first message that is read whole; `summary` tells of those before it."""

    begin: int
    summary: str | None


def slide(messages: Sequence[Mapping[str, Any]], *, begin: int, summary: str | None) -> Window:
    """The window of this turn. `messages`: rows with `sequence role content`, oldest first; `begin`: the last one's."""
    inside = [row for row in messages if row["sequence"] >= begin]
    if len(inside) <= WINDOW_MESSAGES_MAX and _tokens(inside) <= WINDOW_TOKENS_MAX:
        return Window(begin, summary)
    kept = inside[-WINDOW_MESSAGES_MAX // 2 :]
    while len(kept) > 1 and _tokens(kept) > WINDOW_TOKENS_MAX // 2:
        kept = kept[1:]
    fallen = inside[: len(inside) - len(kept)]
    return Window(kept[0]["sequence"], retold(summary, fallen))


def retold(summary: str | None, fallen: Sequence[Mapping[str, Any]]) -> str:
    """The summary with these messages told behind it, a line each. Old lines make room: the agent's before others'."""
    lines = summary.split("\n") if summary else []
    for row in fallen:
        said = shorten(one_line(row["content"]), characters_max=LINE_CHARACTERS_MAX)
        if said:
            lines.append(f"{_SPEAKERS[row['role']]}: {said}")
    while len(lines) > 1 and sum(len(line) + 1 for line in lines) > SUMMARY_CHARACTERS_MAX:
        agents = (place for place, line in enumerate(lines) if line.startswith(_SPEAKERS["agent"]))
        del lines[next(agents, 0)]
    return "\n".join(lines)


def _tokens(rows: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(row["content"]) // CHARACTERS_PER_TOKEN + 8 for row in rows)
