"""Saying something: three ways to hear the turn, once and in order (API § 6)."""

import asyncio
from typing import Any

from agentpay.conversations.cursor import parse
from tests.cast import Shop


async def test_the_greeting_is_the_first_message(acme: Shop) -> None:
    sam = await acme.visitor()
    assert [(m["role"], m["content"]) for m in sam.messages] == [("agent", "Hi! How can I help you today?")]


async def test_a_message_is_answered(acme: Shop) -> None:
    sam = await acme.visitor()
    turn = await sam.say("hello")
    assert turn["status"] == "completed"
    assert turn["message"]["content"] == "hello"
    assert turn["message_ids"] == [turn["message"]["id"]]
    assert turn["reply"]["role"] == "agent"
    assert turn["reply"]["content"]
    assert turn["agent_id"] == acme.agent["id"]
    listed = (await sam.get("/messages")).json()
    assert [m["id"] for m in listed["items"][-2:]] == [turn["message"]["id"], turn["reply"]["id"]]
    assert "tool_calls" not in turn["reply"]
    assert "llm_provider" not in turn["reply"]


async def test_a_turn_streams_from_its_message_to_its_end(acme: Shop) -> None:
    sam = await acme.visitor()
    async with sam.say_streaming("hi") as stream:
        events = await stream.rest()
    names = [event.name for event in events]
    assert names[:2] == ["message.created", "turn.started"]
    assert names[-2:] == ["message.completed", "turn.completed"]
    spoken = "".join(event.data["text"] for event in events if event.name == "message.delta")
    assert spoken == events[-2].data["content"]
    positions = [parse(event.id) for event in events]
    assert positions == sorted(set(positions), key=lambda one: (one.offset, one.points))


async def test_respond_async_answers_at_once_and_events_tell_the_rest(acme: Shop) -> None:
    sam = await acme.visitor()
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        answer = await sam.post("/messages", {"content": "hi"}, headers={"Prefer": "respond-async"})
        assert answer.status_code == 202
        events = await stream.until("turn.completed", turn_id=answer.json()["id"])
    assert events[0].name == "message.created"
    read = (await sam.get(f"/turns/{answer.json()['id']}")).json()
    assert read["status"] == "completed"
    assert read["reply"]["id"] == next(e.data["id"] for e in events if e.name == "message.completed")


async def test_ten_messages_at_once_are_all_stored_and_all_answered_in_order(acme: Shop) -> None:
    sam = await acme.visitor()
    turns = await asyncio.gather(*(sam.say(f"hello number {n}") for n in range(10)))
    assert {turn["status"] for turn in turns} == {"completed"}
    items = (await sam.get("/messages", params={"limit": 100})).json()["items"]
    assert len([m for m in items if m["role"] == "user"]) == 10
    answered = {message_id for turn in turns for message_id in turn["message_ids"]}
    assert answered == {m["id"] for m in items if m["role"] == "user"}
    assert len({turn["id"] for turn in turns}) == len([m for m in items if m["role"] == "agent"]) - 1
    assert items[-1]["role"] == "agent"


async def test_messages_are_read_before_after_and_between_two(acme: Shop) -> None:
    sam = await acme.visitor()
    for content in ("hi", "hello", "good morning"):
        await sam.say(content)

    async def page(**asked: Any) -> dict[str, Any]:
        answer = await sam.get("/messages", params=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    ids = [message["id"] for message in (await page())["items"]]
    assert len(ids) == 7  # the greeting, and three times two

    def shown(read: dict[str, Any]) -> list[str]:
        return [message["id"] for message in read["items"]]

    assert shown(await page(before=ids[3])) == ids[:3]
    assert shown(await page(after=ids[3])) == ids[4:]
    between = await page(after=ids[0], before=ids[5], limit=3)
    assert (shown(between), between["next_cursor"]) == (ids[1:4], ids[3])
    rest = await page(after=between["next_cursor"], before=ids[5], limit=3)
    assert (shown(rest), rest["next_cursor"]) == ([ids[4]], None)
    assert shown(await page(after=ids[5], before=ids[1])) == []
    tom = await acme.visitor()
    assert (await tom.get("/messages", params={"after": ids[0], "before": ids[5]})).status_code == 404


async def test_the_same_key_is_answered_once(acme: Shop) -> None:
    sam = await acme.visitor()
    key = {"Idempotency-Key": "try-1"}
    first, second = await asyncio.gather(*(sam.post("/messages", {"content": "hi"}, headers=key) for _ in range(2)))
    third = await sam.post("/messages", {"content": "hi"}, headers=key)
    assert first.json()["id"] == second.json()["id"] == third.json()["id"]
    assert third.headers["Idempotency-Replayed"] == "true"
    assert third.json()["reply"]["content"]
    items = (await sam.get("/messages")).json()["items"]
    assert [m["role"] for m in items] == ["agent", "user", "agent"]
    other = await sam.post("/messages", {"content": "bye"}, headers=key)
    assert (other.status_code, other.json()["error"]) == (422, "IdempotencyMismatch")


async def test_a_key_is_replayed_as_a_stream_too(acme: Shop) -> None:
    sam = await acme.visitor()
    key = {"Idempotency-Key": "try-1"}
    turn = (await sam.post("/messages", {"content": "hi"}, headers=key)).json()
    headers = sam.headers | key | {"Accept": "text/event-stream"}
    body = {"content": "hi"}
    async with sam.http.stream("POST", f"{sam.base}/messages", json=body, headers=headers) as answer:
        text = (await answer.aread()).decode()
        assert answer.headers["Idempotency-Replayed"] == "true"
    assert turn["reply"]["id"] in text
    assert text.count("event: turn.completed") == 1


async def test_a_client_that_leaves_loses_nothing(acme: Shop) -> None:
    sam = await acme.visitor()
    async with sam.say_streaming("hello") as stream:
        async for event in stream:
            if event.name == "message.created":
                break
    async with sam.stream(last_event_id=event.id) as again:
        events = await again.until("turn.completed")
    assert [e.name for e in events if e.name == "message.completed"]
    items = (await sam.get("/messages")).json()["items"]
    assert [m["role"] for m in items] == ["agent", "user", "agent"]


async def test_what_cannot_be_said_is_refused_and_stored_nowhere(acme: Shop) -> None:
    sam = await acme.visitor()
    for body, loc in (
        ({"content": "   "}, ["body", "content"]),
        ({"content": "x" * 4001}, ["body", "content"]),
        ({"content": "a\x00b"}, ["body"]),
        ({"content": "hi", "role": "staff"}, None),
        ({"content": "hi", "author_name": "Ann"}, ["body", "author_name"]),
        ({"content": "hi", "mood": "sunny"}, ["body"]),
        ({"content": "hi", "context": {"note": "x" * 20_000}}, ["body", "context"]),
    ):
        answer = await sam.post("/messages", body)
        if loc is None:
            assert answer.status_code == 403
        else:
            assert answer.status_code == 422, (body, answer.text)
            assert answer.json()["detail"][0]["loc"][: len(loc)] == loc
    assert len((await sam.get("/messages")).json()["items"]) == 1


async def test_a_reply_can_be_judged_and_a_question_cannot(acme: Shop) -> None:
    sam = await acme.visitor()
    turn = await sam.say("hello")
    judged = await sam.post(f"/messages/{turn['reply']['id']}/feedback", {"helpful": True, "rating": 5})
    assert judged.status_code == 200
    assert (await sam.post(f"/messages/{turn['message']['id']}/feedback", {"helpful": True})).status_code == 404
    assert (await sam.post(f"/messages/{turn['reply']['id']}/feedback", {"helpful": 1})).status_code == 422


async def test_a_stranger_finds_nothing(acme: Shop, rival: Shop) -> None:
    sam, rita = await acme.visitor(), await rival.visitor()
    for headers in (rita.headers, rival.secret):
        for path in ("", "/messages", "/events", "/export"):
            answer = await acme.http.get(sam.base + path, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (404, "ResourceNotFound"), path
        said = await acme.http.post(f"{sam.base}/messages", json={"content": "hi"}, headers=headers)
        assert said.status_code == 404
        assert (await acme.http.delete(sam.base, headers=headers)).status_code == 404
    assert (await acme.http.get(sam.base)).status_code == 401
