"""A turn belongs to the server: whatever happens to its process, it is answered once, and whoever listens hears it.

Real processes, really killed, frozen and terminated (DESIGN § 4; PEERS.md: what every comparable system gets wrong).
"""

import time

from tests.cast import Shop
from tests.cluster.cluster import Cluster
from tests.cluster.listener import Listener
from tests.cluster.model import speaks

TAKEOVER_SECONDS_MAX = 5.0


async def test_a_killed_processs_turn_goes_on_within_five_seconds_where_the_visitor_listened(
    cluster: Cluster, acme: Shop
) -> None:
    said = speaks(cluster.model, words=60, word_seconds=0.03)
    sam = await acme.visitor()
    async with Listener(sam, lambda: [cluster.url("web-1"), cluster.url("web-2")]) as listener:
        await sam.post("/messages", {"content": "hello"}, headers={"Prefer": "respond-async"})
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
    stored = await cluster.db.all("select role from messages order by sequence")
    assert [row["role"] for row in stored] == ["agent", "user", "agent"]
