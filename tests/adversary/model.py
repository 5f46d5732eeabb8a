"""The adversary in the model's place: says and calls whatever its script tells it, with ids that it read or never saw.

A script is plain data, drawn before the turn; what it names is resolved against the question that is being answered.
"""

import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from agentpay.llm.port import ProviderFailed
from agentpay.llm.types import Reply, Request, Stop, ToolCall, Usage, Words

MODEL: Final = "claude-haiku-5-5"
USAGE: Final = Usage(input_tokens=900, output_tokens=60)
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Pool = Literal["read", "own", "foreign", "garbage"]


class Ref(msgspec.Struct, frozen=True):
    """The n-th id of a pool: read in the question, the merchant's own, somebody else's, or nobody's."""

    kind: Literal["product", "offer"]
    pool: Pool
    number: int


class Say(msgspec.Struct, frozen=True):
    """`text` in pieces of `size` characters. `lie`: an amount in it, and how it is spelled."""

    text: str
    size: int = 1_000
    lie: int | None = None
    spelled: str | None = None


class Call(msgspec.Struct, frozen=True):
    name: str
    arguments: Mapping[str, Any]


class Meddle(msgspec.Struct, frozen=True):
    """In the middle of the reply somebody else acts: a person, another process, the merchant."""

    deed: Literal["take", "cancel", "take_over", "tighten"]


class Break(msgspec.Struct, frozen=True):
    """The stream breaks."""


class Malformed(msgspec.Struct, frozen=True):
    name: str


Act = Say | Call | Meddle | Break | Malformed
Script = Sequence[Sequence[Act]]


class Asked(msgspec.Struct, frozen=True):
    """A question and whose it was. `text`: all that is not the adversary's own."""

    conversation_id: UUID
    request: Request
    text: str


class Adversary:
    """One provider for the whole house. The play says whose turn it is, and lends it ids."""

    name = "anthropic"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.script: list[Sequence[Act]] = []
        self.conversation_id: UUID | None = None
        self.pools: dict[tuple[str, str], list[str]] = {}
        self.asked: list[Asked] = []
        self.answered: dict[UUID, int] = {}
        self.on_meddle: Callable[[Meddle], Awaitable[None]] = _nobody
        self.on_ask: Callable[[Request], Awaitable[None]] = _nobody

    def begin(self, conversation_id: UUID, script: Script, pools: Mapping[tuple[str, str], Sequence[str]]) -> None:
        self.conversation_id = conversation_id
        self.script = list(script)
        self.pools = {key: list(ids) for key, ids in pools.items()}

    async def reply(self, request: Request) -> AsyncGenerator[Words | Reply]:
        conversation_id = self.conversation_id
        assert conversation_id is not None
        if request.tool_choice is not None:
            # It does not say what an unclear message wants: every tool stays open.
            raise ProviderFailed("bad_request", permanent=True)
        await self.on_ask(request)
        self.asked.append(Asked(conversation_id, request, read_text(request)))
        self.answered[conversation_id] = self.answered.get(conversation_id, 0) + 1
        text = ""
        calls: list[ToolCall] = []
        malformed: list[ToolCall] = []
        for act in self.script.pop(0) if self.script else (Say("Well."),):
            match act:
                case Say():
                    for start in range(0, len(act.text), act.size):
                        piece = act.text[start : start + act.size]
                        text += piece
                        yield Words(piece)
                    text += " "
                    yield Words(" ")
                case Call():
                    calls.append(ToolCall(f"toolu_{len(calls)}", act.name, self._resolved(act.arguments, request)))
                case Malformed():
                    malformed.append(ToolCall("toolu_x", act.name, {}))
                case Meddle():
                    await self.on_meddle(act)
                case Break():
                    raise ProviderFailed("broken_stream", permanent=True, spoke=bool(text))
        stop = Stop.TOOLS if calls or malformed else Stop.DONE if text.strip() else Stop.EMPTY
        yield Reply(text, tuple(calls), tuple(malformed), stop=stop, usage=USAGE, provider=self.name, model=MODEL)

    def _resolved(self, value: Any, request: Request) -> Any:
        if isinstance(value, Ref):
            return self._id(value, request)
        if isinstance(value, Mapping):
            return {key: self._resolved(each, request) for key, each in value.items()}
        return value

    def _id(self, ref: Ref, request: Request) -> str:
        ids = ids_in(read_text(request), f"{ref.kind}_id") if ref.pool == "read" else self.pools[ref.kind, ref.pool]
        return ids[ref.number % len(ids)] if ids else "00000000-0000-4000-8000-000000000000"


def read_text(request: Request) -> str:
    """What a model reads, without what it said or called itself."""
    texts = [entry.text for entry in request.messages if entry.role != "agent"]
    results = [json.dumps(result.facts) for entry in request.messages for result in entry.results]
    return "\n".join([request.system, *texts, *results]).replace('\\"', '"')


def ids_in(text: str, field: str) -> list[str]:
    """Ids under that name, in the order in which they are read."""
    found = re.findall(rf'"{field}":\s*"({_UUID.pattern})"', text)
    return list(dict.fromkeys(found))


def all_ids(text: str) -> set[str]:
    return set(_UUID.findall(text))


async def _nobody(_: Any) -> None:
    """Until a play says who meddles or listens."""
