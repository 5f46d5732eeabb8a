"""What becomes of an offer: approved, declined, accepted, run out, overtaken, redeemed; and who wins the races."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from agentpay.agents import publish, schemas
from agentpay.agents.rules import RulesWire
from agentpay.conversations.append import lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.in_process import Worker
from agentpay.kit.errors import Conflict, Invalid, NotFound
from agentpay.kit.ids import uuid7
from agentpay.offers import approval, jobs, lifecycle, watch
from agentpay.offers.enums import STANDING
from agentpay.offers.errors import OfferExpired, OfferPending, OfferUnavailable
from agentpay.offers.negotiation import Ask
from agentpay.offers.public import offer_public
from tests.offers.cast import Shop

BUDGET = {"kind": "discount", "scope": "organization", "period": "month", "currency": "usd", "amount": 50_000}


class Haggle:
    """Sam holds 9,000 for a candle of 10,000; 8,400 waits for a person."""

    def __init__(self, acme: Shop, sam: Any, candle: Any, held: Row, pending: Row) -> None:
        self.acme, self.sam, self.candle, self.held, self.pending = acme, sam, candle, held, pending

    @classmethod
    async def begin(cls, db: Database, **rules: Any) -> "Haggle":
        acme = await Shop.open(
            db, budgets=[BUDGET], **({"require_approval_above": 12, "max_offers_per_conversation": 9} | rules)
        )
        candle = await acme.sells()
        sam = await acme.talks_to(candle)
        held, pending = (await acme.ask(sam, candle)).offer, (await acme.ask(sam, candle)).offer
        assert held is not None
        assert pending is not None
        assert (held["amount"], pending["status"], pending["amount"]) == (9_000, "pending_approval", 8_400)
        return cls(acme, sam, candle, held, pending)

    async def approve(self, **options: Any) -> Row:
        return await approval.approve(
            self.acme.db,
            self.acme.appender,
            organization_id=self.acme.organization_id,
            offer_id=self.pending["id"],
            **options,
        )

    async def decline(self, offer: Row) -> Row:
        return await approval.decline(
            self.acme.db, self.acme.appender, organization_id=self.acme.organization_id, offer_id=offer["id"]
        )

    async def accept(self, offer: Row) -> tuple[Row, bool]:
        async with self.acme.db.transaction() as tx:
            conversation = await lock(
                tx, organization_id=self.acme.organization_id, conversation_id=self.sam.conversation_id
            )
            return await lifecycle.accept(
                tx, self.acme.appender, self.acme.jobs, conversation=conversation, offer_id=offer["id"]
            )

    async def redeem(self, offer: Row, conceded: int | None = None) -> None:
        async with self.acme.db.transaction() as tx:
            conversation, locked = await lifecycle.lock_both(
                tx, organization_id=self.acme.organization_id, offer_id=offer["id"]
            )
            await lifecycle.redeem(tx, self.acme.appender, conversation=conversation, offer=locked, conceded=conceded)

    async def expire(self) -> int:
        return await watch.expire_due(self.acme.db, self.acme.appender, self.acme.jobs)

    async def void_changed(self) -> int:
        return await watch.void_changed(
            self.acme.db,
            self.acme.appender,
            self.acme.jobs,
            organization_id=self.acme.organization_id,
            product_id=self.candle.id,
        )

    async def states(self) -> list[tuple[str, int]]:
        return [(offer["status"], offer["amount"]) for offer in await self.acme.offers()]

    async def sentences(self) -> list[str]:
        return await self.acme.sentences(self.sam.conversation_id)

    async def revocations(self) -> list[dict[str, Any]]:
        rows = await self.acme.db.all("select arguments from jobs where kind = 'checkout.revoke'")
        return [row["arguments"] for row in rows]


async def test_an_approved_price_takes_the_place_of_the_one_he_held(db: Database) -> None:
    haggle = await Haggle.begin(db)
    approved = await haggle.approve()
    assert await haggle.states() == [("void", 9_000), ("open", 8_400)]
    assert approved["expires_at"] - approved["opened_at"] == pytest.approx(timedelta(days=1), abs=timedelta(seconds=1))
    assert await haggle.acme.used() == (1_600, 0)
    (sentence,) = await haggle.sentences()
    assert sentence.startswith("Good news: the shop agreed to $84.00 for Amber Candle. The offer is valid until ")
    events = await haggle.acme.events(haggle.sam.conversation_id)
    assert [name for name, _ in events[-3:]] == ["offer.updated", "offer.updated", "message.created"]
    assert events[-2][1] == offer_public(approved)
    assert approved["reasons"] == ["The shop agreed to it.", "A special price, just for you."]
    attachment = await db.value("select attachments from messages where role = 'system'")
    assert (attachment[0]["type"], attachment[0]["offer_id"], attachment[0]["status"]) == (
        "offer", str(approved["id"]), "open",
    )  # fmt: skip


async def test_the_merchant_may_agree_to_a_higher_price_for_a_shorter_time(db: Database) -> None:
    haggle = await Haggle.begin(db)
    approved = await haggle.approve(amount=8_700, valid_minutes=10)
    assert (approved["amount"], approved["basis_points"]) == (8_700, 1_300)
    assert approved["expires_at"] - approved["opened_at"] < timedelta(minutes=11)
    assert await haggle.acme.used() == (1_300, 0)


@pytest.mark.parametrize("amount", [8_399, 0, 10_000, 12_000])
async def test_the_merchant_agrees_from_the_offered_to_the_list_amount(db: Database, amount: int) -> None:
    haggle = await Haggle.begin(db)
    with pytest.raises(Invalid) as refused:
        await haggle.approve(amount=amount)
    assert refused.value.problems[0][1] == ("body", "amount")
    assert await haggle.states() == [("open", 9_000), ("pending_approval", 8_400)]


async def test_approval_is_bound_by_the_rules_of_this_moment(db: Database) -> None:
    haggle = await Haggle.begin(db)
    tighter = schemas.AgentUpdate(rules=RulesWire(max_discount_percent=14))
    acme = haggle.acme
    await publish.update_agent(db, organization_id=acme.organization_id, agent_id=acme.wick.id, data=tighter)
    with pytest.raises(Invalid) as refused:
        await haggle.approve()
    assert refused.value.problems[0][1] == ("body", "amount")
    approved = await haggle.approve(amount=8_600)
    assert (approved["amount"], approved["floor_amount"]) == (8_600, 8_600)


async def test_a_price_that_changed_can_no_longer_be_approved(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.acme.sells(haggle.candle.id, price={"amount": 9_500})
    with pytest.raises(OfferUnavailable):
        await haggle.approve()
    assert (await haggle.states())[1] == ("void", 8_400)
    assert await haggle.acme.used() == (1_000, 0)
    assert await haggle.sentences() == [
        "The price of Amber Candle has changed, so the offer of $84.00 is no longer valid."
    ]


async def test_nobody_approves_after_72_hours(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.acme.lapses(haggle.pending["id"])
    with pytest.raises(OfferExpired):
        await haggle.approve()
    assert (await haggle.states())[1] == ("expired", 8_400)
    assert await haggle.acme.used() == (1_000, 0)


async def test_a_decision_is_taken_once(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.approve()
    with pytest.raises(OfferUnavailable):
        await haggle.approve()
    with pytest.raises(NotFound):
        await approval.approve(db, haggle.acme.appender, organization_id=uuid7(), offer_id=haggle.pending["id"])


async def test_a_declined_price_leaves_what_he_holds(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.decline(haggle.pending)
    assert await haggle.states() == [("open", 9_000), ("declined", 8_400)]
    assert await haggle.acme.used() == (1_000, 0)
    assert await haggle.sentences() == [
        "Sorry, the shop could not agree to a lower price for Amber Candle. The regular price is $100.00."
    ]
    with pytest.raises(OfferUnavailable):
        await haggle.decline(haggle.pending)


async def test_the_merchant_may_withdraw_an_open_offer(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.decline(haggle.held)
    assert (await haggle.states())[0] == ("declined", 9_000)
    assert await haggle.sentences() == ["Sorry, the offer of $90.00 for Amber Candle is no longer available."]
    with pytest.raises(OfferUnavailable):
        await haggle.accept(haggle.held)


async def test_the_visitor_is_told_in_his_language(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await db.run("update conversations set agent_state = %s", [Jsonb({"language": "pt"})])
    await haggle.decline(haggle.pending)
    assert await haggle.sentences() == [
        "Desculpe, a loja não pôde baixar o preço de Amber Candle. O preço normal é $ 100,00."
    ]


async def test_accepting_ends_what_was_still_asked_for(db: Database) -> None:
    haggle = await Haggle.begin(db)
    accepted, is_new = await haggle.accept(haggle.held)
    assert (accepted["status"], is_new) == ("accepted", True)
    assert await haggle.states() == [("accepted", 9_000), ("void", 8_400)]
    assert await haggle.acme.used() == (1_000, 0)
    _, again = await haggle.accept(haggle.held)
    assert again is False
    with pytest.raises(OfferUnavailable):
        await haggle.approve()
    updates = [
        data["status"] for name, data in await haggle.acme.events(haggle.sam.conversation_id) if name == "offer.updated"
    ]
    assert updates == ["accepted", "void"]


async def test_who_accepts_late_still_has_time_to_pay(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await db.run("update offers set expires_at = now() + interval '1 minute' where id = %s", [haggle.held["id"]])
    await haggle.accept(haggle.held)
    left = await db.value("select expires_at - now() from offers where id = %s", [haggle.held["id"]])
    assert left > timedelta(minutes=29)


async def test_what_cannot_be_accepted_says_why(db: Database) -> None:
    haggle = await Haggle.begin(db)
    with pytest.raises(OfferPending):
        await haggle.accept(haggle.pending)
    await haggle.acme.lapses(haggle.held["id"])
    with pytest.raises(OfferExpired):
        await haggle.accept(haggle.held)
    await haggle.expire()
    with pytest.raises(OfferExpired):
        await haggle.accept(haggle.held)
    await haggle.decline(haggle.pending)
    with pytest.raises(OfferUnavailable):
        await haggle.accept(haggle.pending)


async def test_an_offer_of_another_conversation_is_not_found(db: Database) -> None:
    haggle = await Haggle.begin(db)
    other = await haggle.acme.talks_to(haggle.candle, session="alex")
    async with db.transaction() as tx:
        conversation = await lock(
            tx, organization_id=haggle.acme.organization_id, conversation_id=other.conversation_id
        )
        with pytest.raises(NotFound):
            await lifecycle.accept(
                tx, haggle.acme.appender, haggle.acme.jobs, conversation=conversation, offer_id=haggle.held["id"]
            )


async def test_the_sweep_ends_what_ran_out_and_nothing_else(db: Database) -> None:
    haggle = await Haggle.begin(db)
    assert await haggle.expire() == 0
    await haggle.acme.lapses(haggle.held["id"])
    worker = Worker(
        db,
        haggle.acme.doorbell,
        handlers=jobs.handlers(db, haggle.acme.appender, haggle.acme.jobs),
        schedules=jobs.SCHEDULES,
    )
    async with db.transaction() as tx:
        await haggle.acme.jobs.enqueue(tx, jobs.EXPIRE)
        await haggle.acme.jobs.enqueue(tx, jobs.PURGE)
    await worker.run_due()
    assert await haggle.states() == [("expired", 9_000), ("pending_approval", 8_400)]
    assert await haggle.acme.used() == (1_600, 0)
    assert await haggle.sentences() == []
    await haggle.acme.lapses(haggle.pending["id"])
    await haggle.expire()
    assert (await haggle.states())[1] == ("expired", 8_400)
    assert await haggle.acme.used() == (0, 0)
    assert await haggle.sentences() == [
        "Sorry, the shop did not answer in time about Amber Candle. The regular price is $100.00."
    ]


async def test_an_accepted_offer_that_ran_out_is_asked_to_be_revoked_once_in_a_while(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.accept(haggle.held)
    await haggle.acme.lapses(haggle.held["id"])
    assert await haggle.expire() == 1
    assert await haggle.expire() == 0
    assert await haggle.revocations() == [
        {"organization_id": str(haggle.acme.organization_id), "offer_id": str(haggle.held["id"])}
    ]
    assert (await haggle.states())[0] == ("accepted", 9_000)
    assert await haggle.acme.used() == (1_000, 0)
    await db.run("update offers set revoke_asked_at = revoke_asked_at - interval '16 minutes'")
    assert await haggle.expire() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"price": {"amount": 9_500}}, "The price of Amber Candle has changed"),
        ({"price": {"amount": 10_000}}, "The price of Amber Candle has changed"),  # another price id
        ({"is_archived": True}, "Sorry, Amber Candle is not available any more"),
        ({"metadata": {"stock": 0}}, "Sorry, Amber Candle is not available any more"),
    ],
)
async def test_a_changed_product_ends_its_offers(db: Database, changes: dict[str, Any], sentence: str) -> None:
    haggle = await Haggle.begin(db)
    await haggle.acme.sells(haggle.candle.id, **changes)
    assert await haggle.void_changed() == 2
    assert [status for status, _ in await haggle.states()] == ["void", "void"]
    assert await haggle.acme.used() == (0, 0)
    assert [said.startswith(sentence) for said in await haggle.sentences()] == [True, True]


async def test_a_product_that_only_got_another_name_keeps_its_offers(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.acme.sells(haggle.candle.id, name="Amber Candle XL", prices=haggle.candle.prices)
    assert await haggle.void_changed() == 2
    assert [status for status, _ in await haggle.states()] == ["open", "pending_approval"]


async def test_an_accepted_offer_of_a_changed_product_is_revoked_at_polar(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.accept(haggle.held)
    await haggle.acme.sells(haggle.candle.id, price={"amount": 9_500})
    await haggle.void_changed()
    assert len(await haggle.revocations()) == 1
    assert (await haggle.states())[0] == ("accepted", 9_000)


async def test_money_lands_whatever_became_of_the_offer(db: Database) -> None:
    haggle = await Haggle.begin(db)
    await haggle.accept(haggle.held)
    await haggle.redeem(haggle.held)
    await haggle.redeem(haggle.held)
    assert await haggle.acme.used() == (0, 1_000)
    await haggle.redeem(haggle.pending, conceded=1_500)
    assert await haggle.states() == [("redeemed", 9_000), ("redeemed", 8_400)]
    assert await haggle.acme.used() == (0, 2_500)
    updates = [
        data["status"] for name, data in await haggle.acme.events(haggle.sam.conversation_id) if name == "offer.updated"
    ]
    assert updates == ["accepted", "void", "redeemed", "redeemed"]


async def test_an_erased_conversation_hears_nothing_and_keeps_the_row(db: Database) -> None:
    haggle = await Haggle.begin(db)
    before = await haggle.acme.events(haggle.sam.conversation_id)
    await db.run("update conversations set erased_at = now(), status = 'closed'")
    await haggle.redeem(haggle.held)
    await haggle.decline(haggle.pending)
    assert await haggle.states() == [("redeemed", 9_000), ("declined", 8_400)]
    assert await haggle.acme.events(haggle.sam.conversation_id) == before
    assert await haggle.sentences() == []


async def outcome(deed: Any) -> str:
    try:
        await deed
    except Conflict as conflict:
        return conflict.name
    return "done"


async def reserved_for_standing(haggle: Haggle) -> bool:
    """The ledger holds exactly what stands."""
    standing = [offer for offer in await haggle.acme.offers() if offer["status"] in STANDING]
    return await haggle.acme.used() == (sum(10_000 - offer["amount"] for offer in standing), 0)


@pytest.mark.parametrize("order", range(3))
@pytest.mark.parametrize("is_late", [False, True])
async def test_of_approve_decline_and_expire_the_first_one_counts(db: Database, order: int, is_late: bool) -> None:
    haggle = await Haggle.begin(db)
    if is_late:
        await haggle.acme.lapses(haggle.pending["id"])
    names = ["approve", "decline", "expire"]
    deeds = [outcome(haggle.approve()), outcome(haggle.decline(haggle.pending)), outcome(haggle.expire())]
    answers = await asyncio.gather(*deeds[order:], *deeds[:order])
    results = dict(zip(names[order:] + names[:order], answers, strict=True))
    status, _ = (await haggle.states())[1]
    assert await reserved_for_standing(haggle)
    if is_late:
        assert results["approve"] in {"OfferExpired", "OfferUnavailable"}
        assert status in {"declined", "expired"}
    elif results["approve"] == "done":  # a decline after it withdraws what was approved
        assert status == ("declined" if results["decline"] == "done" else "open")
    else:
        assert (status, results["decline"]) == ("declined", "done")


@pytest.mark.parametrize("first", ["accept", "approve", "ask"])
async def test_accepting_races_approval_and_a_new_ask(db: Database, first: str) -> None:
    haggle = await Haggle.begin(db)
    deeds = {
        "accept": outcome(haggle.accept(haggle.held)),
        "approve": outcome(haggle.approve()),
        "ask": outcome(haggle.acme.ask(haggle.sam, haggle.candle, Ask(amount=8_900))),
    }
    chosen = deeds.pop(first)
    await asyncio.gather(chosen, *deeds.values())
    usable = [offer for offer in await haggle.acme.offers() if offer["status"] in ("open", "accepted")]
    assert len(usable) == 1
    assert await reserved_for_standing(haggle)


@pytest.mark.parametrize("first", ["accept", "expire", "void"])
async def test_accepting_races_expiry_and_a_changed_price(db: Database, first: str) -> None:
    haggle = await Haggle.begin(db)
    await haggle.acme.sells(haggle.candle.id, price={"amount": 9_500})
    await haggle.acme.lapses(haggle.pending["id"])
    deeds = {
        "accept": outcome(haggle.accept(haggle.held)),
        "expire": haggle.expire(),
        "void": haggle.void_changed(),
    }
    chosen = deeds.pop(first)
    await asyncio.gather(chosen, *deeds.values())
    status, _ = (await haggle.states())[0]
    assert status in {"accepted", "void"}
    assert await reserved_for_standing(haggle)
