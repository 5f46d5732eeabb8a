"""The moves of a play: everything that visitors, merchant, Polar, time and other processes may do to the house."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
from psycopg.types.json import Jsonb

from agentpay.checkout import accept as accepting
from agentpay.checkout import start
from agentpay.kit.caller import Member, Visitor
from agentpay.kit.clock import utc_now
from agentpay.kit.errors import ExpectedError
from agentpay.kit.ids import uuid7
from agentpay.offers import approval, watch
from agentpay.polar.errors import PolarError
from agentpay.sandbox.polar import entities, seeding, signing
from agentpay.turns.incoming import Incoming
from tests.adversary import oracle
from tests.adversary.house import WEBHOOK_SECRET, House, Shop
from tests.adversary.model import Meddle, Say, Script
from tests.adversary.referee import Referee, Watched

TURN_SECONDS_MAX: Final = 30.0
TURN_LOOK_SECONDS: Final = 0.003
TALKS_MAX: Final = 4
VISITORS: Final = ("sam", "kim")
CHANNELS: Final = ("web", "whatsapp", "telegram", "api")
BUYER: Final = {
    "customer_email": "sam@buyer-mail.com",
    "customer_name": "Sam Visitor",
    "customer_billing_address": {
        "country": "US", "line1": "1 Main St", "city": "Austin", "postal_code": "78701", "state": "US-TX",
    },
}  # fmt: skip


class Talk(msgspec.Struct):
    watched: Watched
    member: Member
    said: list[tuple[str, bytes]] = []

    @property
    def ids(self) -> dict[str, UUID]:
        return {"organization_id": self.member.organization_id, "conversation_id": self.member.conversation_id}


class Play:
    """One run. Each move ends with the referee's look; raises Overstepped."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.db = house.parts.db
        self.talks: list[Talk] = []
        self.rules: oracle.Rules = {}
        self.referee = Referee(house)
        self._delivered: set[str] = set()
        house.model.on_meddle = self._meddle

    @classmethod
    async def begin(cls, house: House, rules: oracle.Rules, budgets: Sequence[Mapping[str, Any]]) -> "Play":
        await house.reset()
        play = cls(house)
        await play._set_rules(house.rival, rules)
        await play._set_rules(house.acme, rules)
        play.referee.budgets = [dict(budget) for budget in budgets]
        await house.set_budgets(house.acme, play.referee.budgets)
        return play

    # The visitor

    async def opens(
        self, visitor: int, *, at_rival: bool = False, page: int | None = None, known: bool = False
    ) -> Talk:
        """Somebody opens the chat; the same visitor again has the same session."""
        shop = self.house.rival if at_rival else self.house.acme
        name, number = VISITORS[visitor % len(VISITORS)], len(self.talks)
        conversation_id, canary = uuid7(), f"kestrel{number}{visitor}page"
        page_id = None if page is None else shop.product_ids[page % len(shop.product_ids)]
        context = {"page_title": canary, **({"current_product_id": page_id} if page_id else {})}
        await self.db.run(
            _OPEN,
            {
                "id": conversation_id,
                "organization_id": shop.organization_id,
                "agent_id": shop.agent_id,
                # One session has one open conversation on each channel.
                "channel": CHANNELS[number % len(CHANNELS)],
                "session_id": name,
                "customer": f"customer-{name}" if known else None,
                "context": Jsonb(context),
            },
        )
        watched = Watched(conversation_id, shop, canary, page_id)
        caller = Visitor(shop.organization_id, conversation_id, b"")
        talk = Talk(watched, Member(shop.organization_id, conversation_id, False, caller))
        self.talks.append(talk)
        self.referee.talks[conversation_id] = watched
        return talk

    async def says(self, talk: Talk, text: str, script: Script, *, again: bool = False) -> None:
        """A message and the turn that it opens; `again`: the last one once more, under its key."""
        if again and talk.said:
            text, key = talk.said[-1][0], talk.said[-1][1]
        else:
            key = uuid7().bytes
            talk.said.append((text, key))
        self.house.model.begin(talk.watched.id, script, await self._pools(talk))
        digest = hashlib.sha256(text.encode()).digest()
        incoming = Incoming(text, key=key.hex(), request_hash=digest)
        parts = self.house.parts
        await self._try(self._turn(talk, incoming))
        self.house.model.script = []
        said = [act for step in script for act in step if isinstance(act, Say)]
        await self.referee.look()
        await self.referee.hear(talk.watched, said)
        assert parts.runner.running_count == 0

    async def _turn(self, talk: Talk, incoming: Incoming) -> None:
        parts = self.house.parts
        received = await parts.reception.visitor_message(incoming, member=talk.member, escalate_after={})
        if received.running is None:
            return
        parts.runner.start(received.running)
        await self._runs_out()

    async def _runs_out(self) -> None:
        """Until no turn runs any more, whoever took it over."""
        async with asyncio.timeout(TURN_SECONDS_MAX):
            while self.house.parts.runner.running_count:  # noqa: ASYNC110 (it only counts)
                await asyncio.sleep(TURN_LOOK_SECONDS)

    async def accepts(self, talk: Talk, number: int, *, foreign: bool = False) -> None:
        """A click on an offer's card; or a call with the id of an offer of somebody else's."""
        rows = await self.db.all(_FOREIGN_OFFERS if foreign else _OWN_OFFERS, {"id": talk.watched.id})
        if rows:
            parts = self.house.parts
            row = rows[number % len(rows)]
            member = talk.member
            begun = accepting.accept(
                self.db,
                parts.appender,
                parts.jobs,
                organization_id=member.organization_id,
                conversation_id=member.conversation_id,
                offer_id=row["id"],
            )
            await self._try(self._settled(begun, talk))
        await self.referee.look()

    async def buys(self, talk: Talk, number: int, **wanted: Any) -> None:
        """Buy now, at list price or with a code."""
        parts, products = self.house.parts, talk.watched.shop.product_ids
        purchase = start.Purchase(product_id=UUID(products[number % len(products)]), **wanted)
        begun = start.buy(
            self.db,
            parts.polar,
            parts.appender,
            parts.jobs,
            organization_id=talk.member.organization_id,
            conversation_id=talk.member.conversation_id,
            purchase=purchase,
            now=utc_now(),
        )
        await self._try(self._settled(begun, talk))
        await self.referee.look()

    async def _settled(self, begun: Awaitable[start.Started], talk: Talk) -> None:
        started = await begun
        await self.house.parts.performer.settle(
            organization_id=talk.member.organization_id, checkout_id=started.checkout_id
        )

    # The buyer, who holds the link

    async def plays_with(self, number: int, change: Mapping[str, Any], *, price: int | None = None) -> None:
        """Polar's public endpoint, by hand. `price`: another price of the same product."""
        checkout = await self._checkout(number)
        if checkout is None:
            return
        fields = dict(change)
        if price is not None:
            active = self.house.state.products.get(checkout.product_id).active_prices
            fields |= {"product_id": checkout.product_id, "product_price_id": active[price % len(active)].id}
        elif "product_id" in fields:
            fields["product_id"] = checkout.product_id
        await self._browse("PATCH", f"/v1/checkouts/client/{checkout.client_secret}", fields)
        await self.referee.look()

    async def pays(self, number: int, *, card: str = "ctoken_ok_1") -> None:
        checkout = await self._checkout(number)
        if checkout is None:
            return
        email = f"buyer-{len(list(self.house.state.orders))}@buyer-mail.com"
        body = {"confirmation_token_id": card, **BUYER, "customer_email": email}
        await self._browse("POST", f"/v1/checkouts/client/{checkout.client_secret}/confirm", body)
        await self.referee.look()

    async def _checkout(self, number: int) -> Any:
        rows = await self.db.all(_LINKS)
        return self.house.state.checkouts.find(str(rows[number % len(rows)]["polar_checkout_id"])) if rows else None

    async def _browse(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        try:
            await self.house.browser.request(method, path, json=body)
        except httpx.HTTPError:
            pass  # a fault was waiting for this call

    # The merchant

    async def changes_rules(self, rules: oracle.Rules) -> None:
        await self._set_rules(self.house.acme, rules)
        await self.referee.look()

    async def _set_rules(self, shop: Shop, rules: oracle.Rules) -> None:
        named = {
            shop.product_ids[int(index) % len(shop.product_ids)]: limits for index, limits in rules["products"].items()
        }
        written = {**rules, "products": named}
        if shop is self.house.acme:
            self.rules = rules
        self.referee.note_rules(shop, await self.house.set_rules(shop, written), written)

    async def decides(self, number: int, *, approves: bool, amount: int | None = None) -> None:
        """The merchant's word on an offer that waits, or on one that stands."""
        rows = await self.db.all(_PENDING if approves else _STANDING)
        if rows:
            row = rows[number % len(rows)]
            ids = {"organization_id": row["organization_id"], "offer_id": row["id"]}
            appender = self.house.parts.appender
            if approves:
                self.referee.approved.add(row["id"])
                await self._try(approval.approve(self.db, appender, **ids, amount=amount))
            else:
                await self._try(approval.decline(self.db, appender, **ids))
        await self.referee.look()

    async def reprices(self, number: int, percent: int, *, mirrored: bool) -> None:
        self._reprice(number, percent)
        if mirrored:
            await self.house.mirror(self.house.acme)
        await self.referee.look()

    def reprices_while(self, method: str, path: str, number: int, percent: int) -> None:
        """In the moment that such a call of ours comes in."""
        self.house.plan.when(method, path, lambda: self._reprice(number, percent))

    def _reprice(self, number: int, percent: int) -> None:
        """Fixed prices of a product become so many percent of what they are."""
        shop = self.house.acme
        index = number % len(shop.products)
        active = self.house.state.products.get(shop.product_ids[index]).active_prices
        if any(price.amount_type != "fixed" for price in active):
            return
        moved = [
            seeding.fixed(max(100, (price.price_amount or 0) * percent // 100), price.price_currency)
            for price in active
        ]
        self.house.reprice(shop, index, *moved)
        self.referee.note_prices(shop.product_ids[index])

    # A person, and other processes

    async def takes(self, talk: Talk) -> None:
        await self._try(self.house.parts.standing.take(**talk.ids, staff_name="Ann", reason=None))

    async def releases(self, talk: Talk) -> None:
        following = await self._try(self.house.parts.standing.release(**talk.ids))
        if following is not None:
            self.house.model.begin(talk.watched.id, (), await self._pools(talk))
            self.house.parts.runner.start(following)
            await self._runs_out()

    async def _meddle(self, act: Meddle) -> None:
        parts = self.house.parts
        talk = next(each for each in self.talks if each.watched.id == self.house.model.conversation_id)
        match act.deed:
            case "take":
                await self.takes(talk)
            case "cancel":
                turn_id = await self.db.value(_RUNNING)
                if turn_id is not None:
                    await self._try(parts.standing.cancel(**talk.ids, turn_id=turn_id))
            case "take_over":
                await self.db.run("update turns set owner = null where status = 'running'")
                await parts.runner.take_over()
            case "tighten":
                await self._set_rules(self.house.acme, {**self.rules, "max_discount_percent": 1})

    # Time, Polar's trouble, webhooks

    async def time_passes(self, *, offers_end: bool) -> None:
        """What waits is due: retries, sweeps, the jobs; `offers_end`: the offers' time is over."""
        if offers_end:
            await self.db.run("update offers set expires_at = clock_timestamp() - interval '1 minute'"
                              " where status in ('open', 'pending_approval', 'accepted')")  # fmt: skip
        parts = self.house.parts
        await self.db.run(_HURRY_CHECKOUTS)
        await watch.expire_due(self.db, parts.appender, parts.jobs)
        await self.db.run("update jobs set run_at = now() where status = 'pending'")
        await self.house.worker.run_due()
        await self.referee.look()

    def polar_fails(self, kind: Any, method: str, path: str) -> None:
        self.house.plan.add(kind, method=method, path=path, retry_after=1)

    async def webhooks_arrive(self, seed: int, *, some: bool) -> None:
        """In any order, some twice, and not all of them yet."""
        await self.house.state.settle()
        draw = random.Random(seed)
        events = [event for event in self.house.state.webhook_events if event.id not in self._delivered]
        chosen = [event for event in events if not some or draw.random() < 0.7]
        draw.shuffle(chosen)
        for event in chosen:
            self._delivered.add(event.id)
            endpoint = self.house.state.endpoints.get(event.endpoint_id)
            shop = next(s for s in self.house.shops if s.polar_organization.id == endpoint.organization_id)
            for _ in range(draw.choice((1, 1, 2))):
                await self._deliver(event, shop)
            if draw.random() < 0.3:
                await self.house.deliveries.apply_due()
        while await self.house.deliveries.apply_due():
            pass
        await self.referee.look()

    async def _deliver(self, event: entities.WebhookEvent, shop: Shop) -> None:
        """Signed as Polar signs, through our own door."""
        body, timestamp = event.payload.encode(), int(utc_now().timestamp())
        await self.house.inbox.receive(
            organization_id=shop.organization_id,
            webhook_id=event.id,
            timestamp=str(timestamp),
            signatures=signing.signature(
                WEBHOOK_SECRET, standard=True, event_id=event.id, timestamp=timestamp, body=body
            ),
            body=body,
        )

    async def ends(self) -> None:
        """Everything that is under way arrives; then the orders are judged."""
        self.house.plan.clear()
        await self.webhooks_arrive(0, some=False)
        await self.time_passes(offers_end=False)
        await self.webhooks_arrive(0, some=False)
        await self.referee.close()

    async def _pools(self, talk: Talk) -> dict[tuple[str, str], list[str]]:
        shop = talk.watched.shop
        other = self.house.rival if shop is self.house.acme else self.house.acme
        rows = await self.db.all(_FOREIGN_OFFERS, {"id": talk.watched.id})
        own = await self.db.all(_OWN_OFFERS, {"id": talk.watched.id})
        return {
            ("product", "own"): shop.product_ids,
            ("product", "foreign"): other.product_ids,
            ("product", "garbage"): ["", "x", str(shop.organization_id), "00000000-0000-4000-8000-000000000000"],
            ("offer", "own"): [str(row["id"]) for row in own],
            ("offer", "foreign"): [str(row["id"]) for row in rows],
            ("offer", "garbage"): ["", "x", str(talk.watched.id)],
        }

    async def _try(self, deed: Awaitable[Any]) -> Any:
        """Being refused is part of the play."""
        try:
            return await deed
        except (ExpectedError, PolarError):
            return None


_OPEN: Final = """
insert into conversations (id, organization_id, agent_id, channel, session_id, external_customer_id, context)
values (%(id)s, %(organization_id)s, %(agent_id)s, %(channel)s, %(session_id)s, %(customer)s, %(context)s)
"""
_RUNNING: Final = "select id from turns where status = 'running' limit 1"
_OWN_OFFERS: Final = "select id from offers where conversation_id = %(id)s order by id"
_FOREIGN_OFFERS: Final = "select id from offers where conversation_id <> %(id)s order by id"
_PENDING: Final = "select id, organization_id from offers where status = 'pending_approval' order by id"
_STANDING: Final = "select id, organization_id from offers where status in ('pending_approval', 'open') order by id"
_LINKS: Final = "select polar_checkout_id from checkouts where url is not null order by id desc"
_HURRY_CHECKOUTS: Final = """
update checkouts set next_try_at = now(), lease_until = null, sent_at = sent_at - interval '1 minute'
where status = 'creating'
"""
