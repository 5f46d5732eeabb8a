"""What we send to a chat-completions endpoint: OpenAI's, or one that is compatible. Pure: same request, same bytes."""

from typing import Any

import msgspec

from agentpay.llm import models
from agentpay.llm.transcript import Piece, Said, Used, facts_text, note_text, pieces
from agentpay.llm.types import Request


def request_body(request: Request) -> dict[str, Any]:
    """The body of `POST /chat/completions`, streamed, with usage.

    One system message, then strictly alternating sides: the chat templates of many local models know nothing else.
    """
    model = request.model or models.OPENAI_MODEL
    system = [{"role": "system", "content": request.system}] if request.system else []
    return {
        "model": model,
        "messages": system + _messages(pieces(request)),
        "stream": True,
        "stream_options": {"include_usage": True},
        **_tools(request),
        **_manner(request, model),
    }


def _tools(request: Request) -> dict[str, Any]:
    if not request.tools:
        return {}
    tools = [
        {
            "type": "function",
            "function": {"name": spec.name, "description": spec.description, "parameters": spec.parameters},
        }
        for spec in request.tools
    ]
    if request.tool_choice is None:
        return {"tools": tools}
    return {"tools": tools, "tool_choice": {"type": "function", "function": {"name": request.tool_choice}}}


def _manner(request: Request, model: str) -> dict[str, Any]:
    tokens = models.output_tokens_max(model, request.max_tokens)
    if models.openai_reasons(model):
        return {"max_completion_tokens": tokens, "reasoning_effort": models.openai_effort(model)}
    return {"max_tokens": tokens, "temperature": request.temperature}


def _messages(told: list[Piece]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for piece in told:
        if isinstance(piece, Used):
            messages += _exchange(piece)
            continue
        role, text = _side(piece)
        if messages and messages[-1]["role"] == role and "tool_calls" not in messages[-1]:
            messages[-1]["content"] += f"\n\n{text}"
        else:
            messages.append({"role": role, "content": text})
    return messages


def _side(said: Said) -> tuple[str, str]:
    if said.side == "note":
        return "user", note_text(said.text)
    return ("assistant" if said.side == "agent" else "user"), said.text


def _exchange(used: Used) -> list[dict[str, Any]]:
    """A call and its answer, one after another also where they ran together: what follows only ever appends."""
    arguments = msgspec.json.encode(used.call.arguments).decode()
    call = {"id": used.call.id, "type": "function", "function": {"name": used.call.name, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": used.call.id, "content": facts_text(used.result)},
    ]
