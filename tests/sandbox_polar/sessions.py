"""The recorded sessions, and what happened between the recorded calls of the first.

`SESSION_ONE` names, per exchange, what must be true when it is replayed: an edit that nobody recorded, a time that was
moved in the database, a back end that was stopped.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import runner
from agentpay.sandbox.polar.entities import Checkout
from tests.sandbox_polar import objects
from tests.sandbox_polar.objects import Recorded
from tests.sandbox_polar.recordings import Exchange, exchanges
from tests.sandbox_polar.world import World

Step = Callable[[World, Exchange, Recorded], Awaitable[None] | None]

FREE: Final = "0bde9865-9305-4a4b-8861-dc89dd7f0d26"

NOT_REPLAYED: Final = {
    "products-delete": "405 on the recorded server; a newer one deletes (contract § 2), see test_products",
}
"""Everything else is replayed."""

LOOSE: Final = {
    "webhook-deliveries-list": r"\.(total_count|max_page)$|webhook_event\.type$",
    "webhook-deliveries-list-endpoint": r"\.(total_count|max_page)$|webhook_event\.type$",
    "orders-list": r"\.(total_count|max_page)$",
    "customers-list": r"\.(total_count|max_page)$",
    "recover-checkout-by-product-and-status": r"\.(total_count|max_page)$|^\$\.items",
}
"""Places that depend on traffic between the recorded calls: counts, and which delivery came last under load."""


def session(hour: int) -> list[Exchange]:
    """The first session began at 17:36, the second at 18:33."""
    return [each for each in exchanges() if (each.at.hour == 17) == (hour == 17)]


def secret_of(exchange: Exchange) -> str:
    return exchange.path.split("/")[4]


def id_of(exchange: Exchange) -> str:
    return exchange.path.split("/")[3]


def change(world: World, checkout: Checkout, **fields: Any) -> Checkout:
    return world.state.checkouts.put(msgspec.structs.replace(checkout, **fields))


def by_secret(world: World, secret: str) -> Checkout:
    found = world.state.find_checkout_by_secret(secret)
    assert found is not None, secret
    return found


# Session one


def describe(product_id: str, text: str) -> Step:
    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        product = world.state.products.get(world.ids.here[product_id])
        product.description = text

    return step


def fails(kind: str, text: str | None = None, **more: Any) -> Step:
    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        world.state.faults.add(kind, **more)  # type: ignore[arg-type]

    return step


def limited(world: World, exchange: Exchange, recorded: Recorded) -> None:
    world.state.settings.rate_per_minute = 0


def limited_confirm(world: World, exchange: Exchange, recorded: Recorded) -> None:
    world.state.settings.rate_per_minute = None
    world.state.settings.confirm_limits = True
    while world.state.gate.retry_after_confirm("127.0.0.1", now=world.now) is None:
        pass


def limits_off(world: World, exchange: Exchange, recorded: Recorded) -> None:
    world.state.settings.rate_per_minute = None
    world.state.settings.confirm_limits = False


def past_its_time(world: World, exchange: Exchange, recorded: Recorded) -> None:
    limits_off(world, exchange, recorded)
    checkout = world.state.checkouts.get(world.ids.here[id_of(exchange)])
    change(world, checkout, expires_at=world.now - timedelta(seconds=1))


def expired_by_the_job(world: World, exchange: Exchange, recorded: Recorded) -> None:
    past_its_time(world, exchange, recorded)
    runner.expire(world.state)


def capability(name: str, value: bool) -> Step:
    def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        world.rival.capabilities[name] = value

    return step


def orders_of_others(world: World, exchange: Exchange, recorded: Recorded) -> None:
    for known in exchange.answer["items"]:
        objects.adopt_order(world, known)


def a_sent_event(world: World, exchange: Exchange, recorded: Recorded) -> None:
    event = next(iter(world.state.webhook_events))
    world.ids.learn(exchange.path.split("/")[4], event.id)


SESSION_ONE: Final[dict[str, Step]] = {
    "rate-limit-429-api": limited,
    "rate-limit-429-confirm": limited_confirm,
    "webhook-endpoint-update-events": limits_off,
    "checkouts-get-past-expiry": past_its_time,
    "checkouts-get-expired": expired_by_the_job,
    "fault-stripe-down-checkout-with-address": fails("server_error"),
    "fault-stripe-down-confirm-free": fails("server_error"),
    "fault-postgres-down-products-list": fails("server_error", times=3),
    "fault-redis-down-products-list": fails("server_error", times=2),
    "fault-redis-down-healthz": fails("unavailable"),
    "fault-stripe-down-checkout-free": describe(FREE, "plain http 1795455944.844827"),
    "org-no-payments-checkout-create": capability("checkout_payments", False),
    "org-no-api-access-products-list": capability("api_access", False),
    "orders-list": orders_of_others,
    "checkouts-create-external-id-conflict-a": describe(FREE, "after faults 3"),
    "webhook-event-redeliver": a_sent_event,
}
