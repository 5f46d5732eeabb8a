"""What we send to Anthropic's Messages API. Pure: the same request gives the same bytes."""

from typing import Any, Final

from agentpay.llm import models, prices
from agentpay.llm.transcript import Piece, Said, Used, facts_text, note_text, pieces
from agentpay.llm.types import Request, ToolSpec

HISTORY_CACHE_TOKENS_MIN: Final = 1_024
"""A shorter talk is not worth a cache write (1.25 times the price), and most models would not cache it at all."""

CLOSED_TOOL: Final = "Not available now."

_CACHED: Final = {"type": "ephemeral"}


def request_body(request: Request) -> dict[str, Any]:
    """The body of `POST /v1/messages`, streamed.

    Tools and system come first and end in a cache breakpoint; more stand in the talk where they pay. Sides alternate,
    the visitor's first and last.
    """
    model = request.model or models.ANTHROPIC_MODEL
    told = pieces(request)
    return {
        "model": model,
        "max_tokens": models.output_tokens_max(model, request.max_tokens),
        "stream": True,
        **_tools(request, told, model),
        **({"system": [{"type": "text", "text": request.system, "cache_control": _CACHED}]} if request.system else {}),
        "messages": _messages(told),
        **_manner(model),
    }


def _tools(request: Request, told: list[Piece], model: str) -> dict[str, Any]:
    if request.tools:
        return {"tools": _marked([_tool(each) for each in request.tools], request), **_choice(request, model)}
    used = sorted({piece.call.name for piece in told if isinstance(piece, Used)})
    if not used:
        return {}
    # A talk that holds calls must declare their tools; `none` keeps the model from calling them again.
    closed = [ToolSpec(name, CLOSED_TOOL, {"type": "object"}) for name in used]
    return {"tools": [_tool(each) for each in closed], "tool_choice": {"type": "none"}}


def _tool(spec: ToolSpec) -> dict[str, Any]:
    return {"name": spec.name, "description": spec.description, "input_schema": spec.parameters}


def _marked(tools: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Without a system text the last tool ends the stable prefix."""
    return tools if request.system else [*tools[:-1], {**tools[-1], "cache_control": _CACHED}]


def _choice(request: Request, model: str) -> dict[str, Any]:
    if request.tool_choice is None or not models.claude_can_be_forced(model):
        return {}
    return {"tool_choice": {"type": "tool", "name": request.tool_choice, "disable_parallel_tool_use": True}}


def _manner(model: str) -> dict[str, Any]:
    """How to think. No temperature: since API version 2026-10-21 there is none, for no model."""
    manner: dict[str, Any] = {}
    if thinking := models.claude_thinking(model):
        manner["thinking"] = thinking
    if models.claude_always_thinks(model):
        manner["output_config"] = {"effort": "low"}
    return manner


def _messages(told: list[Piece]) -> list[dict[str, Any]]:
    parts = [_blocks(piece) for piece in told]
    for end in _cache_ends(told):
        parts[end - 1][-1][1]["cache_control"] = _CACHED
    messages: list[dict[str, Any]] = []
    for role, block in (each for part in parts for each in part):
        if not messages or messages[-1]["role"] != role:
            messages.append({"role": role, "content": []})
        messages[-1]["content"].append(block)
    return messages


def _cache_ends(told: list[Piece]) -> list[int]:
    """Up to where the talk is worth keeping.

    All of it for this turn's next step; for the next turn what stands before our last note, which is written anew then.
    """
    notes = [place for place, piece in enumerate(told) if isinstance(piece, Said) and piece.side == "note"]
    ends = sorted({len(told), *notes[-1:]})
    sizes = [prices.estimate_tokens("".join(_length_text(piece) for piece in told[:end])) for end in ends]
    return [end for end, size in zip(ends, sizes, strict=True) if size >= HISTORY_CACHE_TOKENS_MIN]


def _blocks(piece: Piece) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(piece, Used):
        return _exchange(piece)
    text = note_text(piece.text) if piece.side == "note" else piece.text
    return [("assistant" if piece.side == "agent" else "user", {"type": "text", "text": text})]


def _exchange(used: Used) -> list[tuple[str, dict[str, Any]]]:
    """A call and its answer, one after another also where they ran together: what follows only ever appends."""
    call, result = used.call, used.result
    answer: dict[str, Any] = {"type": "tool_result", "tool_use_id": call.id, "content": facts_text(result)}
    if result.status == "failed":
        answer["is_error"] = True
    return [
        ("assistant", {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}),
        ("user", answer),
    ]


def _length_text(piece: Piece) -> str:
    return piece.text if isinstance(piece, Said) else facts_text(piece.result)
