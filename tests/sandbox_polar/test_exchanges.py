"""Every recorded exchange, replayed in its session: status, headers and every value that is not random."""

import re
from functools import cache
from typing import Any

import pytest

from tests.sandbox_polar import objects
from tests.sandbox_polar.recordings import Exchange, exchanges
from tests.sandbox_polar.session_two import SESSION_TWO, needs_offer, offered
from tests.sandbox_polar.sessions import LOOSE, NOT_REPLAYED, SESSION_ONE, Step, session
from tests.sandbox_polar.world import World

NAMES = [each.name for each in exchanges()]


async def replay_session(rows: list[Exchange], steps: dict[str, Step], *, adopt: bool) -> dict[str, list[str]]:
    """Live through one session; differences by the exchange's name."""
    world = World(rows[0].at)
    recorded = objects.Recorded(each.answer for each in rows)
    if adopt:
        objects.adopt_products(world, recorded)
    found: dict[str, list[str]] = {}
    for exchange in rows:
        if exchange.name in NOT_REPLAYED:
            continue
        await world.pass_time(exchange.at)
        step = steps.get(exchange.name) or (offered if needs_offer(world, exchange) else None)
        waiting = step(world, exchange, recorded) if step is not None else None
        if waiting is not None:
            await waiting
        loose = LOOSE.get(exchange.name, "^$")
        found[exchange.name] = [
            line for line in await world.replay(exchange) if not re.search(loose, line.partition(":")[0])
        ]
    return found


@pytest.fixture(scope="module")
async def outcomes() -> dict[str, list[str]]:
    first = await replay_session(session(17), SESSION_ONE, adopt=False)
    return first | await replay_session(session(18), SESSION_TWO, adopt=True)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_REPLAYED])
async def test_the_recorded_exchange_is_answered_alike(outcomes: dict[str, list[str]], name: str) -> None:
    assert outcomes[name] == []


def test_every_recording_is_replayed_or_named_with_a_reason() -> None:
    steps = {**SESSION_ONE, **SESSION_TWO}
    assert len(NAMES) == len(set(NAMES)) == 392
    assert {*NOT_REPLAYED, *LOOSE, *steps} <= set(NAMES)
    assert all(NOT_REPLAYED.values())
    assert len(NOT_REPLAYED) <= 3


@cache
def _answer(name: str) -> Any:
    return next(each.answer for each in exchanges() if each.name == name)


async def test_a_checkout_that_a_list_shows_has_the_recorded_fields() -> None:
    """The one list that is compared loosely above, because it held whatever the recorder had left open."""
    world = World(session(18)[0].at)
    rows = session(18)
    objects.adopt_products(world, objects.Recorded(each.answer for each in rows))
    exchange = next(each for each in rows if each.name == "recover-checkout-by-product-and-status")
    recorded = _answer(exchange.name)["items"][0]
    objects.open_checkout(world, products=[recorded["product_id"]], metadata=recorded["metadata"])
    (ours,) = (await world.send(exchange)).json()["items"]
    assert set(ours) == set(recorded)
    assert set(ours["product"]) == set(recorded["product"])
