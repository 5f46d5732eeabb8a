"""A rolling restart under streaming chats: `python -m tests.cluster.rolling [--chats 200]`.

Every process gets SIGTERM in turn and is started anew, while every chat has an answer on its way. Exit code 1 when a
chat lost or doubled a character, was not answered, was answered twice, or a process did not end well.
"""

import argparse
import asyncio
import logging
import sys
import time

import msgspec

from agentpay.sandbox.postgres import throw_away
from tests.cast import Shop
from tests.cluster.cluster import WEBS, WORKERS, Cluster, clustered
from tests.cluster.listener import Listener
from tests.cluster.model import speaks
from tests.cluster.screen import Broken

STOP_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 180
ORDER = (WEBS[0], WORKERS[0], WEBS[1], WORKERS[1])


class Outcome(msgspec.Struct):
    answered: int
    restarts: int
    """Replies that another process began again."""
    reconnects: int
    by_template: int
    """Answers for which a model that was too slow (a busy machine) was stood in for."""
    broken: list[str]
    exit_codes: dict[str, int | None]
    seconds: float


async def roll(cluster: Cluster, shop: Shop, *, chats: int, words: int, word_seconds: float) -> Outcome:
    """Restart everything, one after another, while `chats` visitors read their answers."""
    said = speaks(cluster.model, words=words, word_seconds=word_seconds)
    began = time.monotonic()
    listeners, codes = list[Listener](), dict[str, int | None]()
    under_way = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as tasks:
        found = [tasks.create_task(_chat(cluster, shop, n, listeners, under_way)) for n in range(chats)]
        for _ in range(chats):
            await under_way.acquire()
        for name in ORDER:
            process = cluster.processes[name]
            process.terminate()
            await process.gone(seconds=STOP_SECONDS_MAX)
            codes[name] = process.exit_code
            await cluster.start(name)
    broken = [problem for task in found if (problem := task.result()) is not None]
    return Outcome(
        answered=chats - len(broken),
        restarts=sum(listener.screen.restarts for listener in listeners),
        reconnects=sum(listener.connections - 1 for listener in listeners),
        by_template=sum(reply["content"] != said for listener in listeners for reply in listener.screen.replies),
        broken=broken,
        exit_codes=codes,
        seconds=time.monotonic() - began,
    )


async def _chat(
    cluster: Cluster, shop: Shop, number: int, listeners: list[Listener], under_way: asyncio.Semaphore
) -> str | None:
    """One visitor's chat; what was wrong with it, or None."""
    own = WEBS[number % len(WEBS)]
    other = WEBS[(number + 1) % len(WEBS)]
    async with cluster.client(own) as http:
        sam = await shop.visitor(http)
        # A deployment takes a replica out of the balancer: who comes back is sent to one that runs.
        async with Listener(sam, lambda: [cluster.url(name) for name in (own, other)]) as listener:
            listeners.append(listener)
            await listener.say("hello")
            await listener.until(lambda screen: screen.words_seen, seconds=ANSWER_SECONDS_MAX)
            under_way.release()
            try:
                await listener.until(lambda screen: screen.turns, seconds=ANSWER_SECONDS_MAX)
            except (Broken, TimeoutError) as problem:
                return f"chat {number}: {problem or 'was not answered'}"
    replies = [reply["content"] for reply in listener.screen.replies]
    stored = await cluster.db.all(
        "select role, content from messages where conversation_id = %s order by sequence", (sam.id,)
    )
    if [row["role"] for row in stored[1:]] != ["user", "agent"]:
        return f"chat {number}: stored {stored[1:]}"
    answer = stored[2]["content"]
    return None if replies == [answer] else f"chat {number}: shown {replies}, stored {answer!r}"


async def main(chats: int, words: int, word_seconds: float) -> int:
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # a model whose reader died is no news here
    with throw_away() as url:
        async with clustered(url, AGENTPAY_POOL_MAX="12") as cluster:
            await cluster.heal()
            async with cluster.client("web-1") as http:
                outcome = await roll(
                    cluster, await cluster.shop(http), chats=chats, words=words, word_seconds=word_seconds
                )
    print(  # noqa: T201 (a command)
        f"{outcome.answered} of {chats} chats answered whole and once in {outcome.seconds:.0f} s;"
        f" {outcome.reconnects} reconnects, {outcome.restarts} replies begun again,"
        f" {outcome.by_template} by the template; exit codes {outcome.exit_codes}"
    )
    for problem in outcome.broken:
        print(problem)  # noqa: T201
    return int(bool(outcome.broken) or any(outcome.exit_codes.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Rolling restart under streaming chats")
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--word-seconds", type=float, default=0.5)
    asked = parser.parse_args()
    sys.exit(asyncio.run(main(asked.chats, asked.words, asked.word_seconds)))
