"""Webhook attempts: what is retried, given up, redelivered, and what a plan makes of them (contract § 6.5)."""

import json
from typing import Any

import httpx
import pytest

from agentpay.sandbox.polar import deliveries
from tests.sandbox_polar.shop import Json, Shop, first_error


class Receiver:
    """An endpoint of Acme's that answers as it is told."""

    def __init__(self) -> None:
        self.got: list[httpx.Request] = []
        self.answers: list[int | Exception] = []
        self.then = 202

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        answer = self.answers.pop(0) if self.answers else self.then
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text="thanks" if answer >= 300 else "")

    @property
    def types(self) -> list[str]:
        return [json.loads(request.content)["type"] for request in self.got]


@pytest.fixture
async def receiver(shop: Shop) -> Receiver:
    made = Receiver()
    await shop.listen(made)
    return made


async def touch(shop: Shop, times: int = 1) -> None:
    """Cause `times` events."""
    for number in range(times):
        await shop.call("PATCH", f"/v1/products/{shop.candle.id}", {"description": f"Burns {number} hours"})


async def until_tried(shop: Shop, times: int) -> None:
    """Let time pass until that many attempts were made in all."""
    for _ in range(200):
        await shop.settle()
        if len(shop.state.deliveries) >= times:
            return
        shop.pass_time(seconds=3)
    raise AssertionError(f"only {len(shop.state.deliveries)} attempts")


async def test_a_retry_is_the_same_event_signed_anew(shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [500, 302, 404, httpx.ConnectError("refused")]
    await touch(shop)
    await until_tried(shop, 5)
    assert len({request.headers["webhook-id"] for request in receiver.got}) == 1
    assert len({request.content for request in receiver.got}) == 1
    assert len({request.headers["webhook-signature"] for request in receiver.got}) > 1
    rows = (await shop.call("GET", "/v1/webhooks/deliveries"))["items"]
    assert [row["http_code"] for row in rows] == [202, None, 404, 302, 500]
    assert [row["response"] for row in rows] == [None, "refused", "thanks", "thanks", "thanks"]
    assert rows[0]["webhook_event"]["succeeded"] is True
    failed = (await shop.call("GET", "/v1/webhooks/deliveries?succeeded=false&http_code_class=4xx"))["items"]
    assert [row["http_code"] for row in failed] == [404]


def test_the_waits_double_up_to_twenty_minutes() -> None:
    for attempts, low, high in ((1, 4, 8), (2, 8, 16), (5, 64, 128), (10, 1200, 1200)):
        assert low <= deliveries.backoff_seconds(attempts) <= high


async def test_ten_failures_end_an_event_and_ten_such_events_the_endpoint(shop: Shop, receiver: Receiver) -> None:
    receiver.then = 500
    await touch(shop, 10)
    await until_tried(shop, 100)
    (endpoint,) = (await shop.call("GET", "/v1/webhooks/endpoints"))["items"]
    assert endpoint["enabled"] is False
    await touch(shop)
    await shop.settle()
    assert len(receiver.got) == 100
    assert len(shop.state.webhook_events) == 10
    await shop.call("PATCH", f"/v1/webhooks/endpoints/{endpoint['id']}", {"enabled": True})
    receiver.then = 202
    await touch(shop)
    await shop.settle()
    assert len(receiver.got) == 101


async def test_a_redelivery_is_one_more_attempt_of_the_same_event(shop: Shop, receiver: Receiver) -> None:
    await touch(shop)
    await shop.settle()
    (row,) = (await shop.call("GET", "/v1/webhooks/deliveries"))["items"]
    await shop.call("POST", f"/v1/webhooks/events/{row['webhook_event']['id']}/redeliver", status=202)
    await shop.settle()
    first, again = receiver.got
    assert (first.content, first.headers["webhook-id"]) == (again.content, again.headers["webhook-id"])


async def test_events_of_an_endpoint_arrive_in_order_and_only_those_it_asked_for(shop: Shop) -> None:
    receiver = Receiver()
    await shop.listen(receiver, events=["checkout.created", "order.paid", "discount.created"])
    await shop.buy(await shop.checkout(discount_id=(await shop.offer())["id"]))
    assert receiver.types == ["discount.created", "checkout.created", "order.paid"]


async def test_a_purchase_is_told_in_the_recorded_order(shop: Shop, receiver: Receiver) -> None:
    await shop.buy(await shop.checkout(discount_id=(await shop.offer())["id"]))
    assert receiver.types == [
        "discount.created",
        "checkout.created",
        "checkout.updated",
        "customer.created",
        "member.created",
        "customer.state_changed",
        "order.created",
        "order.updated",
        "order.paid",
        "checkout.updated",
        "order.updated",
    ]


@pytest.mark.parametrize(
    ("kind", "arrived"),
    [("drop", ["order.updated", "order.paid"]), ("duplicate", ["order.created"] * 2), ("late", ["order.created"])],
)
async def test_a_plan_loses_doubles_and_delays(shop: Shop, receiver: Receiver, kind: Any, arrived: list[str]) -> None:
    shop.state.webhook_plan.add(kind, type="order.created", seconds=60)
    await shop.buy(await shop.checkout())
    orders = [each for each in receiver.types if each.startswith("order.")]
    if kind == "late":
        assert orders[0] == "order.updated"
        shop.pass_time(seconds=60)
        await shop.settle()
        assert receiver.types[-1] == "order.created"
    elif kind == "drop":
        assert orders[:2] == arrived
    else:
        ids = [request.headers["webhook-id"] for request in receiver.got if b'"order.created"' in request.content]
        assert (len(ids), len(set(ids))) == (2, 1)


async def test_a_plan_shuffles_so_that_paid_may_come_before_created(shop: Shop, receiver: Receiver) -> None:
    shop.state.webhook_plan.add("shuffle", type="order.*", times=8, seconds=30)
    for number in range(2):
        await shop.buy(await shop.checkout(), email=f"sam{number}@buyer-mail.com")
    for _ in range(31):
        shop.pass_time(seconds=1)
        await shop.settle()
    orders = [each for each in receiver.types if each.startswith("order.")]
    assert sorted(orders) == sorted(["order.created", "order.updated", "order.paid", "order.updated"] * 2)
    assert orders != ["order.created", "order.updated", "order.paid", "order.updated"] * 2


async def test_endpoints_are_https_and_public_unless_a_flag_allows_more(shop: Shop) -> None:
    body: Json = {"format": "raw", "events": ["order.paid"]}
    for address in ("http://127.0.0.1:8000/hooks", "https://localhost/hooks"):
        made = await shop.call("POST", "/v1/webhooks/endpoints", {**body, "url": address})
        assert made["url"] == address
    shop.state.settings.insecure_endpoints = False
    for address, kind in (
        ("http://shop.acme.io/hooks", "url_scheme"),
        ("https://localhost/hooks", "value_error"),
        ("https://[::1]/hooks", "value_error"),
        ("https://192.168.1.2/hooks", "value_error"),
    ):
        answer = await shop.call("POST", "/v1/webhooks/endpoints", {**body, "url": address}, status=422)
        assert (first_error(answer)[0], answer["detail"][0]["type"]) == (["body", "url"], kind)


async def test_a_rotated_secret_is_of_the_new_scheme(shop: Shop, receiver: Receiver) -> None:
    shop.state.settings.old_secrets = True
    body = {"url": "https://hooks.acme.io/old", "format": "raw", "events": ["order.paid"]}
    old = await shop.call("POST", "/v1/webhooks/endpoints", body)
    assert (old["uses_standard_webhook_signature"], len(old["secret"])) == (False, 49)
    new = await shop.call("PATCH", f"/v1/webhooks/endpoints/{old['id']}/secret")
    assert (new["uses_standard_webhook_signature"], len(new["secret"])) == (True, 50)
    assert new["secret"] != old["secret"]


async def test_a_secret_of_ones_own_is_heard_by_the_deprecated_version_only(shop: Shop) -> None:
    own = "polar_whs_" + "a" * 30
    body = {"url": "https://hooks.acme.io/own", "format": "raw", "events": ["order.paid"], "secret": own}
    for version, heard in (("2026-04", True), ("2026-10", False)):
        made = await shop.http.post("/v1/webhooks/endpoints", json=body, headers={"Polar-Version": version})
        assert (made.json()["secret"] == own) is heard
        assert made.json()["uses_standard_webhook_signature"] is not heard


async def test_the_api_version_of_an_endpoint_is_in_envelope_and_header(shop: Shop) -> None:
    receiver = Receiver()
    await shop.listen(receiver, api_version="2027-01")
    await touch(shop)
    await shop.settle()
    (request,) = receiver.got
    assert request.headers["webhook-api-version"] == json.loads(request.content)["api_version"] == "2027-01"
