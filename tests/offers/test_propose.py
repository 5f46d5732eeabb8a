"""Asking for a lower price, against the real database: what is written, told, reserved, and what is not."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from psycopg.types.json import Jsonb

from agentpay.db.engine import Database
from agentpay.kit.ids import uuid7
from agentpay.offers import approval, repository
from agentpay.offers.negotiation import Ask
from agentpay.offers.propose import HISTORY_ENTRIES_MAX, Outcome
from agentpay.offers.public import offer_public
from agentpay.polar.types import Price
from tests.offers import cast
from tests.offers.cast import Shop

BUDGET = {"kind": "discount", "scope": "organization", "period": "day", "currency": "usd", "amount": 5_000}


def told(outcome: Outcome) -> tuple[str, Any]:
    if outcome.decision == "refused":
        return outcome.decision, outcome.why
    assert outcome.offer is not None
    return outcome.decision, outcome.offer["amount"]


async def test_an_ask_becomes_an_offer_with_its_event_budget_and_note(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET], offer_valid_minutes=45)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    outcome = await acme.ask(sam, candle, Ask(amount=8_500))
    assert told(outcome) == ("countered", 9_000)
    (offer,) = await acme.offers()
    assert offer == outcome.offer
    assert (offer["status"], offer["list_amount"], offer["floor_amount"], offer["amount"]) == (
        "open", 10_000, 8_000, 9_000,
    )  # fmt: skip
    assert (offer["discount_type"], offer["basis_points"], offer["discount_state"]) == ("percentage", 1_000, "none")
    assert (offer["agent_id"], offer["agent_version"], offer["quantity"]) == (acme.wick.id, 1, 1)
    assert offer["price_id"] == candle.prices[0].id
    assert offer["expires_at"] - offer["opened_at"] == pytest.approx(timedelta(minutes=45), abs=timedelta(seconds=1))
    assert await acme.used() == (1_000, 0)
    events = await acme.events(sam.conversation_id)
    assert events[0] == ("offer.created", offer_public(offer))
    assert [name for name, _ in events] == ["offer.created", "conversation.updated"]
    assert events[1][1]["stage"] == "negotiating"
    history = await db.value("select negotiation_history from conversations where id = %s", [sam.conversation_id])
    assert [(entry["asked_amount"], entry["decision"], entry["amount"]) for entry in history] == [
        (8_500, "countered", 9_000)
    ]
    assert history[0]["at"].endswith("Z")


async def test_no_floor_budget_or_rule_is_in_what_is_told(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await acme.ask(sam, candle)
    (_, told_data), *_ = await acme.events(sam.conversation_id)
    assert set(told_data) == {
        "id", "conversation_id", "product_id", "quantity", "status", "list_amount", "amount", "currency",
        "discount_percent", "reasons", "expires_at", "created_at",
    }  # fmt: skip


async def test_the_same_effect_makes_one_offer_and_one_event(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET])
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    first = await acme.ask(sam, candle, Ask(amount=1), key="turn:1:call")
    again = await acme.ask(sam, candle, Ask(amount=1), key="turn:1:call")
    assert told(first) == told(again) == ("countered", 9_000)
    assert len(await acme.offers()) == 1
    assert len(await acme.events(sam.conversation_id)) == 2
    assert await acme.used() == (1_000, 0)


async def test_a_better_offer_takes_the_place_of_the_one_that_stands(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET])
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await acme.ask(sam, candle)
    second = await acme.ask(sam, candle)
    assert told(second) == ("granted", 8_400)
    old, new = await acme.offers()
    assert (old["status"], old["void_reason"], old["amount"]) == ("void", "replaced", 9_000)
    assert new["status"] == "open"
    assert await acme.used() == (1_600, 0)
    names = [name for name, _ in await acme.events(sam.conversation_id)]
    assert names == ["offer.created", "conversation.updated", "offer.updated", "offer.created"]


async def test_what_he_asks_for_he_holds_already(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    held = await acme.ask(sam, candle)
    again = await acme.ask(sam, candle, Ask(amount=9_500))
    assert told(again) == ("granted", 9_000)
    assert again.offer is not None
    assert held.offer is not None
    assert again.offer["id"] == held.offer["id"]
    assert len(await acme.offers()) == 1


async def test_the_word_is_final_and_the_offer_stands(db: Database) -> None:
    acme = await Shop.open(db, max_offers_per_conversation=2)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    amounts = [told(await acme.ask(sam, candle)) for _ in range(3)]
    assert amounts == [("granted", 8_800), ("granted", 8_000), ("refused", "max_offers")]
    assert [offer["amount"] for offer in await acme.offers(status="open")] == [8_000]


async def test_past_the_line_a_person_is_asked_and_the_visitor_keeps_what_he_holds(db: Database) -> None:
    acme = await Shop.open(db, require_approval_above=12, budgets=[BUDGET])
    await db.run(
        "update organizations set notify_url = 'https://acme.example/hook' where id = %s", [acme.organization_id]
    )
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    assert told(await acme.ask(sam, candle)) == ("granted", 9_000)
    assert told(await acme.ask(sam, candle)) == ("needs_approval", 8_400)
    assert told(await acme.ask(sam, candle)) == ("refused", "approval_pending")
    assert [(o["status"], o["amount"]) for o in await acme.offers()] == [("open", 9_000), ("pending_approval", 8_400)]
    assert await acme.used() == (2_600, 0)
    pending = (await acme.offers(status="pending_approval"))[0]
    assert pending["opened_at"] is None
    assert pending["expires_at"] - pending["created_at"] > timedelta(hours=71)
    note = await db.one("select type, data from notifications where organization_id = %s", [acme.organization_id])
    assert note is not None
    assert (note["type"], note["data"]["id"]) == ("offer.pending_approval", str(pending["id"]))


async def test_who_starts_again_gets_no_better_offer(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await acme.ask(sam, candle)
    (offer,) = await acme.offers()
    await acme.lapses(offer["id"])
    await db.run("update conversations set status = 'closed' where id = %s", [sam.conversation_id])
    again = await acme.talks_to(candle)
    assert told(await acme.ask(again, candle)) == ("granted", 9_000)
    assert told(await acme.ask(again, candle)) == ("refused", "final_word")
    alex = await acme.talks_to(candle, session="alex")
    assert told(await acme.ask(alex, candle)) == ("granted", 9_000)
    assert told(await acme.ask(alex, candle)) == ("granted", 8_400)


async def test_becoming_known_does_not_start_the_haggle_afresh(db: Database) -> None:
    acme = await Shop.open(db, max_offers_per_conversation=9)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await acme.ask(sam, candle)
    await db.run("update conversations set status = 'closed' where id = %s", [sam.conversation_id])
    known = await acme.talks_to(candle, customer="sam-1")
    assert told(await acme.ask(known, candle)) == ("granted", 9_000)
    assert told(await acme.ask(known, candle)) == ("refused", "final_word")


async def test_an_offer_that_ran_out_is_ended_on_the_way(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET])
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await acme.ask(sam, candle)
    (offer,) = await acme.offers()
    await acme.lapses(offer["id"])
    assert told(await acme.ask(sam, candle)) == ("granted", 8_400)
    assert [(o["status"], o["amount"]) for o in await acme.offers()] == [("expired", 9_000), ("open", 8_400)]
    assert await acme.used() == (1_600, 0)


async def test_another_price_starts_another_haggle(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await acme.ask(sam, candle)
    dearer = await acme.sells(candle.id, price={"amount": 20_000})
    assert told(await acme.ask(sam, dearer)) == ("granted", 18_000)
    old, _ = await acme.offers()
    assert (old["status"], old["void_reason"]) == ("void", "price_changed")


async def test_a_first_purchase_is_one_of_a_proven_customer_without_a_paid_order(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    new = await acme.talks_to(candle, session="s1", customer="new")
    outcome = await acme.ask(new, candle)
    assert told(outcome) == ("granted", 8_500)
    assert outcome.offer is not None
    assert outcome.offer["reasons"] == ["A welcome price for your first purchase."]
    old = await acme.talks_to(candle, session="s2", customer="old")
    await db.run(
        "insert into orders (id, organization_id, polar_order_id, conversation_id, is_sale, is_paid, status,"
        " billing_reason, currency, subtotal_amount, discount_amount, net_amount, tax_amount, total_amount,"
        " polar_created_at, polar_seen_at) values (%s, %s, %s, %s, true, true, 'paid', 'purchase', 'usd', 1, 0, 1, 0,"
        " 1, now(), now())",
        [uuid7(), acme.organization_id, uuid7(), old.conversation_id],
    )
    assert told(await acme.ask(old, candle)) == ("granted", 9_000)
    anonymous = await acme.talks_to(candle, session="s3")
    assert told(await acme.ask(anonymous, candle)) == ("granted", 9_000)


async def test_a_subscription_is_conceded_as_a_fixed_amount_off_its_first_charge(db: Database) -> None:
    acme = await Shop.open(db)
    club = await acme.sells(
        is_recurring=True, recurring_interval="month", recurring_interval_count=1, trial_interval="day",
        trial_interval_count=7,
    )  # fmt: skip
    sam = await acme.talks_to(club)
    outcome = await acme.ask(sam, club, Ask(amount=9_333))
    assert told(outcome) == ("granted", 9_333)
    assert outcome.offer is not None
    assert (outcome.offer["discount_type"], outcome.offer["basis_points"]) == ("fixed", None)
    assert outcome.offer["reasons"] == [
        "A special price, just for you.",
        "It applies to the first charge; later charges are at the regular price.",
        "This price starts right away, without a trial period.",
    ]


@pytest.mark.parametrize(
    ("prices", "why"),
    [
        ([cast.fixed(amount=0)], "free"),
        ([Price(id=uuid7(), amount_type="custom", minimum_amount=500)], "pay_what_you_want"),
        ([cast.fixed(), cast.fixed(amount=20_000)], "not_negotiable_several_prices"),
        ([cast.fixed(), Price(id=uuid7(), amount_type="metered_unit", unit_amount="5")], "not_negotiable_metered"),
    ],
)
async def test_what_a_buyer_could_change_is_not_negotiated(db: Database, prices: list[Price], why: str) -> None:
    acme = await Shop.open(db)
    thing = await acme.sells(prices=prices)
    sam = await acme.talks_to(thing)
    assert told(await acme.ask(sam, thing)) == ("refused", why)
    assert await acme.offers() == []


async def test_only_products_that_were_shown_and_are_on_sale_are_negotiated(db: Database) -> None:
    acme = await Shop.open(db)
    candle, hidden = await acme.sells(), await acme.sells(name="Secret Candle")
    sold_out = await acme.sells(metadata={"stock": 0})
    gone = await acme.sells(is_archived=True)
    sam = await acme.talks_to(candle, sold_out, gone)
    for product in (hidden, sold_out, gone):
        assert told(await acme.ask(sam, product)) == ("refused", "product_unavailable")


async def test_a_product_of_rival_shop_is_not_there(db: Database) -> None:
    acme, rival = await Shop.open(db), await Shop.open(db, name="Rival Shop")
    foreign = await rival.sells()
    sam = await acme.talks_to(foreign)
    assert told(await acme.ask(sam, foreign)) == ("refused", "product_unavailable")


async def test_the_price_is_negotiated_in_the_currency_it_is_quoted_in(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells(prices=[cast.fixed(), cast.fixed(amount=50_000, currency="brl")])
    ana = await acme.talks_to(candle, session="ana", currency="brl", language="pt")
    outcome = await acme.ask(ana, candle)
    assert told(outcome) == ("granted", 45_000)
    assert outcome.offer is not None
    assert outcome.offer["currency"] == "brl"
    assert outcome.offer["reasons"] == ["Um preço especial, só para você."]
    lee = await acme.talks_to(candle, session="lee", currency="jpy")
    assert (await acme.ask(lee, candle)).offer["currency"] == "usd"  # type: ignore[index] # an offer was granted


async def test_a_budget_without_the_currency_concedes_nothing(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET])
    candle = await acme.sells(prices=[cast.fixed(), cast.fixed(amount=50_000, currency="brl")])
    ana = await acme.talks_to(candle, session="ana", currency="brl")
    assert told(await acme.ask(ana, candle)) == ("refused", "budget")


async def test_no_visitor_or_address_has_more_than_three_offers_standing(db: Database) -> None:
    acme = await Shop.open(db, max_offers_per_conversation=9)
    candles = [await acme.sells() for _ in range(5)]
    sam = await acme.talks_to(*candles)
    for candle in candles[:3]:
        assert told(await acme.ask(sam, candle)) == ("granted", 9_000)
    assert told(await acme.ask(sam, candles[3])) == ("refused", "standing_offers_limit")
    assert told(await acme.ask(sam, candles[0])) == ("granted", 8_400)  # a better one in place of one
    assert told(await acme.ask(sam, candles[4], standing_max=4)) == ("granted", 9_000)
    for number in range(4):
        visit = await acme.talks_to(candles[0], session=f"fresh {number}", address="same house")
        expected = ("granted", 9_000) if number < 3 else ("refused", "standing_offers_limit")
        assert told(await acme.ask(visit, candles[0])) == expected


async def test_what_ran_out_but_was_not_swept_yet_stands_no_more(db: Database) -> None:
    acme = await Shop.open(db, max_offers_per_conversation=9)
    candles = [await acme.sells() for _ in range(4)]
    sam = await acme.talks_to(*candles)
    for candle in candles[:3]:
        await acme.ask(sam, candle)
    await acme.lapses((await acme.offers())[0]["id"])
    assert told(await acme.ask(sam, candles[3])) == ("granted", 9_000)


async def test_while_a_payment_is_being_settled_there_is_no_second_offer(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await db.run(
        "insert into checkouts (id, organization_id, conversation_id, effect_key, visitor_key, product_id, currency,"
        " list_amount, amount, status, give_up_at, polar_checkout_id, url, expires_at) values (%s, %s, %s, 'k', %s, %s,"
        " 'usd', 10000, 10000, 'confirmed', now(), %s, 'https://x', now())",
        [uuid7(), acme.organization_id, sam.conversation_id, sam.visitor_key, candle.id, uuid7()],
    )
    assert told(await acme.ask(sam, candle)) == ("refused", "already_accepted")


async def test_a_frozen_visitor_gets_nothing_for_that_product(db: Database) -> None:
    acme = await Shop.open(db)
    candle, other = await acme.sells(), await acme.sells()
    sam = await acme.talks_to(candle, other)
    async with db.transaction() as tx:
        for _ in range(2):
            await repository.freeze(
                tx,
                organization_id=acme.organization_id,
                visitor_key=sam.visitor_key,
                product_id=candle.id,
                facts={"order_id": "1"},
            )
    assert told(await acme.ask(sam, candle)) == ("refused", "frozen")
    assert told(await acme.ask(sam, other)) == ("granted", 9_000)


class TurnLostInTest(Exception):
    pass


async def test_a_lost_turn_writes_nothing(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET])
    candle = await acme.sells()

    async def lost(tx: Any) -> None:
        raise TurnLostInTest

    sam = msgspec.structs.replace(await acme.talks_to(candle), hold=lost)
    with pytest.raises(TurnLostInTest):
        await acme.ask(sam, candle)
    assert await acme.offers() == []
    assert await acme.used() == (0, 0)


async def test_the_merchants_record_keeps_the_latest_asks(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    full = [{"n": n} for n in range(HISTORY_ENTRIES_MAX)]
    await db.run("update conversations set negotiation_history = %s where id = %s", [Jsonb(full), sam.conversation_id])
    await acme.ask(sam, candle)
    history = await db.value("select negotiation_history from conversations where id = %s", [sam.conversation_id])
    assert len(history) == HISTORY_ENTRIES_MAX
    assert history[0] == {"n": 1}
    assert history[-1]["decision"] == "granted"


async def test_parallel_chats_never_concede_more_than_the_budget(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET | {"amount": 3_500}])
    candle = await acme.sells()
    visits = [await acme.talks_to(candle, session=f"visitor {n}") for n in range(12)]
    outcomes = await asyncio.gather(*(acme.ask(visit, candle) for visit in visits))
    conceded = sum(10_000 - offer["amount"] for offer in await acme.offers(status="open"))
    assert conceded == 3_500  # the last one gets what is left
    assert await acme.used() == (3_500, 0)
    assert sorted(outcome.decision for outcome in outcomes) == ["granted"] * 4 + ["refused"] * 8


async def test_parallel_chats_of_one_visitor_stay_within_his_standing_offers(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    visits = [await acme.talks_to(candle, session=f"tab {n}", visitor_key="sub:sam") for n in range(8)]
    await asyncio.gather(*(acme.ask(visit, candle) for visit in visits))
    assert len(await acme.offers(status="open")) == 3


async def test_parallel_asks_in_one_conversation_leave_one_offer(db: Database) -> None:
    acme = await Shop.open(db, budgets=[BUDGET], max_offers_per_conversation=9)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await asyncio.gather(*(acme.ask(sam, candle) for _ in range(6)))
    (offer,) = await acme.offers(status="open")
    assert offer["amount"] == 8_000
    assert await acme.used() == (2_000, 0)


async def test_after_a_no_of_the_merchant_the_engine_asks_no_more(db: Database) -> None:
    acme = await Shop.open(db, require_approval_above=12, max_offers_per_conversation=9)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    await acme.ask(sam, candle)
    pending = (await acme.ask(sam, candle)).offer
    assert pending is not None
    await approval.decline(db, acme.appender, organization_id=acme.organization_id, offer_id=pending["id"])
    assert told(await acme.ask(sam, candle, Ask(amount=8_600))) == ("refused", "final_word")
    assert told(await acme.ask(sam, candle, Ask(amount=8_900))) == ("granted", 8_900)
