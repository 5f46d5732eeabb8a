"""A process dies on the money path: a representative handful. `python -m tests.crash` goes through all points."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.cluster.cluster import Cluster
from tests.conftest import empty
from tests.crash.matrix import WEB, WORKER, Point, Theatre, theatre

pytestmark = pytest.mark.timeout(180)  # real processes start and die here: slow on a busy machine

POINTS = (
    Point(WEB, "after POST /v1/discounts/#1"),
    Point(WEB, "after POST /v1/checkouts/#1"),
    Point(WORKER, "before commit of checkout.orders.land#1"),
)


@pytest_asyncio.fixture(scope="module")
async def house(built: Cluster) -> AsyncIterator[Theatre]:
    async with theatre(built) as found:
        yield found
    await empty(built.db)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.fault)
async def test_whoever_dies_sam_gets_what_was_agreed_once_and_is_told_the_truth(house: Theatre, point: Point) -> None:
    outcome = await house.play(point)
    assert outcome.was_reached
    assert outcome.wrong == ()
