"""A turn belongs to the server: whatever happens to its process, it is answered once, and whoever listens hears it.

Real processes, really killed, frozen and terminated (DESIGN § 4; PEERS.md: what every comparable system gets wrong).
"""

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.cast import Shop, Visitor
from tests.cluster.cluster import Cluster
from tests.cluster.listener import Listener
from tests.cluster.model import speaks
from tests.cluster.rolling import roll

pytestmark = pytest.mark.timeout(180)  # real processes start and die here: slow on a busy machine

TAKEOVER_SECONDS_MAX = 5.0
ASYNC = {"Prefer": "respond-async"}


def elsewhere(sam: Visitor, http: httpx.AsyncClient) -> Visitor:
    """The same visitor in another browser window, whose requests reach another replica."""
    return Visitor(http, sam.conversation, sam.token, sam.messages, sam.last_event_id)


async def roles(cluster: Cluster) -> list[str]:
    return [row["role"] for row in await cluster.db.all("select role from messages order by sequence")]


async def test_a_killed_processs_turn_goes_on_within_five_seconds_where_the_visitor_listened(
    cluster: Cluster, acme: Shop
) -> None:
    said = speaks(cluster.model, words=40, word_seconds=0.03)
    sam = await acme.visitor()
    async with Listener(sam, lambda: [cluster.url("web-1"), cluster.url("web-2")]) as listener:
        await sam.post("/messages", {"content": "hello"}, headers=ASYNC)
        await listener.until(lambda screen: screen.words_seen >= 5)
        await cluster.kill("web-1")
        killed_at = time.monotonic()
        await listener.until(lambda screen: screen.restarts)
        assert time.monotonic() - killed_at < TAKEOVER_SECONDS_MAX
        await listener.until(lambda screen: screen.turns)
    screen = listener.screen
    assert listener.connections == 2
    assert list(screen.turns.values()) == ["completed"]
    assert [reply["content"] for reply in screen.replies] == [said]
    assert await roles(cluster) == ["agent", "user", "agent"]


def without_intent(listener: Listener) -> list[dict[str, Any]]:
    unsaid = ("intent", "intent_confidence")
    shown = listener.screen.messages.values()
    return [{name: value for name, value in message.items() if name not in unsaid} for message in shown]


async def test_who_was_frozen_past_its_lease_and_woken_says_and_writes_nothing(
    cluster: Cluster, acme: Shop, second: httpx.AsyncClient
) -> None:
    said = speaks(cluster.model, words=30, word_seconds=0.03)
    sam = await acme.visitor()
    at_the_frozen_one = Listener(sam, lambda: [cluster.url("web-1")])
    at_the_living_one = Listener(sam, lambda: [cluster.url("web-2")])
    async with at_the_frozen_one, at_the_living_one:
        await sam.post("/messages", {"content": "hello"}, headers=ASYNC)
        await at_the_frozen_one.until(lambda screen: screen.words_seen >= 5)
        frozen = cluster.processes["web-1"]
        frozen.freeze()
        await at_the_living_one.until(lambda screen: screen.turns)
        stored = await cluster.db.all("select * from messages order by sequence")
        frozen.thaw()
        await frozen.started("turn.lost")
        await at_the_frozen_one.until(lambda screen: screen.turns)
        answer = await elsewhere(sam, second).say("hello again")
        await at_the_frozen_one.until(lambda screen: len(screen.replies) == 2)
        await at_the_living_one.until(lambda screen: len(screen.replies) == 2)
    assert [reply["content"] for reply in at_the_frozen_one.screen.replies] == [said, said]
    # What a message was understood as may be there already when the one reads it, and not yet when the other does.
    assert without_intent(at_the_frozen_one) == without_intent(at_the_living_one)
    assert answer["status"] == "completed"
    assert (await cluster.db.all("select * from messages order by sequence"))[: len(stored)] == stored
    assert await roles(cluster) == ["agent", "user", "agent", "user", "agent"]


@pytest.mark.parametrize("count", [2, 10])
async def test_messages_at_once_at_two_replicas_are_all_stored_and_all_answered_in_order(
    cluster: Cluster, acme: Shop, second: httpx.AsyncClient, count: int
) -> None:
    said = speaks(cluster.model, words=6, word_seconds=0.0)
    sam = await acme.visitor()
    windows = [sam, elsewhere(sam, second)]
    async with Listener(sam, lambda: [cluster.url("web-2")]) as listener:
        answers = await asyncio.gather(*(windows[n % 2].say(f"hello, number {n}") for n in range(count)))
        await listener.until(lambda screen: set(screen.turns) == {answer["id"] for answer in answers})
    assert {answer["status"] for answer in answers} == {"completed"}
    messages = await cluster.db.all("select id, role, content, turn_id, sequence from messages order by sequence")
    asked = [row for row in messages if row["role"] == "user"]
    assert sorted(row["content"] for row in asked) == sorted(f"hello, number {n}" for n in range(count))
    replies = {row["turn_id"]: row for row in messages[1:] if row["role"] == "agent"}
    assert {row["content"] for row in replies.values()} == {said}
    turns = await cluster.db.all("select id, after_sequence, up_to_sequence from turns order by after_sequence")
    covered = [sequence for turn in turns for sequence in range(turn["after_sequence"] + 1, turn["up_to_sequence"] + 1)]
    assert [row["sequence"] for row in asked] == [
        each for each in covered if each in {row["sequence"] for row in asked}
    ]
    assert set(replies) == {turn["id"] for turn in turns}, "one reply a turn, none twice"
    for turn in turns:
        assert replies[turn["id"]]["sequence"] > turn["up_to_sequence"], "no reply stands before what it answers"


async def test_a_client_that_leaves_in_mid_word_loses_nothing(
    cluster: Cluster, acme: Shop, second: httpx.AsyncClient
) -> None:
    said = speaks(cluster.model, words=20, word_seconds=0.02)
    sam = await acme.visitor()
    async with sam.say_streaming("hello") as stream:
        await stream.until("message.delta")
    async with Listener(sam, lambda: [cluster.url("web-2")]) as listener:
        await listener.until(lambda screen: screen.turns)
    assert [reply["content"] for reply in listener.screen.replies] == [said]
    items = (await elsewhere(sam, second).get("/messages")).json()["items"]
    assert (items[-1]["content"], items[-1]["interrupted"]) == (said, False)


async def test_a_stream_goes_on_inside_a_word_at_whichever_replica(cluster: Cluster, acme: Shop) -> None:
    said = speaks(cluster.model, words=30, word_seconds=0.05)
    sam = await acme.visitor()
    order = ["web-1", "web-2"]
    async with Listener(sam, lambda: [cluster.url(name) for name in order]) as listener:
        await sam.post("/messages", {"content": "hello"}, headers=ASYNC)
        for words in range(4, 28, 4):
            await listener.until(lambda screen, words=words: screen.words_seen >= words or screen.turns)  # type: ignore[misc] # mypy: lambda default
            order.reverse()
            listener.reconnect()
        await listener.until(lambda screen: screen.turns)
    assert listener.connections > 3
    assert [reply["content"] for reply in listener.screen.replies] == [said]
    assert not listener.screen.restarts


async def test_a_rolling_restart_under_streaming_chats_loses_and_doubles_nothing(cluster: Cluster, acme: Shop) -> None:
    outcome = await roll(cluster, acme, chats=8, words=40, word_seconds=0.05)
    assert outcome.broken == []
    assert outcome.answered == 8
    assert outcome.exit_codes == {"web-1": 0, "worker-1": 0, "web-2": 0, "worker-2": 0}
