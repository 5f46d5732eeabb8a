"""Trouble on purpose, over real connections, and the controls that cause it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from agentpay.sandbox.polar import buyer, seeding, settings
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.state import PolarState


class Served:
    """A stand-in on a port, its merchant and a client without credentials."""

    def __init__(self, state: PolarState, url: str) -> None:
        self.state = state
        self.acme = state.add_organization()
        self.candle = state.add_product(self.acme, prices=[seeding.fixed(9500)])
        headers = {"authorization": f"Bearer {state.add_token(self.acme)}"}
        self.http = httpx.AsyncClient(base_url=url, verify=False, headers=headers)

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        response = await self.http.request(method, f"/_control{path}", json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    state = PolarState(config=settings.for_tests())
    async with serve(state) as url:
        made = Served(state, url)
        async with made.http:
            yield made


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", httpx.ReadError),
        ("hang", httpx.RemoteProtocolError),
        ("lost_answer", httpx.RemoteProtocolError),
        ("half_answer", httpx.RemoteProtocolError),
    ],
)
async def test_a_connection_breaks_before_or_after_the_work(served: Served, kind: Any, error: type[Exception]) -> None:
    served.state.faults.add(kind, method="POST", path="/v1/checkouts/*", seconds=0.01)
    with pytest.raises(error):
        await served.http.post("/v1/checkouts/", json={"products": [served.candle.id]})
    made = len(served.state.checkouts)
    assert made == (1 if kind in ("lost_answer", "half_answer") else 0)
    assert served.state.calls[-1].status == 0
    assert (await served.http.post("/v1/checkouts/", json={"products": [served.candle.id]})).status_code == 201


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("server_error", 500, b"Internal Server Error"),
        ("bad_gateway", 502, b"<html><head><title>502 Bad Gateway"),
        ("unavailable", 503, b'{"detail":"Redis is not available"}'),
        ("rate_limited", 429, b""),
    ],
)
async def test_an_answer_that_did_no_work(served: Served, kind: Any, status: int, body: bytes) -> None:
    served.state.faults.add(kind, times=2, skip=1, retry_after=7)
    answers = [await served.http.post("/v1/checkouts/", json={"products": [served.candle.id]}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, status, status, 201]
    assert answers[1].content.startswith(body)
    assert answers[1].headers.get("retry-after") == ("7" if status == 429 else None)
    assert len(served.state.checkouts) == 2


async def test_a_delayed_answer_comes_in_the_end(served: Served) -> None:
    served.state.faults.add("delay", seconds=0.02)
    started = asyncio.get_running_loop().time()
    assert (await served.http.get("/v1/products/")).status_code == 200
    assert asyncio.get_running_loop().time() - started >= 0.02


async def test_every_call_is_listed_with_what_it_got(served: Served) -> None:
    await served.http.get("/v1/products/?limit=1")
    await served.http.post("/v1/discounts/", json={"name": "x"})
    (call,) = (await served.control("GET", "/calls?method=POST&path=/v1/discounts/*"))["items"]
    assert (call["status"], call["body"], call["organization_id"]) == (422, {"name": "x"}, served.acme.id)
    assert [each["path"] for each in (await served.control("GET", "/calls"))["items"]] == [
        "/v1/products/",
        "/v1/discounts/",
    ]
    await served.control("DELETE", "/calls")
    assert (await served.control("GET", "/calls"))["items"] == []


async def test_plans_settings_and_the_clock_are_changed_over_http(served: Served) -> None:
    await served.control("POST", "/faults", {"kind": "server_error", "path": "/v1/orders/*"})
    assert (await served.http.get("/v1/orders/")).status_code == 500
    await served.control("POST", "/faults", {"kind": "server_error"})
    await served.control("DELETE", "/faults")
    assert (await served.control("GET", "/faults"))["items"] == []
    await served.control("POST", "/webhooks", {"kind": "drop", "type": "order.*"})
    assert (await served.control("GET", "/webhooks"))["items"][0]["type"] == "order.*"
    await served.control("DELETE", "/webhooks")
    await served.control("PATCH", "/settings", {"rate_per_minute": 3})
    assert (await served.control("GET", "/settings"))["rate_per_minute"] == 3
    before = (await served.control("GET", "/clock"))["now"]
    after = (await served.control("POST", "/clock", {"advance_seconds": 86400}))["now"]
    assert after[:10] > before[:10]
    refused = await served.http.post("/_control/faults", json={"kind": "earthquake"})
    assert refused.status_code == 422


async def test_renewal_expiry_and_late_decline_on_demand(served: Served) -> None:
    club = served.state.add_product(served.acme, "Club", prices=[seeding.fixed(2900)], recurring_interval="month")
    checkout = (await served.http.post("/v1/checkouts/", json={"products": [club.id]})).json()
    assert (await buyer.confirm(served.http, checkout["url"])).status_code == 200
    await served.control("POST", "/settle")
    (subscription,) = served.state.subscriptions
    made = await served.control("POST", f"/subscriptions/{subscription.id}/renew")
    await served.control("POST", "/settle")
    order = (await served.http.get(f"/v1/orders/{made['order_id']}")).json()
    assert (order["billing_reason"], order["status"]) == ("subscription_cycle", "paid")
    left = (await served.http.post("/v1/checkouts/", json={"products": [served.candle.id]})).json()
    stuck = (await served.http.post("/v1/checkouts/", json={"products": [served.candle.id]})).json()
    await buyer.confirm(served.http, stuck["url"], email="rita@buyer-mail.com", card="never")
    await served.control("POST", f"/checkouts/{stuck['id']}/fail")
    assert (await served.http.get(f"/v1/checkouts/{stuck['id']}")).json()["status"] == "open"
    served.state.checkouts.get(left["id"]).expires_at = served.state.now()
    await served.control("POST", "/expire")
    assert (await served.http.get(f"/v1/checkouts/{left['id']}")).json()["status"] == "expired"


async def test_without_the_flag_there_are_no_controls(served: Served) -> None:
    served.state.settings.control = False
    assert (await served.http.get("/_control/calls")).status_code == 404


async def test_the_stand_in_tells_its_own_address_and_leaves_quietly(served: Served) -> None:
    checkout = (await served.http.post("/v1/checkouts/", json={"products": [served.candle.id]})).json()
    assert checkout["url"].startswith(str(served.http.base_url))
    assert (await served.http.get(checkout["url"])).status_code == 200
