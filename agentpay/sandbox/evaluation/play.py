"""Plays one buyer's script at the front door: HTTP as a browser does it, the local Polar's pay page, the events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from random import Random
from typing import Any, Final

import httpx

from agentpay.sandbox.evaluation.moves import Accept, Await, Move, Pay, Say, Screen, Script, seen
from agentpay.sandbox.evaluation.persona import Persona, Wish
from agentpay.sandbox.evaluation.record import Step, Talk
from agentpay.sandbox.polar import buyer as pay_page
from agentpay.sandbox.stage import ORIGIN, Refused, StagedShop

MOVES_MAX: Final = 24
TURN_SECONDS_MAX: Final = 90.0
ORDER_SECONDS_MAX: Final = 15.0
LOOK_SECONDS: Final = 0.25
MESSAGES_MAX: Final = 100

_COST: Final = """
select coalesce(sum(cost), 0)::bigint as cost, coalesce(sum(input_tokens + output_tokens), 0)::bigint as tokens
from turns where organization_id = %(organization_id)s and conversation_id = %(conversation_id)s
"""


async def play(shop: StagedShop, persona: Persona, wish: Wish, *, run: int, chance: Random) -> Talk:
    """The whole talk. A script that does not end is stopped after `MOVES_MAX` moves."""
    visit = await _Visit.begin(shop, merchant_approves=persona.merchant == "approves")
    steps = await _follow(persona.script(wish, chance), visit)
    conversation = await visit.get("")
    spent = await shop.stage.service.parts.db.one(
        _COST, {"organization_id": shop.organization_id, "conversation_id": conversation["id"]}
    )
    return Talk(
        buyer=persona.name,
        wish=wish.product,
        run=run,
        conversation_id=conversation["id"],
        steps=tuple(steps),
        offers=tuple((await visit.get("/offers"))["items"]),
        checkouts=tuple((await visit.get("/checkouts"))["items"]),
        orders=tuple((await shop.call("GET", f"/v1/orders?conversation_id={conversation['id']}"))["items"]),
        approved_offers=frozenset(visit.approved),
        is_handed_off=conversation["handoff"]["state"] != "none",
        **(spent or {"cost": 0, "tokens": 0}),
    )


async def _follow(script: Script, visit: "_Visit") -> list[Step]:
    steps: list[Step] = []
    screen = Screen()
    try:
        move = next(script)
        while len(steps) < MOVES_MAX:
            step = await visit.make(move)
            steps.append(step)
            screen = _after(screen, step)
            move = script.send(screen)
    except StopIteration:
        pass
    script.close()
    return steps


def _after(screen: Screen, step: Step) -> Screen:
    after = seen(screen, list(step.messages))
    button = step.bought if step.bought is not None else after.button
    return Screen(
        after.text, after.fresh, after.products, after.offers, button, after.order, refused=step.refusal is not None
    )


class _Visit:
    """One browser with one conversation. `approved`: offers that the merchant said yes to."""

    def __init__(self, shop: StagedShop, started: dict[str, Any], *, merchant_approves: bool) -> None:
        self.approved: set[str] = set()
        self._shop = shop
        self._http = shop.stage.http
        self._id = started["conversation"]["id"]
        self._headers = {"Authorization": f"Bearer {started['token']}", "Origin": ORIGIN}
        self._newest = started["messages"][-1]["id"] if started["messages"] else None
        self._merchant_approves = merchant_approves

    @classmethod
    async def begin(cls, shop: StagedShop, *, merchant_approves: bool) -> "_Visit":
        page = {"Authorization": f"Bearer {shop.publishable_key}", "Origin": ORIGIN}
        answer = await shop.stage.http.post("/v1/agent/conversations", json={}, headers=page)
        return cls(shop, answer.raise_for_status().json(), merchant_approves=merchant_approves)

    async def make(self, move: Move) -> Step:
        """A call that fails is what a visitor would see too: nothing happens."""
        try:
            return await self._do(move)
        except (httpx.HTTPError, Refused) as error:
            return Step(move, refusal=f"{type(error).__name__}: {error}")

    async def _do(self, move: Move) -> Step:
        if isinstance(move, Say):
            return await self._say(move)
        if isinstance(move, Accept):
            return await self._accept(move)
        if isinstance(move, Pay):
            return await self._pay(move)
        return await self._await_word(move)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self._http.get(self._path(path), headers=self._headers, params=query)
        return answer.raise_for_status().json()

    async def _say(self, move: Say) -> Step:
        answer = await self._post("/messages", {"content": move.text})
        if not answer.is_success:
            return Step(move, refusal=answer.text)
        turn = answer.json()
        try:
            async with asyncio.timeout(TURN_SECONDS_MAX):
                while turn["status"] in ("queued", "running"):
                    await asyncio.sleep(LOOK_SECONDS)
                    turn = await self.get(f"/turns/{turn['id']}")
        except TimeoutError:
            return Step(move)
        return Step(move, turn_status=turn["status"], messages=await self._new_messages())

    async def _accept(self, move: Accept) -> Step:
        answer = await self._post(f"/offers/{move.offer_id}/accept")
        if not answer.is_success:
            return Step(move, refusal=answer.text)
        checkout = answer.json()
        bought = {**checkout, "checkout_url": checkout["url"]}
        return Step(move, messages=await self._new_messages(), bought=bought)

    async def _pay(self, move: Pay) -> Step:
        since = (await self.get(""))["last_event_id"]
        answer = await pay_page.confirm(self._http, move.url, card=move.card)
        if not answer.is_success:
            return Step(move, refusal=answer.text)
        try:
            async with asyncio.timeout(ORDER_SECONDS_MAX):
                await self._until_order(since)
        except TimeoutError:
            return Step(move, refusal="no order came of it")
        return Step(move, messages=await self._new_messages())

    async def _until_order(self, since: str) -> None:
        headers = {**self._headers, "Last-Event-ID": since}
        async with self._http.stream("GET", self._path("/events"), headers=headers) as answer:
            answer.raise_for_status()
            async for name, data in _events(answer):
                is_told = name == "message.created" and any(each["type"] == "order" for each in data["attachments"])
                if is_told:
                    return

    async def _await_word(self, move: Await) -> Step:
        query = f"conversation_id={self._id}&status=pending_approval"
        for offer in (await self._shop.call("GET", f"/v1/offers?{query}"))["items"]:
            word = "approve" if self._merchant_approves else "decline"
            await self._shop.call("POST", f"/v1/offers/{offer['id']}/{word}", {} if self._merchant_approves else None)
            if self._merchant_approves:
                self.approved.add(offer["id"])
        return Step(move, messages=await self._new_messages())

    async def _new_messages(self) -> tuple[Mapping[str, Any], ...]:
        """The shop's messages since the last look, as the visitor reads them."""
        after = {"after": self._newest} if self._newest is not None else {}
        items = (await self.get("/messages", limit=MESSAGES_MAX, **after))["items"]
        if items:
            self._newest = items[-1]["id"]
        return tuple(item for item in items if item["role"] != "user")

    async def _post(self, path: str, body: Any = None) -> httpx.Response:
        return await self._http.post(self._path(path), json=body, headers=self._headers)

    def _path(self, path: str) -> str:
        return f"/v1/agent/conversations/{self._id}{path}"


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Name and data of server-sent events as they arrive."""
    name, data = "", ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data = line[6:]
        elif not line and name:
            yield name, json.loads(data)
            name = ""
