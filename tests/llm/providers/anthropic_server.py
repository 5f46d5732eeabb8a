"""Anthropic's Messages API on this machine: its documented stream, its errors, and a scripted sales agent.

By hand: `python -m tests.llm.providers.anthropic_server --port 8899`, then `ANTHROPIC_API_KEY=x
ANTHROPIC_BASE_URL=http://127.0.0.1:8899 python3 run.py dev`.
"""

import argparse
import asyncio
import json
import re
from typing import Any

from agentpay.llm.transcript import GO_ON, NOTE
from tests.llm.providers.agent import Heard, Move, move, unfenced
from tests.llm.providers.server import Answer, Part, Pause, ProviderServer

MODEL = "claude-haiku-5-5"
WORD_SECONDS = 0.03


def event(type: str, **fields: Any) -> bytes:
    """One event as the API words it: a name line, one line of data, an empty line."""
    return f"event: {type}\ndata: {json.dumps({'type': type, **fields})}\n\n".encode()


PING = event("ping")


def start(*, model: str = MODEL, input_tokens: int = 25, cached: int = 0, written: int = 0) -> bytes:
    usage = {
        "input_tokens": input_tokens,
        "output_tokens": 1,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
    }
    message: dict[str, Any] = {"id": "msg_01", "type": "message", "role": "assistant", "model": model, "content": []}
    message |= {"stop_reason": None, "stop_sequence": None, "usage": usage}
    return event("message_start", message=message)


def text(*words: str, index: int = 0) -> list[bytes]:
    """A whole text block, one delta a word."""
    begin = event("content_block_start", index=index, content_block={"type": "text", "text": ""})
    deltas = [event("content_block_delta", index=index, delta={"type": "text_delta", "text": word}) for word in words]
    return [begin, PING, *deltas, event("content_block_stop", index=index)]


def thinking(thought: str, *, index: int = 0) -> list[bytes]:
    return [
        event("content_block_start", index=index, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        event("content_block_delta", index=index, delta={"type": "thinking_delta", "thinking": thought}),
        event("content_block_delta", index=index, delta={"type": "signature_delta", "signature": "EqQB"}),
        event("content_block_stop", index=index),
    ]


def tool(name: str, arguments: str, *, id: str = "toolu_01", index: int = 0) -> list[bytes]:
    """A whole call; the JSON of its arguments comes in three pieces."""
    third = max(1, len(arguments) // 3)
    pieces = ["", arguments[:third], arguments[third : 2 * third], arguments[2 * third :]]
    block = {"type": "tool_use", "id": id, "name": name, "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return [
        event("content_block_start", index=index, content_block=block),
        *[event("content_block_delta", index=index, delta=delta) for delta in deltas],
        event("content_block_stop", index=index),
    ]


def stop(reason: str | None = "end_turn", *, output_tokens: int = 15) -> list[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [event("message_delta", delta=delta, usage={"output_tokens": output_tokens}), event("message_stop")]


def error(type: str) -> bytes:
    return event("error", error={"type": type, "message": "secret words of Sam"})


def words(*said: str, reason: str = "end_turn") -> Answer:
    """The usual answer in words."""
    return Answer((start(), *text(*said), *stop(reason)))


def call(name: str, arguments: dict[str, Any], *, said: str = "") -> Answer:
    """The usual answer with one call."""
    spoken = text(said) if said else []
    called = tool(name, json.dumps(arguments), index=1 if said else 0)
    return Answer((start(), *spoken, *called, *stop("tool_use")))


class AnthropicServer(ProviderServer):
    """Answers like Claude would, if Claude were the few rules of `agent.py`."""

    path = "/v1/messages"

    def __init__(self, *, word_seconds: float = 0.0) -> None:
        super().__init__(self._next)
        self._word_seconds = word_seconds

    def _next(self, body: dict[str, Any]) -> Answer:
        return answer(move(heard(body)), number=len(self.bodies), word_seconds=self._word_seconds)


def answer(move: Move, *, number: int, word_seconds: float = 0.0) -> Answer:
    """A move in Anthropic's words, paced like a model if wished."""
    if move.tool:
        called = tool(move.tool, json.dumps(move.arguments), id=f"toolu_{number:02}")
        return Answer((start(), *called, *stop("tool_use")))
    parts: list[Part] = [start()]
    for part in text(*re.findall(r"\S+\s*", move.words)):
        parts += [part, Pause(word_seconds)] if word_seconds else [part]
    return Answer((*parts, *stop()))


def heard(body: dict[str, Any]) -> Heard:
    """What a request of the Messages API says."""
    tools = {each["name"]: each["input_schema"] for each in body.get("tools", [])}
    if body.get("tool_choice", {}).get("type") == "none":
        tools = {}
    called: dict[str, str] = {}
    said, results = "", list[dict[str, Any]]()
    for message in body["messages"]:
        for block in message["content"]:
            if block["type"] == "tool_use":
                called[block["id"]] = block["name"]
            elif block["type"] == "tool_result":
                results.append({"tool": called[block["tool_use_id"]], **unfenced(block["content"])})
            elif message["role"] == "user" and not block["text"].startswith((f"<{NOTE}>", GO_ON)):
                results, said = [], block["text"]
    told = json.dumps({"system": body.get("system"), "messages": body["messages"]}).replace("\\", "")
    return Heard(said, tools, results, told)


async def main(port: int) -> None:
    async with AnthropicServer(word_seconds=WORD_SECONDS).serving(port) as server:
        print(f"ANTHROPIC_API_KEY=x ANTHROPIC_BASE_URL={server.url} python3 run.py dev", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Anthropic's Messages API with a scripted sales agent")
    parser.add_argument("--port", type=int, default=8899)
    asyncio.run(main(parser.parse_args().port))
