"""What a model is sent, question by question, beside what the engine had decided by then."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from agentpay.agents import rules as agent_rules
from agentpay.llm.anthropic_body import request_body
from agentpay.llm.types import Request
from tests.adversary import oracle
from tests.adversary.house import House
from tests.adversary.model import Script
from tests.adversary.play import Play

_CHANGING: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
)
_DECISIONS: Final = "select negotiation_history from conversations order by id"


class Heard(msgspec.Struct, frozen=True):
    """One question. `body`: the bytes on the wire, ids and times numbered in their order; `decided`: until then."""

    body: bytes
    decided: tuple[Any, ...]


async def hears(house: House, written: oracle.Rules, played: Sequence[tuple[str, Script]]) -> list[Heard]:
    """Play these turns under these rules."""
    whole: oracle.Rules = msgspec.to_builtins(agent_rules.to_wire(agent_rules.parse({**written, "products": {}})))
    play = await Play.begin(house, {**whole, "products": written.get("products", {})}, ())
    talk = await play.opens(0, page=0)
    heard: list[Heard] = []

    async def note(request: Request) -> None:
        (history,) = [row["negotiation_history"] for row in await house.parts.db.all(_DECISIONS)]
        decided = tuple(
            (entry["decision"], entry["why"], entry["amount"], entry["engine"].get("is_final")) for entry in history
        )
        heard.append(Heard(_body(request), decided))

    house.model.on_ask = note
    for text, script in played:
        await play.says(talk, text, script)
    return heard


def first_difference(left: Sequence[Heard], right: Sequence[Heard]) -> tuple[bytes, bytes] | None:
    """Of two plays of the same turns: bodies that differ although the engine had decided alike."""
    for one, other in zip(left, right, strict=False):
        if one.decided != other.decided:
            return None
        if one.body != other.body:
            return one.body, other.body
    return None


def _body(request: Request) -> bytes:
    numbers: dict[str, str] = {}
    text = msgspec.json.encode(request_body(request)).decode()
    return _CHANGING.sub(lambda match: numbers.setdefault(match[0], f"<{len(numbers)}>"), text).encode()
