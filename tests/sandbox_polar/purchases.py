"""What had been bought between the recorded calls: subscriptions, orders to refund, orders to look at."""

from datetime import timedelta
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import confirming, customers, subscription_life
from tests.sandbox_polar import objects
from tests.sandbox_polar.objects import Recorded
from tests.sandbox_polar.recordings import Exchange, exchanges
from tests.sandbox_polar.sessions import Step, secret_of
from tests.sandbox_polar.world import World

ONE_TIME: Final = "5cb39f4c-e629-4a9f-ba81-c69709d679bf"
MONTHLY: Final = "cb56ad89-2677-45e2-a3ad-cb97127c1d50"


def answer_of(name: str) -> Any:
    return next(each for each in exchanges() if each.name == name).answer


def renewed(subscription_id: str) -> Step:
    """The period was moved to its end in the database, and the renewal ran."""

    async def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        first = next(order for order in recorded.orders.values() if order["subscription_id"] == subscription_id)
        checkout_id = world.ids.here[first["checkout_id"]]
        row = next(each for each in world.state.subscriptions if each.checkout_id == checkout_id)
        world.ids.learn(subscription_id, row.id)
        subscription_life.renew(world.state, row.id)
        await world.pass_time(world.now + timedelta(seconds=5))

    return step


def bought_before(**changes: Any) -> Step:
    """A subscription with its first order, bought off the record, under its recorded id."""

    async def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        subscription_id = exchange.path.split("/")[-1]
        first = next(
            (
                order
                for order in recorded.orders.values()
                if order["subscription_id"] == subscription_id and order["billing_reason"] == "subscription_create"
            ),
            None,
        )
        await _buy(world, recorded, subscription_id, first, exchange.answer, changes)
        customer_id = world.state.subscriptions.get(subscription_id).customer_id
        token = exchange.headers["authorization"].removeprefix("Bearer ")
        if token.startswith("polar_cst"):
            session = customers.open_session(world.state, world.state.customers.get(customer_id))
            world.state.customer_sessions.put(msgspec.structs.replace(session, token=token))

    return step


async def _buy(
    world: World, recorded: Recorded, subscription_id: str, first: Any, answer: Any, changes: dict[str, Any]
) -> None:
    shown = first["subscription"] if first is not None else answer
    discount_id = shown["discount_id"] or changes.pop("discount_id", None)
    product_id = first["product_id"] if first is not None else shown["product_id"]
    if discount_id is not None:
        objects.adopt_discount(world, recorded, discount_id, product_ids=[product_id], **changes)
    checkout = objects.open_checkout(
        world,
        id=shown["checkout_id"],
        products=[product_id],
        discount_id=discount_id,
        metadata=shown.get("metadata", {}),
    )
    email = first["customer"]["email"] if first is not None else answer["customer"]["email"]
    await objects.pay(world, checkout, email)
    made = next(each for each in world.state.subscriptions if each.checkout_id == checkout.id)
    world.state.subscriptions.drop(made.id)
    world.state.subscriptions.put(msgspec.structs.replace(made, id=subscription_id))
    for order in world.state.orders:
        if order.subscription_id == made.id:
            order.subscription_id = subscription_id


REFUNDED: Final = [answer_of("order-after-partial-refund")]


def sold(order_id: str, product_id: str, discount: dict[str, int], **buyer: Any) -> Step:
    """An order off the record, under its recorded id."""
    known = next((each for each in REFUNDED if each["id"] == order_id), None)

    async def step(world: World, exchange: Exchange, recorded: Recorded) -> None:
        email, more = f"{order_id[:8]}@buyer-mail.com", {}
        discount_id = world.state.new_id()
        if known is not None:
            email, discount_id = known["customer"]["email"], known["discount_id"]
            more = {"metadata": known["metadata"], "id": known["checkout_id"]}
        row = objects.adopt_discount(world, recorded, discount_id, amounts=discount)
        checkout = objects.open_checkout(world, products=[product_id], discount_id=row.id, **more)
        await objects.pay(world, checkout, email, **buyer)
        order = next(each for each in world.state.orders if each.checkout_id == checkout.id)
        objects.rename_order(world, order, order_id)

    return step


def a_subscriber(world: World, exchange: Exchange, recorded: Recorded) -> Any:
    objects.open_checkout(world, secret=secret_of(exchange), products=[MONTHLY])
    first = objects.open_checkout(world, products=[MONTHLY])
    return objects.pay(world, first, exchange.body["customer_email"])


def order_of_the_answer(world: World, exchange: Exchange, recorded: Recorded) -> None:
    """The checkout was replayed, so its order is here under another id; one that was not is taken from the answer."""
    known = exchange.answer
    ours = next((each for each in world.state.orders if each.checkout_id == known["checkout_id"]), None)
    if ours is None:
        objects.adopt_order(world, known)
    else:
        world.ids.learn(known["id"], ours.id)


def listed_order(world: World, exchange: Exchange, recorded: Recorded) -> None:
    discount_id = exchange.answer["items"][0]["discount_id"]
    objects.adopt_discount(world, recorded, discount_id)
    checkout_id = exchange.answer["items"][0]["checkout_id"]
    redeemed = objects.open_checkout(world, id=checkout_id, products=[ONE_TIME])
    confirming.redeem(world.state, world.state.discounts.get(discount_id), redeemed)
    objects.adopt_order(world, exchange.answer["items"][0])
