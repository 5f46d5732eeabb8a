"""What holds for every brief and whatever the tools say."""

import re
from datetime import datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpay.kit.limits import STEPS_MAX
from agentpay.llm.types import Brief, Request, Stop, ToolCall, ToolResult
from tests.llm import shop, strategies

Told = tuple[str, dict[str, Any]]
names = st.sampled_from((*shop.ALL_TOOLS, "tool_of_the_future"))


def numbers(text: str) -> set[int]:
    return {int(run) for run in re.findall(r"\d+", text)}


def known_numbers(request: Request) -> set[int]:
    """Every number of our own facts: not those that only the visitor or the message before said."""
    brief = msgspec.structs.replace(request.brief, text="", previous_text="", entities={})
    told = [msgspec.to_builtins(result, str_keys=True, builtin_types=(datetime,)) for _, result in request.results]
    return numbers(f"{brief!r} {told!r}")


def result_of(call: ToolCall, told: Told) -> ToolResult:
    status, facts = told
    return ToolResult(call.id, call.name, status, facts)  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(
    asked=strategies.briefs,
    tools=st.sets(st.sampled_from(shop.ALL_TOOLS)),
    outcomes=st.lists(strategies.outcomes, min_size=8, max_size=8),
)
def test_every_turn_ends_in_words_that_hold_no_number_but_our_own(
    asked: Brief, tools: set[str], outcomes: list[Told]
) -> None:
    results: list[tuple[ToolCall, ToolResult]] = []
    for _ in range(STEPS_MAX):
        question = shop.request(asked, tools=tuple(sorted(tools)), results=tuple(results))
        words, reply = shop.ask(question)
        if reply.stop is Stop.DONE:
            break
        assert not words
        assert not reply.text
        assert reply.tool_calls
        assert {call.name for call in reply.tool_calls} <= tools
        results += [(call, result_of(call, outcomes[len(results) % 8])) for call in reply.tool_calls]
    assert reply.stop is Stop.DONE, [call for call, _ in results]
    assert reply.text.strip()
    assert "".join(words) == reply.text
    said = numbers(reply.text) | numbers(" ".join(reply.quick_replies))
    assert said <= known_numbers(question), (reply.text, said - known_numbers(question))
    assert shop.ask(question)[1] == reply, "the same question is answered alike"


@settings(max_examples=40, deadline=None)
@given(asked=strategies.briefs, left=st.lists(st.tuples(names, strategies.outcomes), max_size=8))
def test_what_another_provider_left_behind_is_told(asked: Brief, left: list[tuple[str, Told]]) -> None:
    """The template may take over in the middle of a turn, behind any calls of a model."""
    calls = [ToolCall(str(place), name, {"made": "by a model"}) for place, (name, _) in enumerate(left)]
    results = tuple((call, result_of(call, told)) for call, (_, told) in zip(calls, left, strict=True))
    question = shop.request(asked, results=results)
    _, reply = shop.ask(question)
    if reply.stop is Stop.DONE:
        assert reply.text.strip()
        assert numbers(reply.text) <= known_numbers(question)
    else:
        assert reply.tool_calls
