"""What a stream tells, from one snapshot of events and the running reply."""

from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agentpay.conversations import cursor
from agentpay.conversations.cursor import Cursor
from agentpay.conversations.telling import RunningReply, Telling, ToldEvent

TURN, REPLY = UUID(int=1), UUID(int=2)
TEXT = "Hello, Sam! The Beeswax Candle is $24.00."


def started(offset: int) -> ToldEvent:
    return ToldEvent(offset, "turn.started", {"turn_id": str(TURN), "message_id": str(REPLY)})


def ended(offset: int) -> list[ToldEvent]:
    message = {"id": REPLY, "turn_id": TURN, "content": TEXT}
    return [
        ToldEvent(offset, "message.completed", {}, 0, message),
        ToldEvent(offset + 1, "turn.completed", {"turn_id": str(TURN)}),
    ]


def running(text: str, *, last_offset: int = 1, start: int = 0) -> RunningReply:
    return RunningReply(TURN, REPLY, 1, last_offset, start, text[start:])


def heard(frames: list[bytes]) -> list[tuple[str, str, Any]]:
    told = []
    for frame in frames:
        head, event, data, *_ = frame.decode().split("\n")
        told.append((head[4:], event[7:], msgspec.json.decode(data[6:])))
    return told


def render(event: ToldEvent) -> Any:
    return event.data if event.message is None else {"id": str(event.message["id"])}


def test_words_come_after_the_start_and_before_the_end() -> None:
    telling = Telling(Cursor(0), until_turn=TURN)
    first = heard(telling.tell([started(1)], running(TEXT[:5]), render=render))
    rest = heard(telling.tell(ended(2), None, render=render))
    assert [name for _, name, _ in first + rest] == [
        "turn.started", "message.delta", "message.delta", "message.completed", "turn.completed",
    ]  # fmt: skip
    assert first[1][2]["text"] + rest[0][2]["text"] == TEXT
    assert telling.is_over


def test_who_comes_back_after_the_end_hears_no_deltas() -> None:
    told = heard(Telling(Cursor(1, 5)).tell(ended(2), None, render=render))
    assert [name for _, name, _ in told] == ["message.completed", "turn.completed"]


def test_who_comes_back_inside_a_word_hears_the_rest_of_it() -> None:
    told = heard(Telling(Cursor(1, 3)).tell([], running(TEXT, start=3), render=render))
    assert [data["text"] for _, _, data in told] == [TEXT[3:]]


def test_a_fresh_reader_is_told_that_a_turn_is_running() -> None:
    told = heard(Telling(Cursor(2, 0, True)).tell([], running(TEXT, last_offset=2), render=render))
    assert [name for _, name, _ in told] == ["turn.started", "message.delta"]
    assert told[1][2]["text"] == TEXT


def test_a_takeover_starts_the_words_again() -> None:
    telling = Telling(Cursor(0))
    telling.tell([started(1)], running(TEXT[:9]), render=render)
    again = RunningReply(TURN, REPLY, 2, 2, 0, "Hi.")
    told = heard(telling.tell([started(2)], again, render=render))
    assert [(name, data.get("text")) for _, name, data in told] == [("turn.started", None), ("message.delta", "Hi.")]


@given(
    cuts=st.lists(st.integers(0, len(TEXT)), max_size=4).map(sorted),
    reads=st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted),
)
def test_ids_and_order_are_equal_in_all_streams_however_the_text_was_cut(cuts: list[int], reads: list[int]) -> None:
    """Events that fall into the text at `cuts`; one reader polls at `reads`, another reads everything at once."""
    events = [started(1), *(ToldEvent(2 + i, "tool.started", {"n": i}, at) for i, at in enumerate(cuts))]

    def snapshot(length: int) -> tuple[list[ToldEvent], RunningReply]:
        seen = [event for event in events if event.draft_length <= length]
        return seen, running(TEXT[:length], last_offset=seen[-1].offset)

    slow, quick = Telling(Cursor(0)), Telling(Cursor(0))
    told = []
    for length in [*reads, len(TEXT)]:
        seen, reply = snapshot(length)
        fresh = [event for event in seen if event.offset > slow.cursor.offset]
        told += heard(slow.tell(fresh, reply, render=render))
    whole = heard(quick.tell(*snapshot(len(TEXT)), render=render))
    assert text_and_events(told) == text_and_events(whole)
    ids = [cursor.parse(id) for id, _, _ in told]
    assert ids == sorted(set(ids), key=lambda one: (one.offset, one.points)) if None not in ids else False
    assert slow.cursor == quick.cursor


def text_and_events(told: list[tuple[str, str, Any]]) -> list[tuple[str, Any]]:
    """Deltas joined between events: what a reader sees, with the id at the end of each piece."""
    seen: list[tuple[str, Any]] = []
    for id, name, data in told:
        if name == "message.delta" and seen and seen[-1][0] == "text":
            seen[-1] = ("text", (id, seen[-1][1][1] + data["text"]))
        elif name == "message.delta":
            seen.append(("text", (id, data["text"])))
        else:
            seen.append((name, (id, data)))
    return seen


@given(st.text(max_size=40))
def test_a_position_is_ours_or_nothing(text: str) -> None:
    parsed = cursor.parse(text)
    assert parsed is None or cursor.parse(str(parsed)) == parsed
