"""A turn whose process died goes on elsewhere, once; an older attempt writes nothing and says nothing (DESIGN § 4)."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from agentpay.db.engine import Database
from agentpay.kit.caller import Member, Visitor
from agentpay.kit.ids import secret_hash, uuid7
from agentpay.llm.types import Request
from agentpay.turns import end
from agentpay.turns.hold import RunningTurn, TurnLost, hold
from agentpay.turns.incoming import Incoming, MessageLimits, Reception
from tests.cast import Shop
from tests.cast import Visitor as Sam
from tests.turns.scripted import Line, Scripted, call

LIMITS = MessageLimits(per_minute=100, in_all=200)


async def said_to_a_process_that_dies(acme: Shop, sam: Sam, content: str) -> RunningTurn:
    """A message taken in by a process that is killed before it answers: its lease ran out a moment ago."""
    parts, dead = acme.service.parts, uuid7()
    await parts.db.run("insert into processes (id, lease_until) values (%s, now() + interval '1 hour')", (dead,))
    reception = Reception(parts.db, parts.appender, parts.jobs, owner=dead, limits=LIMITS)
    caller = Visitor(acme.organization_id, UUID(sam.id), secret_hash(sam.token))
    member = Member(acme.organization_id, UUID(sam.id), is_staff=False, caller=caller)
    received = await reception.visitor_message(Incoming(content), member=member, escalate_after={})
    assert received.running is not None
    return received.running


async def kill_owner(acme: Shop, turn: RunningTurn) -> None:
    await acme.service.parts.db.run(
        "update processes set lease_until = now() - interval '1 s' where id = (select owner from turns where id = %s)",
        (turn.id,),
    )


async def test_a_dead_processs_turn_is_answered_by_another_one_once(acme: Shop) -> None:
    sam = await acme.visitor()
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        turn = await said_to_a_process_that_dies(acme, sam, "hello")
        started = await stream.until("turn.started")
        await kill_owner(acme, turn)
        rest = await stream.until("turn.completed")
    assert started[-1].data["message_id"] == str(turn.reply_id)
    assert rest[0].name == "turn.started", "again for the same message: drop the draft"
    assert rest[0].data == started[-1].data
    assert [event.data["id"] for event in rest if event.name == "message.completed"] == [str(turn.reply_id)]
    items = (await sam.get("/messages")).json()["items"]
    assert [item["role"] for item in items] == ["agent", "user", "agent"]


async def test_who_was_frozen_past_its_lease_writes_nothing(acme: Shop) -> None:
    sam = await acme.visitor()
    turn = await said_to_a_process_that_dies(acme, sam, "hello")
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        await kill_owner(acme, turn)
        await stream.until("turn.completed")
    parts = acme.service.parts
    with pytest.raises(TurnLost):
        async with parts.db.transaction() as tx:
            await hold(tx, turn)
    async with parts.db.transaction() as tx:
        conversation = await tx.one("select * from conversations where id = %s for update", (turn.conversation_id,))
        assert conversation is not None
        ended, _ = await end.end(
            tx,
            parts.appender,
            conversation=conversation,
            status="completed",
            reason=None,
            owner=parts.process_id,
            turn_id=turn.id,
            attempt=turn.attempt,
        )
    assert not ended
    lost: list[bool] = []
    writer = parts.flusher.open(turn, lost=lambda: lost.append(True))
    writer.say("words of the dead")
    async with sam.stream(last_event_id=(await sam.get()).json()["last_event_id"]) as stream:
        await sam.post("/messages", {"content": "hello again"}, headers={"Prefer": "respond-async"})
        heard = await stream.until("turn.completed")
    parts.flusher.close(writer)
    assert "words of the dead" not in str(heard)
    assert lost
    assert "words of the dead" not in (await sam.get("/messages")).text


async def test_messages_that_waited_behind_a_dead_turn_are_answered_after_it(acme: Shop) -> None:
    sam = await acme.visitor()
    turn = await said_to_a_process_that_dies(acme, sam, "hello")
    waiting = (await sam.post("/messages", {"content": "still there?"}, headers={"Prefer": "respond-async"})).json()
    assert waiting["status"] == "queued"
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        await kill_owner(acme, turn)
        await stream.until("turn.completed", turn_id=waiting["id"])
    items = (await sam.get("/messages")).json()["items"]
    assert [item["role"] for item in items] == ["agent", "user", "agent", "user", "agent"]
    assert items[3]["content"] == "still there?"


async def test_a_models_turn_goes_on_behind_its_stored_steps(candles: Shop, model: Scripted, db: Database) -> None:
    stuck = asyncio.Event()
    answers: list[list[Line]] = [
        ["Let me look.", call("search_products", query="candle")],
        ["Never said ", stuck, "at all."],
        ["Lavender or vanilla?"],
    ]
    model.script = lambda _: answers.pop(0)
    sam = await candles.visitor()
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        await sam.post("/messages", {"content": "do you have candles?"}, headers={"Prefer": "respond-async"})
        await stream.until("tool.completed")
        await stream.until("message.delta")
        await give_to(candles, db)
        again = await stream.until("turn.completed")
        stuck.set()
    said = "".join(event.data["text"] for event in again if event.name == "message.delta")
    assert said == "Let me look.\n\nLavender or vanilla?"
    completed = next(event for event in again if event.name == "message.completed")
    assert completed.data["content"] == said
    assert [event.name for event in again if event.name.startswith("tool.")] == [], "no tool runs twice"
    assert len(model.asked) == 3
    assert prompt_of(model.asked[1]) == prompt_of(model.asked[2]), "the same question, asked again"


def prompt_of(request: Request) -> bytes:
    return msgspec.json.encode((request.system, request.messages, request.tools), order="sorted")


async def test_who_gets_its_own_turn_back_runs_it_once(candles: Shop, model: Scripted, db: Database) -> None:
    """It was frozen, another process took the turn over and gave it away: the attempt of before still waits here."""
    forgotten, held = asyncio.Event(), asyncio.Event()
    answers: list[list[Line]] = [
        ["Let me see. It is ", forgotten, "never said."],
        ["Hello, Sam. How ", held, "are you?"],
    ]
    model.script = lambda _: answers.pop(0)
    runner = candles.service.parts.runner
    sam = await candles.visitor()
    async with sam.stream(last_event_id=sam.last_event_id) as stream:
        await sam.post("/messages", {"content": "hello there"}, headers={"Prefer": "respond-async"})
        await stream.until("message.delta")
        await give_to(candles, db)
        await stream.until("turn.started")
        await stream.until("message.delta")
        forgotten.set()
        while len(attempts_here()) > 1:  # noqa: ASYNC110 (a task of another's has no event)
            await asyncio.sleep(0.005)
        assert runner.running_count == 1, "the attempt that runs, known so that a shutdown waits for it"
        held.set()
        rest = await stream.until("turn.completed")
    assert [event.data["content"] for event in rest if event.name == "message.completed"] == [
        "Hello, Sam. How are you?"
    ]


def attempts_here() -> list[str]:
    """The attempts that run in this process, whatever its runner knows of."""
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith("turn ")]


async def give_to(shop: Shop, db: Database) -> None:
    """The running turn has no owner; `shop`'s process is the first to see it, though others sweep here too."""
    await db.run("update turns set owner = null where status = 'running'")
    await shop.service.parts.runner.take_over()
