"""Our lenient types read everything that the real server was recorded saying."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from agentpay.polar import errors, types
from tests.sandbox_polar.recordings import deliveries, exchanges

OBJECTS: list[tuple[str, type[types.Model]]] = [
    (r"/v1/products/", types.Product),
    (r"/v1/discounts/", types.Discount),
    (r"/v1/checkouts/(?!client)", types.Checkout),
    (r"/v1/orders/", types.Order),
    (r"/v1/refunds/", types.Refund),
    (r"/v1/organizations/", types.Organization),
    (r"/v1/customers/", types.Customer),
    (r"/v1/webhooks/endpoints", types.WebhookEndpoint),
    (r"/v1/webhooks/deliveries", types.WebhookDelivery),
]
EVENTS: dict[str, type[types.Model]] = {
    "checkout": types.Checkout,
    "discount": types.Discount,
    "order": types.Order,
    "product": types.Product,
    "refund": types.Refund,
    "subscription": types.Subscription,
}


def answers() -> Iterator[tuple[str, type[types.Model], Any]]:
    for exchange in exchanges():
        model = next((model for path, model in OBJECTS if re.match(path, exchange.path)), None)
        if model is None or exchange.status not in (200, 201) or not isinstance(exchange.answer, dict):
            continue
        is_page = "pagination" in exchange.answer
        for entry in exchange.answer["items"] if is_page else [exchange.answer]:
            yield exchange.name, model, entry


def test_every_recorded_object_is_understood() -> None:
    read = [msgspec.convert(entry, model) for _, model, entry in answers()]
    assert len(read) > 300
    assert {type(each) for each in read} == {model for _, model in OBJECTS}


def test_every_recorded_webhook_is_understood() -> None:
    read = [
        msgspec.convert(delivery.body["data"], EVENTS[kind])
        for delivery in deliveries()
        if (kind := delivery.body["type"].split(".")[0]) in EVENTS
    ]
    assert len(read) > 60


def test_new_words_and_fields_are_no_obstacle() -> None:
    _, model, order = next(entry for entry in answers() if entry[1] is types.Order)
    newer = {
        **order,
        "status": "disputed",
        "billing_reason": "gift",
        "sparkles": [1],
        "metadata": {"a": 1.5, "b": True},
    }
    read = msgspec.convert(newer, model)
    assert isinstance(read, types.Order)
    assert (read.status, read.billing_reason) == ("disputed", "gift")


KINDS = {400: "invalid", 401: "unauthorized", 403: "forbidden", 405: "route", 410: "gone", 422: "invalid",
         429: "rate_limited", 500: "server", 307: "route"}  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_recorded_failure_has_a_kind_and_says_what_may_have_happened(method: str) -> None:
    seen = set()
    for exchange in exchanges():
        if exchange.status in KINDS:
            body = (
                exchange.answer.encode() if isinstance(exchange.answer, str) else msgspec.json.encode(exchange.answer)
            )
            error = errors.error_of(method=method, status=exchange.status, headers=exchange.answer_headers, body=body)
            assert error.kind == KINDS[exchange.status], exchange.name
            assert error.unknown_outcome is (method == "POST" and exchange.status == 500)
            seen.add(exchange.status)
    assert seen >= {401, 403, 405, 410, 422, 429, 500, 307}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"\xff", b'{"detail": 7}', b'{"error": {}, "detail": [1]}']
)
def test_a_body_of_any_shape_makes_an_error_and_no_exception(body: bytes) -> None:
    error = errors.error_of(method="POST", status=422, headers={"retry-after": "soon"}, body=body)
    assert (error.kind, error.problems, error.retry_hint) == ("invalid", (), None)
