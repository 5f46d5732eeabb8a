"""A provider that says what a test tells it to: each question is answered by the next line of its script."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from agentpay.llm.port import ProviderFailed
from agentpay.llm.types import Reply, Request, Stop, ToolCall, Usage, Words

USAGE = Usage(input_tokens=1_000, output_tokens=100)
MODEL = "claude-haiku-5-5"

Line = str | ToolCall | ProviderFailed | Reply | asyncio.Event
Script = Sequence[Sequence[Line]] | Callable[[Request], Sequence[Line]]


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall("toolu_1", name, arguments)


class Scripted:
    """`script`: for each question its pieces: words, tool calls, an event to wait for, a failure, a whole reply."""

    name = "anthropic"

    def __init__(self, script: Script = ()) -> None:
        self.script = script
        self.asked: list[Request] = []
        self.opinion: dict[str, Any] | None = None
        """What it takes an unclear message for; None: it does not say."""
        self.judged: list[Request] = []

    async def reply(self, request: Request) -> AsyncGenerator[Words | Reply]:
        if request.tool_choice is not None:
            yield self._judge(request)
            return
        self.asked.append(request)
        text, calls = "", []
        for piece in self._pieces(request):
            match piece:
                case str():
                    for word in re.findall(r"\S+\s*|\s+", piece):
                        text += word
                        yield Words(word)
                case ToolCall():
                    calls.append(piece)
                case asyncio.Event():
                    await piece.wait()
                case ProviderFailed():
                    raise piece
                case Reply():
                    yield piece
                    return
        stop = Stop.TOOLS if calls else Stop.DONE if text else Stop.EMPTY
        yield Reply(text, tuple(calls), stop=stop, usage=USAGE, provider=self.name, model=MODEL)

    def _judge(self, request: Request) -> Reply:
        self.judged.append(request)
        if self.opinion is None:
            raise ProviderFailed("bad_request", permanent=True)
        judged = (ToolCall("toolu_2", request.tool_choice or "", self.opinion),)
        return Reply("", judged, stop=Stop.TOOLS, usage=USAGE, provider=self.name, model=MODEL)

    def _pieces(self, request: Request) -> Sequence[Line]:
        if callable(self.script):
            return self.script(request)
        return self.script[len(self.asked) - 1]
