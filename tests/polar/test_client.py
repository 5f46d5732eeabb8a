"""The client against a server that replays recorded answers and fails in every way seen."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from agentpay.db.engine import Database
from agentpay.polar import client as client_module
from agentpay.polar.bucket import Bucket
from agentpay.polar.circuit import Circuit
from agentpay.polar.client import Credential, Http, Polar
from agentpay.polar.errors import PolarError
from tests.polar.scripted import RECORDED, Reply, ScriptedPolar, recorded, scripted_polar

TOKEN = "polar_oat_secret_of_acme"
SOME_ID = UUID("5cb39f4c-e629-4a9f-ba81-c69709d679bf")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TEXT_500 = Reply(500, b"Internal Server Error", {"content-type": "text/plain; charset=utf-8"})
HTML_502 = Reply(502, b"<html><h1>Bad gateway</h1></html>", {"content-type": "text/html"})
LOCKED = Reply(409, b'{"error":"CheckoutLocked","detail":"The checkout is being changed."}')
NOT_OPEN = recorded("checkouts-update-after-success")
STRING_DETAIL = Reply(422, b'{"error":"CheckoutCustomerExternalIdMismatch","detail":"Another customer."}')


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedPolar]:
    async with scripted_polar() as polar:
        yield polar


@pytest_asyncio.fixture
async def polar(server: ScriptedPolar, db: Database) -> AsyncIterator[Polar]:
    http = Http(verify=False)
    yield polar_at(server.url, http, db)
    await http.close()


def polar_at(url: str, http: Http, db: Database) -> Polar:
    credential = Credential(base_url=url + "/", environment="custom", token=TOKEN)
    return Polar(http, credential, circuit=Circuit(), bucket=Bucket(db), key="acme", priority="checkout")


async def failure(call: Awaitable[Any]) -> PolarError:
    with pytest.raises(PolarError) as raised:
        await call
    return raised.value


def a_checkout(polar: Polar) -> Awaitable[Any]:
    return polar.create_checkout(product_id=SOME_ID, currency="usd", metadata={"agentpay_checkout_id": "x"})


# What is sent


async def test_every_call_is_authorized_pinned_to_a_version_and_exactly_spelled(
    server: ScriptedPolar, polar: Polar
) -> None:
    server.say(recorded("products-list"))
    await polar.list_products(page=2, limit=50)
    seen = server.seen[0]
    path, query = seen.target.split("?")
    assert (seen.method, path) == ("GET", "/v1/products/")
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["polar-version"] == "2026-10"
    assert dict(pair.split("=") for pair in query.split("&")) == {
        "page": "2",
        "limit": "50",
        "is_archived": "false",
        "visibility": "public",
        "sorting": "created_at",
    }


async def test_a_discount_is_asked_for_once_without_a_code_and_with_an_explicit_end(
    server: ScriptedPolar, polar: Polar
) -> None:
    server.say(recorded("offer-discount-create"))
    made = await polar.create_discount(
        name="Your offer 7F3K",
        product_ids=[SOME_ID],
        ends_at=NOON,
        metadata={"agentpay_offer_id": "o"},
        basis_points=1053,
    )
    assert json.loads(server.seen[0].body) == {
        "type": "percentage",
        "basis_points": 1053,
        "name": "Your offer 7F3K",
        "duration": "once",
        "max_redemptions": 1,
        "ends_at": "2026-11-25T12:00:00Z",
        "products": [str(SOME_ID)],
        "metadata": {"agentpay_offer_id": "o"},
    }
    assert server.seen[0].target == "/v1/discounts/"
    assert made.max_redemptions == 1


async def test_a_fixed_discount_names_its_one_currency(server: ScriptedPolar, polar: Polar) -> None:
    server.say(recorded("offer-discount-create"))
    await polar.create_discount(name="n", product_ids=[SOME_ID], ends_at=NOON, metadata={}, amounts={"usd": 500})
    body = json.loads(server.seen[0].body)
    assert body["type"] == "fixed"
    assert body["amounts"] == {"usd": 500}
    assert "basis_points" not in body


async def test_a_checkout_never_allows_codes_unless_told(server: ScriptedPolar, polar: Polar) -> None:
    server.say(recorded("offer-checkout-create"))
    checkout = await polar.create_checkout(
        product_id=SOME_ID, currency="usd", metadata={"k": "v"}, discount_id=SOME_ID, allow_trial=False
    )
    assert json.loads(server.seen[0].body) == {
        "products": [str(SOME_ID)],
        "currency": "usd",
        "metadata": {"k": "v"},
        "allow_discount_codes": False,
        "allow_trial": False,
        "discount_id": str(SOME_ID),
    }
    assert checkout.amount - checkout.discount_amount == 8500


async def test_external_ids_cannot_leave_their_place_in_the_path(server: ScriptedPolar, polar: Polar) -> None:
    server.say(recorded("customer-state"))
    await polar.get_customer_state_by_external_id(external_customer_id="../orders/?x=1 é")
    assert server.seen[0].target == "/v1/customers/external/..%2Forders%2F%3Fx%3D1%20%C3%A9/state"


READS: dict[str, Callable[[Polar], Awaitable[Any]]] = {
    "recover-discount-by-name-token": lambda polar: polar.find_discounts(query="7F3K"),
    "offer-order-by-checkout": lambda polar: polar.list_orders(checkout_ids=[SOME_ID]),
    "refunds-list": lambda polar: polar.list_refunds(order_id=SOME_ID),
    "organizations-list": lambda polar: polar.list_organizations(),
    "webhook-deliveries-list": lambda polar: polar.list_webhook_deliveries(endpoint_id=SOME_ID, succeeded=False),
}


@pytest.mark.parametrize("name", READS)
async def test_recorded_lists_are_read_whole(server: ScriptedPolar, polar: Polar, name: str) -> None:
    server.say(recorded(name))
    page = await READS[name](polar)
    assert len(page.items) == len(RECORDED[name].answer["items"]) > 0
    assert page.unreadable == 0
    assert server.seen[0].target.split("?")[0] == RECORDED[name].path.split("?")[0]


async def test_endpoints_are_made_redelivered_and_deleted_without_trailing_slashes(
    server: ScriptedPolar, polar: Polar
) -> None:
    server.say(recorded("webhook-endpoint-create"), recorded("webhook-event-redeliver"), recorded("discounts-delete"))
    await polar.create_webhook_endpoint(
        url="https://agentpay.acme.io/hook", events=["order.paid"], name="AgentPay", api_version="2026-10"
    )
    await polar.redeliver_webhook_event(event_id=SOME_ID)
    await polar.delete_webhook_endpoint(endpoint_id=SOME_ID)
    assert [f"{seen.method} {seen.target}" for seen in server.seen] == [
        "POST /v1/webhooks/endpoints",
        f"POST /v1/webhooks/events/{SOME_ID}/redeliver",
        f"DELETE /v1/webhooks/endpoints/{SOME_ID}",
    ]
    assert json.loads(server.seen[0].body)["format"] == "raw"


async def test_one_strange_entry_does_not_hide_the_others(server: ScriptedPolar, polar: Polar) -> None:
    good = RECORDED["products-list"].answer["items"][0]
    body = {"items": [{"id": 7}, {**good, "visibility": "by_invitation", "news": 1}], "pagination": {"total_count": 2}}
    server.say(Reply(200, json.dumps(body).encode()))
    page = await polar.list_products()
    assert [product.visibility for product in page.items] == ["by_invitation"]
    assert page.unreadable == 1


# What comes back instead of an answer

REFUSALS = [
    (recorded("auth-missing"), "unauthorized", "Unauthorized"),
    (recorded("auth-invalid"), "unauthorized", "invalid_token"),
    (recorded("auth-insufficient-scope"), "forbidden", "insufficient_scope"),
    (NOT_OPEN, "forbidden", "NotOpenCheckout"),
    (recorded("products-get-unknown"), "not_found", "ResourceNotFound"),
    (recorded("unknown-path"), "route", ""),
    (recorded("checkouts-create-noslash"), "route", ""),
    (LOCKED, "conflict", "CheckoutLocked"),
    (recorded("offer-third-create-after-redeemed"), "invalid", "PolarRequestValidationError"),
    (STRING_DETAIL, "invalid", "CheckoutCustomerExternalIdMismatch"),
    (Reply(413, b'{"error":"RequestBodyTooLarge","detail":"Too large"}'), "invalid", "RequestBodyTooLarge"),
    (Reply(410, b'{"error":"ExpiredCheckoutError","detail":"Expired"}'), "gone", "ExpiredCheckoutError"),
    (recorded("rate-limit-429-api"), "rate_limited", ""),
]


@pytest.mark.parametrize(("reply", "kind", "name"), REFUSALS, ids=lambda value: value if isinstance(value, str) else "")
async def test_a_refusal_was_not_processed_and_is_sent_once(
    server: ScriptedPolar, polar: Polar, reply: Reply, kind: str, name: str
) -> None:
    server.say(reply)
    error = await failure(a_checkout(polar))
    assert (error.kind, error.polar_name, error.unknown_outcome) == (kind, name, False)
    assert error.permanent is (kind not in ("conflict", "rate_limited"))
    assert len(server.seen) == 1


async def test_a_refusal_names_the_field(server: ScriptedPolar, polar: Polar) -> None:
    server.say(recorded("offer-third-create-after-redeemed"))
    error = await failure(a_checkout(polar))
    assert error.about("discount_id") == "Discount does not exist."
    assert error.about("products") is None


async def test_of_a_union_only_the_branch_that_we_send_is_heard(server: ScriptedPolar, polar: Polar) -> None:
    server.say(recorded("checkouts-create-no-products"))
    error = await failure(a_checkout(polar))
    assert len(error.problems) == 1
    assert error.about("products") == "Field required"


async def test_a_limit_tells_when_to_come_back(server: ScriptedPolar, polar: Polar) -> None:
    server.say(recorded("rate-limit-429-api"))
    error = await failure(a_checkout(polar))
    assert error.retry_hint == 60
    paused = await failure(polar.get_product(product_id=SOME_ID))
    assert paused.kind == "paused"
    assert 0 < (paused.retry_hint or 0) <= 10, "a probe follows after 5 to 10 seconds, not after 60"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        TEXT_500,
        HTML_502,
        Reply(fault="reset"),
        Reply(fault="half", body=b'{"id": "x"}'),
        Reply(201, b"<html>"),
        Reply(201, b"[]"),
    ],
    ids=["500 text", "502 html", "reset", "half an answer", "201 html", "201 of another shape"],
)
async def test_a_post_that_may_have_worked_is_never_sent_again(
    server: ScriptedPolar, polar: Polar, reply: Reply
) -> None:
    server.say(reply)
    error = await failure(a_checkout(polar))
    assert error.unknown_outcome
    assert not error.permanent
    assert len(server.seen) == 1


@pytest.mark.parametrize("reply", [TEXT_500, HTML_502, Reply(fault="reset"), Reply(fault="half", body=b'{"id": "x"}')])
async def test_a_read_is_tried_again(server: ScriptedPolar, polar: Polar, reply: Reply) -> None:
    server.say(reply, recorded("organizations-list"))
    assert (await polar.list_organizations()).items[0].capabilities["checkout_payments"] is True
    assert len(server.seen) == 2


async def test_reads_give_up_and_know_that_nothing_changed(server: ScriptedPolar, polar: Polar) -> None:
    server.say(TEXT_500)
    error = await failure(polar.list_checkouts(status="open"))
    assert (error.kind, error.unknown_outcome, len(server.seen)) == ("server", False, 3)


async def test_a_short_limit_is_waited_for(server: ScriptedPolar, polar: Polar) -> None:
    server.say(Reply(429, b"", {"retry-after": "0"}), recorded("offer-checkout-create"))
    await a_checkout(polar)
    assert len(server.seen) == 2


async def test_nobody_listening_means_that_nothing_happened(db: Database) -> None:
    async with scripted_polar() as gone:
        url = gone.url
    http = Http(verify=False)
    error = await failure(a_checkout(polar_at(url, http, db)))
    await http.close()
    assert (error.kind, error.unknown_outcome) == ("network", False)


async def test_a_silent_polar_ends_at_the_deadline_with_the_outcome_unknown(
    server: ScriptedPolar, db: Database
) -> None:
    server.say(Reply(fault="hang"))
    http = Http(verify=False)
    polar = polar_at(server.url, http, db)
    loop = asyncio.get_running_loop()
    error = await failure(polar._within(loop.time() + 0.05, "POST", "/v1/checkouts/", query=(), body={}))
    read = await failure(polar._within(loop.time() + 0.05, "GET", "/v1/checkouts/", query=(), body=None))
    await http.close()
    assert (error.kind, error.unknown_outcome) == ("timeout", True)
    assert (read.kind, read.unknown_outcome) == ("timeout", False)
    assert client_module.CALL_SECONDS_MAX == 15


async def test_no_call_leaves_while_a_transaction_is_open(server: ScriptedPolar, polar: Polar, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(AssertionError, match="commit first"):
            await polar.list_organizations()
    assert server.seen == []


# What must not be told


async def test_neither_token_nor_address_nor_bodies_reach_logs_errors_or_reprs(
    server: ScriptedPolar, polar: Polar, caplog: pytest.LogCaptureFixture
) -> None:
    server.say(Reply(422, b'{"error":"X","detail":"secret detail"}'), recorded("offer-checkout-create"))
    with caplog.at_level(logging.INFO):
        error = await failure(a_checkout(polar))
        checkout = await a_checkout(polar)
    told = f"{error!r} {error} {error.body} {error.headers} {polar!r} {checkout!r} {polar._credential!r} {caplog.text}"
    for secret in (TOKEN, server.url, "127.0.0.1", "secret detail", checkout.url):
        assert secret not in told
    assert not isinstance(error.__cause__, httpx.HTTPError)
    assert error.status == 503
