"""A person takes a conversation while the AI is speaking: `python -m tests.cluster.handoff [--races 1000]`.

Each race: an answer is on its way, readers listen at both replicas, a person takes at one of them at some moment. In no
stream may a word of the AI follow the event of the take, and what was shown is what is stored. Exit code 1 otherwise.
"""

import argparse
import asyncio
import logging
import random
import sys
import time

import httpx
import msgspec

from agentpay.sandbox.postgres import throw_away
from tests.cast import Shop
from tests.cluster.cluster import WEBS, Cluster, clustered
from tests.cluster.listener import Listener
from tests.cluster.model import speaks
from tests.cluster.screen import Broken, Screen

AT_ONCE = 8
WORDS = 24
WORD_SECONDS = 0.01
RACE_SECONDS_MAX = 60
# On a machine that is too busy a kept connection may break under a request: that race is run again, and counted.
BROKEN_CONNECTIONS_MAX = 5


class Outcome(msgspec.Struct):
    races: int
    interrupted: int
    """Replies that the take cut short."""
    finished: int
    """Replies that were faster than the take."""
    unsaid: int
    """Takes before the first word."""
    again: int
    """Races whose connection broke before they were decided."""
    broken: list[str]
    seconds: float


async def race_all(cluster: Cluster, shop: Shop, *, races: int, seed: int = 7) -> Outcome:
    """So many races, a few at a time."""
    speaks(cluster.model, words=WORDS, word_seconds=WORD_SECONDS)
    chance, turnstile = random.Random(seed), asyncio.Semaphore(AT_ONCE)
    moments = [chance.uniform(0, WORDS * WORD_SECONDS * 1.3) for _ in range(races)]
    outcome = Outcome(races, 0, 0, 0, 0, [], time.monotonic())

    async def one(number: int) -> None:
        async with turnstile:
            try:
                await _insist(cluster, shop, outcome, number=number, moment=moments[number])
            except (Broken, TimeoutError) as problem:
                outcome.broken.append(f"race {number}: {problem or 'nothing came'}")

    async with asyncio.TaskGroup() as tasks:
        for number in range(races):
            tasks.create_task(one(number))
    outcome.seconds = time.monotonic() - outcome.seconds
    return outcome


async def _insist(cluster: Cluster, shop: Shop, outcome: Outcome, *, number: int, moment: float) -> None:
    while True:
        try:
            return await _race(cluster, shop, outcome, number=number, moment=moment)
        except httpx.TransportError:
            outcome.again += 1
            if outcome.again > BROKEN_CONNECTIONS_MAX:
                raise


async def _race(cluster: Cluster, shop: Shop, outcome: Outcome, *, number: int, moment: float) -> None:
    """The turn runs at one replica, the person takes at the other one or at the same, readers listen at both."""
    speaks_at, takes_at = WEBS[number % 2], WEBS[number // 2 % 2]
    sam = await shop.visitor()
    here = Listener(sam, lambda: [cluster.url(speaks_at)])
    there = Listener(sam, lambda: [cluster.url(WEBS[(number + 1) % 2])])
    async with here, there, cluster.client(takes_at) as staff:
        await here.say("hello")
        if number % 3:
            await here.until(lambda screen: screen.words_seen, seconds=RACE_SECONDS_MAX)
        await asyncio.sleep(moment)  # the moment is what is raced, not a condition
        body = {"action": "take", "staff_name": "Ann"}
        (await staff.post(f"{sam.base}/handoff", json=body, headers=shop.secret)).raise_for_status()
        answer = {"content": "Ann here.", "role": "staff", "author_name": "Ann"}
        (await staff.post(f"{sam.base}/messages", json=answer, headers=shop.secret)).raise_for_status()
        for reader in (here, there):
            await reader.until(_has_heard_ann, seconds=RACE_SECONDS_MAX)
    await _compare(cluster, outcome, here.screen, there.screen, conversation_id=sam.id)


def _has_heard_ann(screen: Screen) -> bool:
    return screen.is_taken and any(message["role"] == "staff" for message in screen.messages.values())


async def _compare(cluster: Cluster, outcome: Outcome, here: Screen, there: Screen, *, conversation_id: str) -> None:
    stored = await cluster.db.all(
        "select content, interrupted from messages where conversation_id = %s and role = 'agent' order by sequence",
        (conversation_id,),
    )
    for screen in (here, there):
        if screen.drafts and any(screen.drafts.values()):
            raise Broken(f"words on the screen that were never stored: {screen.drafts}")
        if [reply["content"] for reply in screen.replies] != [row["content"] for row in stored[1:]]:
            raise Broken(f"shown {screen.replies}, stored {stored[1:]}")
    if await cluster.db.value("select 1 from drafts where conversation_id = %s", (conversation_id,)):
        raise Broken("a draft was left behind")
    if len(stored) == 1:
        outcome.unsaid += 1
    elif stored[1]["interrupted"]:
        outcome.interrupted += 1
    else:
        outcome.finished += 1


async def main(races: int) -> int:
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # a model whose reader left is no news here
    with throw_away() as url:
        async with clustered(url, AGENTPAY_POOL_MAX="12") as cluster:
            await cluster.heal()
            async with cluster.client(WEBS[0]) as http:
                outcome = await race_all(cluster, await cluster.shop(http), races=races)
    print(  # noqa: T201 (a command)
        f"{outcome.races} takes in {outcome.seconds:.0f} s: {outcome.interrupted} replies cut short,"
        f" {outcome.finished} faster than the take, {outcome.unsaid} before the first word;"
        f" {outcome.again} run again for a connection; {len(outcome.broken)} broken"
    )
    for problem in outcome.broken:
        print(problem)  # noqa: T201
    return int(bool(outcome.broken))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A person takes over while the AI speaks, raced")
    parser.add_argument("--races", type=int, default=1_000)
    sys.exit(asyncio.run(main(parser.parse_args().races)))
