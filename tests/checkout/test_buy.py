"""Buying at list price: one click, one checkout, verified before Sam sees its link."""

import asyncio
from uuid import UUID

import pytest

from agentpay.checkout.errors import CouponInvalid, PaymentsNotReady, ProductUnavailable
from agentpay.kit.errors import Invalid, Limited
from agentpay.sandbox.polar import seeding
from tests.checkout.world import World


async def test_a_candle_is_bought_from_the_first_click_to_the_order(world: World) -> None:
    candle = await world.product()
    checkout = await world.buy(candle)
    assert (checkout["status"], checkout["amount"], checkout["currency"]) == ("open", 9500, "usd")
    made = world.polar_checkout(checkout)
    assert made.allow_discount_codes is False
    assert made.metadata == {
        "agentpay_organization_id": str(world.organization_id),
        "agentpay_conversation_id": str(world.conversation_id),
        "agentpay_checkout_id": str(checkout["id"]),
    }

    paid = await world.buyer(checkout).pay()
    assert paid.status_code == 200, paid.text
    await world.land_checkout(checkout)
    await world.land_orders()

    (order,) = await world.orders()
    assert (order["is_sale"], order["is_paid"], order["status"]) == (True, True, "paid")
    assert (order["flags"], order["below_bound"]) == ([], False)
    assert order["checkout_id"] == checkout["id"]
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    conversation = await world.db.one("select stage, order_id, customer_id, checkout_id from conversations")
    assert conversation is not None
    assert conversation["stage"] == "completed"
    assert conversation["order_id"] == order["polar_order_id"]
    assert conversation["customer_id"] == order["customer_id"]
    (message,) = await world.messages()
    assert message["content"] == (
        "Thank you! Your payment of $95.00 for Beeswax candle has arrived. Your order is confirmed."
    )
    assert message["attachments"] == [
        {
            "type": "order",
            "order_id": str(order["polar_order_id"]),
            "amount": 9500,
            "currency": "usd",
            "status": "paid",
            "products": ["Beeswax candle"],
        }
    ]
    assert [type for type, _ in await world.events()] == [
        "checkout.created",
        "conversation.updated",
        "checkout.updated",
        "checkout.updated",
        "conversation.updated",
        "checkout.updated",
        "order.created",
        "conversation.updated",
        "message.created",
    ]
