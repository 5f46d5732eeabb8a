"""What an agent can do about buying: only with shown products, never with a link in its facts."""

from typing import Any
from uuid import UUID, uuid4

import fastjsonschema
import pytest

from agentpay.agents.rules import Rules
from agentpay.agents.tools import Tool, ToolContext
from agentpay.checkout.errors import ProductUnavailable
from agentpay.checkout.tools import tools
from agentpay.conversations.append import lock
from agentpay.conversations.shown import show
from agentpay.db.transaction import Tx
from agentpay.kit.clock import utc_now
from agentpay.llm.types import ToolResult
from agentpay.offers.errors import OfferExpired
from agentpay.sandbox.polar import entities, seeding
from agentpay.turns.hold import TurnLost
from tests.checkout.test_buy import code
from tests.checkout.world import World


def registry(world: World) -> dict[str, Tool]:
    made = tools(world.db, world.gateway, world.appender, world.jobs, world.performer, clock=utc_now)
    return {tool.name: tool for tool in made}


def context(world: World, **changes: Any) -> ToolContext:
    async def hold(tx: Tx) -> None:
        await lock(tx, organization_id=world.organization_id, conversation_id=world.conversation_id)

    values: dict[str, Any] = {
        "organization_id": world.organization_id,
        "conversation_id": world.conversation_id,
        "turn_id": uuid4(),
        "call_id": "call-1",
        "effect_key": "turn:1:call-1",
        "agent_id": world.agent.id,
        "agent_version": 1,
        "rules": Rules(),
        "config": {},
        "visitor_key": "session:sam",
        "is_proven_customer": False,
        "external_customer_id": None,
        "customer_id": None,
        "currency": "usd",
        "language": "en",
        "origin": None,
        "hesitation_signals": 0,
        "hold": hold,
    }
    known = {name: value for name, value in {**values, **changes}.items() if name in ToolContext.__struct_fields__}
    return ToolContext(**known)


async def call(world: World, name: str, arguments: dict[str, Any], **changes: Any) -> ToolResult:
    tool = registry(world)[name]
    fastjsonschema.validate(tool.parameters, arguments)
    return await tool.perform(context(world, **changes), arguments)


async def shown(world: World, *args: Any, **fields: Any) -> entities.Product:
    product = await world.product(*args, **fields)
    async with world.db.transaction() as tx:
        await show(
            tx,
            organization_id=world.organization_id,
            conversation_id=world.conversation_id,
            product_ids=[UUID(product.id)],
        )
    return product


async def test_a_checkout_is_opened_and_its_link_goes_past_the_model(world: World) -> None:
    candle = await shown(world)
    result = await call(world, "create_checkout", {"product_id": candle.id})
    assert result.status == "done"
    assert (result.facts["status"], result.facts["amount_text"]) == ("open", "$95.00")
    assert result.facts["product_name"] == "Beeswax candle"
    (button,) = result.attachments
    assert (button["type"], button["status"]) == ("payment_button", "open")
    assert button["checkout_url"].startswith(world.url)
    assert button["checkout_url"] not in str(result.facts)


async def test_the_same_call_again_opens_nothing_new(world: World) -> None:
    candle = await shown(world)
    first = await call(world, "create_checkout", {"product_id": candle.id})
    again = await call(world, "create_checkout", {"product_id": candle.id})
    assert first.facts["checkout_id"] == again.facts["checkout_id"]
    assert len(world.state.checkouts) == 1


async def test_an_offered_price_is_what_i_take_it_means(world: World) -> None:
    candle = await shown(world)
    offer_id = await world.offer(candle, 8500)
    result = await call(world, "create_checkout", {"product_id": candle.id})
    assert result.facts["amount"] == 8500
    named = await call(
        world, "create_checkout", {"product_id": candle.id, "offer_id": str(offer_id)}, effect_key="turn:2:call-1"
    )
    assert named.facts["checkout_id"] == result.facts["checkout_id"]


async def test_only_shown_products_may_be_named(world: World) -> None:
    candle = await world.product()
    for product_id in (candle.id, str(uuid4()), "beeswax"):
        with pytest.raises(ProductUnavailable):
            await call(world, "create_checkout", {"product_id": product_id})


async def test_an_expired_offer_is_a_named_refusal(world: World) -> None:
    candle = await shown(world)
    offer_id = await world.offer(candle, 8500, seconds=-1)
    with pytest.raises(OfferExpired):
        await call(world, "create_checkout", {"product_id": candle.id, "offer_id": str(offer_id)})


async def test_a_lost_turn_opens_nothing(world: World) -> None:
    candle = await shown(world)

    async def lost(tx: Tx) -> None:
        raise TurnLost

    with pytest.raises(TurnLost):
        await call(world, "create_checkout", {"product_id": candle.id}, hold=lost)
    assert await world.db.value("select count(*) from checkouts") == 0


async def test_a_product_that_polar_sells_no_more_is_refused(world: World) -> None:
    candle = await shown(world)
    candle.is_archived = True
    result = await call(world, "create_checkout", {"product_id": candle.id})
    assert (result.status, result.facts["reason"]) == ("refused", "product_unavailable")


async def test_the_visitors_currency_seats_and_amount_are_taken(world: World) -> None:
    candle = await shown(world, "Candle", seeding.fixed(9500), seeding.fixed(8900, "eur"))
    team = await shown(world, "Team plan", seeding.seat_based((1, None, 1000)), recurring_interval="month")
    tip = await shown(world, "Tip jar", seeding.custom(minimum=300, preset=500))
    euros = await call(world, "create_checkout", {"product_id": candle.id}, currency="eur", effect_key="a")
    assert (euros.facts["amount"], euros.facts["currency"]) == (8900, "eur")
    seats = await call(world, "create_checkout", {"product_id": team.id, "seats": 4}, effect_key="b")
    assert seats.facts["amount"] == 4000
    chosen = await call(world, "create_checkout", {"product_id": tip.id, "amount": 700}, effect_key="c")
    assert chosen.facts["amount"] == 700


async def test_a_code_is_told_with_what_the_product_costs_with_it(world: World) -> None:
    await shown(world)
    await code(world)
    result = await call(world, "validate_discount_code", {"code": "wax20"})
    assert result.status == "done"
    assert (result.facts["valid"], result.facts["code"], result.facts["text"]) == (True, "WAX20", "20 % off")
    assert result.facts["amount_text"] == "$76.00"
    unknown = await call(world, "validate_discount_code", {"code": "NOPE"})
    assert (unknown.status, unknown.facts["reason"]) == ("refused", "code_invalid")


async def test_guessing_codes_ends(world: World) -> None:
    await shown(world)
    for number in range(5):
        await call(world, "validate_discount_code", {"code": f"GUESS{number}"})
    over = await call(world, "validate_discount_code", {"code": "GUESS5"})
    assert (over.status, over.facts["reason"]) == ("refused", "limit")


async def test_polars_trouble_is_a_failure_not_a_refusal(world: World) -> None:
    candle = await shown(world)
    world.state.faults.add("server_error", times=1000)
    for name, arguments in (
        ("validate_discount_code", {"code": "WAX20"}),
        ("create_checkout", {"product_id": candle.id, "discount_code": "WAX20"}),
    ):
        result = await call(world, name, arguments)
        assert (result.status, result.facts["reason"]) == ("failed", "polar_down")


async def test_orders_of_this_conversation_are_told_to_anybody_in_it(world: World) -> None:
    candle = await shown(world)
    checkout = await world.buy(candle)
    pending = await call(world, "check_order", {})
    assert pending.facts["orders"] == []
    assert pending.facts["checkouts"] == [{"product_name": "Beeswax candle", "status": "open"}]
    await world.buyer(checkout).pay()
    await world.land_orders()
    result = await call(world, "check_order", {"order_reference": "candle"})
    (order,) = result.facts["orders"]
    assert (order["product_name"], order["status"], order["amount_text"]) == ("Beeswax candle", "paid", "$95.00")
    assert result.facts["scope"] == "this_conversation"
    (attachment,) = result.attachments
    assert (attachment["type"], attachment["order_id"]) == ("order", order["order_id"])


async def test_other_orders_are_told_only_to_who_is_proven_to_have_made_them(world: World) -> None:
    candle = await shown(world)
    await world.db.run("""update conversations set external_customer_id = 'sam-1'""")
    await world.buyer(await world.buy(candle)).pay()
    await world.polar_settles()
    claimed = await call(world, "check_order", {"order_reference": "sam-1"})
    assert claimed.facts["orders"] == []
    proven = await call(world, "check_order", {}, is_proven_customer=True, external_customer_id="sam-1")
    assert [order["product_name"] for order in proven.facts["orders"]] == ["Beeswax candle"]
    assert proven.attachments == (), "what was not bought here has no card here"
