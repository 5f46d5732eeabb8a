"""The funnel at the front door: counted, bounded by a period, refused at the parameter that is wrong."""

from typing import Any

import pytest

from tests.cast import Shop

PATH = "/v1/analytics/funnel"


async def read(shop: Shop, **asked: str) -> dict[str, Any]:
    answer = await shop.get(PATH, params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_conversation_is_opened_then_engaged_and_only_its_own_merchants(acme: Shop, rival: Shop) -> None:
    sam = await acme.visitor()
    seen = await read(acme)
    assert (seen["opened"], seen["engaged"], seen["paid"], seen["currencies"]) == (1, 0, 0, [])
    await sam.say("hello")
    assert (await read(acme))["engaged"] == 1
    assert (await read(acme, agent_id=acme.agent["id"]))["opened"] == 1
    assert (await read(rival))["opened"] == 0


@pytest.mark.parametrize(
    "moment", ["2020-01-01", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01T02:00:00+02:00"]
)
async def test_a_period_is_given_in_dates_or_times(acme: Shop, moment: str) -> None:
    await acme.visitor()
    since = await read(acme, **{"from": moment})
    assert since["opened"] == 1
    until = await read(acme, to=moment)
    assert until["opened"] == 0


@pytest.mark.parametrize("name", ["from", "to"])
async def test_a_wrong_time_is_refused_under_the_name_that_was_sent(acme: Shop, name: str) -> None:
    for wrong in ("yesterday", "", "2026-13-01"):
        answer = await acme.get(PATH, params={name: wrong})
        assert answer.status_code == 422, answer.text
        (problem,) = answer.json()["detail"]
        assert (problem["type"], problem["loc"]) == ("datetime_parsing", ["query", name])
