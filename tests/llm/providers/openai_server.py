"""A chat-completions endpoint on this machine: OpenAI's stream, its imitators' habits, and a scripted sales agent.

By hand: `python -m tests.llm.providers.openai_server --port 8898`, then `OPENAI_API_KEY=x
OPENAI_BASE_URL=http://127.0.0.1:8898/v1 python3 run.py dev`.
"""

import argparse
import asyncio
import json
import re
from typing import Any

from agentpay.llm.transcript import GO_ON, NOTE
from tests.llm.providers.agent import Heard, Move, move, unfenced
from tests.llm.providers.server import Answer, Part, Pause, ProviderServer

MODEL = "gpt-5.6-luna-2026-07-30"
WORD_SECONDS = 0.03
_NOTES = re.compile(rf"<{NOTE}>.*?</{NOTE}>", re.DOTALL)
DONE = b"data: [DONE]\n\n"


def data(**fields: Any) -> bytes:
    """One line of data as the API words it."""
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, **fields}
    return f"data: {json.dumps(whole)}\n\n".encode()


def chunk(*, finish: str | None = None, **delta: Any) -> bytes:
    return data(choices=[{"index": 0, "delta": delta, "finish_reason": finish}], usage=None)


START = chunk(role="assistant", content="")


def text(*words: str) -> list[bytes]:
    return [chunk(content=word) for word in words]


def tool(name: str, arguments: str, *, id: str = "call_01", index: int = 0) -> list[bytes]:
    """A whole call; the JSON of its arguments comes in three pieces."""
    third = max(1, len(arguments) // 3)
    pieces = [arguments[:third], arguments[third : 2 * third], arguments[2 * third :]]
    first = {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
    later = [{"index": index, "function": {"arguments": piece}} for piece in pieces if piece]
    return [chunk(tool_calls=[each]) for each in (first, *later)]


def usage(prompt: int = 25, completion: int = 15, *, cached: int = 0) -> bytes:
    details = {"cached_tokens": cached}
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "prompt_tokens_details": details}
    return data(choices=[], usage=counts)


def stop(reason: str = "stop", *, counts: bytes | None = None) -> list[bytes]:
    return [chunk(finish=reason), usage() if counts is None else counts, DONE]


def words(*said: str, reason: str = "stop") -> Answer:
    """The usual answer in words."""
    return Answer((START, *text(*said), *stop(reason)))


def call(name: str, arguments: dict[str, Any], *, said: str = "") -> Answer:
    """The usual answer with one call."""
    return Answer((START, *(text(said) if said else []), *tool(name, json.dumps(arguments)), *stop("tool_calls")))


class OpenAIServer(ProviderServer):
    """Answers like a model would, if a model were the few rules of `agent.py`."""

    path = "/v1/chat/completions"

    def __init__(self, *, word_seconds: float = 0.0) -> None:
        super().__init__(self._next)
        self._word_seconds = word_seconds

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def _next(self, body: dict[str, Any]) -> Answer:
        return answer(move(heard(body)), number=len(self.bodies), word_seconds=self._word_seconds)


def answer(move: Move, *, number: int, word_seconds: float = 0.0) -> Answer:
    """A move in OpenAI's words, paced like a model if wished."""
    if move.tool:
        called = tool(move.tool, json.dumps(move.arguments), id=f"call_{number:02}")
        return Answer((START, *called, *stop("tool_calls")))
    parts: list[Part] = [START]
    for part in text(*re.findall(r"\S+\s*", move.words)):
        parts += [part, Pause(word_seconds)] if word_seconds else [part]
    return Answer((*parts, *stop()))


def heard(body: dict[str, Any]) -> Heard:
    """What a chat-completions request says."""
    tools = {each["function"]["name"]: each["function"]["parameters"] for each in body.get("tools", [])}
    called: dict[str, str] = {}
    said, results = "", list[dict[str, Any]]()
    for message in body["messages"]:
        for call in message.get("tool_calls", ()):
            called[call["id"]] = call["function"]["name"]
        if message["role"] == "tool":
            results.append({"tool": called[message["tool_call_id"]], **unfenced(message["content"])})
        elif message["role"] == "user" and (words := _NOTES.sub("", message["content"]).strip()) not in ("", GO_ON):
            results, said = [], words
    return Heard(said, tools, results, json.dumps(body["messages"]).replace("\\", ""))


async def main(port: int) -> None:
    async with OpenAIServer(word_seconds=WORD_SECONDS).serving(port) as server:
        print(f"OPENAI_API_KEY=x OPENAI_BASE_URL={server.base_url} python3 run.py dev", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A chat-completions endpoint with a scripted sales agent")
    parser.add_argument("--port", type=int, default=8898)
    asyncio.run(main(parser.parse_args().port))
