"""A small storm of webhooks while a process is killed (`python -m tests.webhooks.storm` makes a large one)."""

import pytest

from tests.cluster.cluster import WEBS, Cluster
from tests.webhooks.storm import storm
from tests.webhooks.story import told

ORDERS = 12


@pytest.mark.timeout(180)  # four processes are started before it, and some anew in it
async def test_every_good_delivery_has_its_effect_once_and_no_forged_one_any(cluster: Cluster) -> None:
    async with cluster.client(WEBS[0]) as http:
        shop = await cluster.shop(http, provider="template")
        story = await told(cluster, shop, orders=ORDERS)
    outcome = await storm(cluster, story, shop.organization_id, seed=7, kill_seconds=0.1)
    assert outcome.wrong == []
    assert outcome.stored == len(story.events)
    assert outcome.refused >= 3
    assert outcome.kills >= 1
