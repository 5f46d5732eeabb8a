"""`agentpay replay`: reads a past turn from the database and says whether it comes out the same."""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from agentpay.compose import build
from agentpay.settings import Settings
from agentpay.turns.replay import Asked, Replay, replay

MARKS = {True: "same", False: "DIFFERS", None: "not kept"}


async def replayed(settings: Settings, turn_id: UUID) -> Replay:
    """Raises NotFound, NotReplayable."""
    parts = build(settings, providers={})
    await parts.db.open()
    try:
        return await replay(parts.db, turn_id=turn_id, specs=parts.toolbox.specs)
    finally:
        await parts.db.close()


def as_json(turn: Replay) -> str:
    return msgspec.json.format(msgspec.json.encode(turn), indent=2).decode()


def as_text(turn: Replay, *, whole: bool) -> Iterator[str]:
    """Lines for a person; `whole`: every question as the provider read it."""
    yield f"turn {turn.turn_id}: {turn.status}{f' ({turn.reason})' if turn.reason else ''}"
    yield f"agent {turn.agent_name}, version {turn.agent_version}; understood as {turn.intent}, action {turn.action}"
    for asked in turn.questions:
        yield from _asked(asked, whole=whole)
    for decision in turn.decisions:
        yield f"engine {decision.effect_key.split(':', 1)[1]}: {decision.noted['type']}, {MARKS[decision.is_same]}"
        if not decision.is_same:
            yield f"  noted   {decision.noted}"
            yield f"  derived {decision.derived}"
    yield from turn.differences or ["no differences"]


def _asked(asked: Asked, *, whole: bool) -> Iterator[str]:
    by = f"{asked.provider}/{asked.model}" if asked.provider else "template"
    calls = f", called {', '.join(asked.calls)}" if asked.calls else ""
    yield f"step {asked.step}: {by}, question {MARKS[asked.is_same]}, said {len(asked.said)} characters{calls}"
    if whole:
        yield asked.request.system
        for entry in asked.request.messages:
            told = entry.text or msgspec.json.encode(entry.tool_calls or entry.results).decode()
            yield f"--- {entry.role}"
            yield told
