"""Prices, event streams and waits: the arithmetic under the adapters."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpay.llm import failures, models, prices
from agentpay.llm.anthropic_stream import AnthropicReader
from agentpay.llm.openai_stream import OpenAIReader
from agentpay.llm.port import ProviderFailed
from agentpay.llm.sse import EventSplitter
from agentpay.llm.types import Usage
from tests.llm.providers import anthropic_server as claude
from tests.llm.providers import openai_server as gpt
from tests.llm.providers.server import Answer

steady = settings(deadline=None, derandomize=True, max_examples=60)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model", "usage", "micros"),
    [
        ("claude-haiku-5-5", Usage(1_000, 200), 200),
        ("claude-haiku-5-5-20261007", Usage(0, 0, 1_000_000), 50_000),  # long, so five times ten thousand
        ("claude-haiku-4-5-20251001", Usage(1_000, 200, 10_000, 2_000), 1_000 + 1_000 + 1_000 + 2_500),
        ("claude-sonnet-5-5", Usage(1_000_000), 2_000_000),
        ("claude-sonnet-4-6", Usage(0, 1_000_000), 15_000_000),
        ("claude-opus-4-1-20250805", Usage(1_000_000), 15_000_000),
        ("gpt-5.6-luna", Usage(1_000, 100), 320),
        ("openai/gpt-5.6-luna-2026-07-30", Usage(1_000, 100), 320),
        ("gpt-5.6-luna", Usage(300_000, 1_000), 2 * 60_000 + 1_800),
        ("gpt-4o-mini", Usage(1, 0), 1),
        ("template", Usage(), 0),
        ("llama3.1", Usage(1_000_000, 1_000_000), 90_000_000),
    ],
)
def test_each_model_has_its_price_rounded_up(model: str, usage: Usage, micros: int) -> None:
    assert prices.cost_micros(usage, model) == micros


def test_the_defaults_have_a_price_of_their_own() -> None:
    for model in (models.ANTHROPIC_MODEL, models.OPENAI_MODEL):
        assert prices.price_of(model) is not prices.UNKNOWN_MODEL


def test_no_known_model_is_dearer_than_an_unknown_one_but_the_few_for_research() -> None:
    dear = {name for name, price in prices.PRICES if price.output > prices.UNKNOWN_MODEL.output}
    assert dear == {"gpt-5.5-pro", "gpt-5.4-pro"}


tokens = st.integers(0, 400_000)


@steady
@given(st.sampled_from([name for name, _ in prices.PRICES] + ["odd"]), tokens, tokens, tokens, st.integers(0, 9_000))
def test_a_reserve_covers_whatever_the_question_comes_to(
    model: str, fresh: int, read: int, written: int, output: int
) -> None:
    reserve = prices.reserve_micros(fresh + read + written, output, model)
    assert prices.cost_micros(Usage(fresh, output, read, written), model) <= reserve


@pytest.mark.parametrize(
    ("text", "at_least"),
    [
        ("", 0),
        ("Hello", 2),
        ("Do you have lavender candles?", 7),
        ("não é caro demais?", 7),
        ("蜡烛多少钱", 5),
        ("🕯️", 3),
    ],
)
def test_an_estimate_is_not_below_what_a_tokenizer_counts(text: str, at_least: int) -> None:
    assert prices.estimate_tokens(text) >= at_least


# --- Streams cut at every position ---

ANSWERS = {
    "anthropic": claude.call("search_products", {"query": "vela — não"}, said="Já vou…"),
    "openai": gpt.call("search_products", {"query": "vela — não"}, said="Já vou…"),
}


def whole(answer: Answer) -> bytes:
    return b"".join(part for part in answer.parts if isinstance(part, bytes))


def reader(name: str) -> AnthropicReader | OpenAIReader:
    return AnthropicReader(model="m") if name == "anthropic" else OpenAIReader(model="m", asked=b"{}")


@pytest.mark.parametrize("name", ["anthropic", "openai"])
def test_a_stream_cut_in_two_at_any_byte_reads_the_same(name: str) -> None:
    told = whole(ANSWERS[name])
    uncut = reader(name)
    words = uncut.feed(told)
    assert words == "Já vou…"
    for place in range(len(told)):
        cut = reader(name)
        assert cut.feed(told[:place]) + cut.feed(told[place:]) == words
        assert cut.reply() == uncut.reply()


@pytest.mark.parametrize("name", ["anthropic", "openai"])
def test_a_stream_that_ends_at_any_byte_is_whole_or_broken_and_never_invents(name: str) -> None:
    told = whole(ANSWERS[name])
    for place in range(len(told)):
        cut = reader(name)
        said = cut.feed(told[:place])
        assert "Já vou…".startswith(said)
        if cut.is_whole:
            assert cut.reply().tool_calls[0].arguments == {"query": "vela — não"}
        else:
            with pytest.raises(ProviderFailed):
                cut.reply()


@steady
@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b": x", b"event: y", b"data: 1", b"data:2", b"\n\n"])), st.data()
)
def test_events_are_the_same_however_they_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    told = b"".join(parts)
    uncut = EventSplitter().feed(told)
    splitter, found, start = EventSplitter(), list[bytes](), 0
    while start < len(told):
        end = data.draw(st.integers(start + 1, len(told)))
        found += splitter.feed(told[start:end])
        start = end
    assert found == uncut


def test_lines_of_data_of_one_event_belong_together() -> None:
    assert EventSplitter().feed(b"event: x\ndata: one\ndata:two\n\ndata: three\n\ndata: four\n") == [
        b"one\ntwo",
        b"three",
    ]


def test_the_list_of_reasons_is_closed() -> None:
    named = {value for name, value in vars(failures).items() if name.isupper() and isinstance(value, str)}
    assert named == failures.ALL
    statuses = {failures.of_status(status) for status in range(300, 600)}
    assert statuses <= failures.ALL
    assert failures.PERMANENT | failures.OF_THE_QUESTION | failures.OF_THE_ACCOUNT <= failures.ALL


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": (NOW + timedelta(seconds=60)).strftime("%a, %d %b %Y %H:%M:%S GMT")}, 60),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_a_wish_for_patience_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert failures.seconds_to_wait(headers, now=NOW) == seconds
