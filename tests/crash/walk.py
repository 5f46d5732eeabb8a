"""One visitor's way over the money path, whoever dies under him: asked → offered → accepted → checkout → paid → told.

Every step is asked again elsewhere when the process that was asked is gone, as a browser would. `Walk` stops nowhere:
what it waits for must come, or the case has failed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

import httpx
import msgspec

from agentpay.sandbox.polar import entities
from tests.cast import Shop, Visitor
from tests.cluster.cluster import IDLE_SECONDS_MAX, Cluster
from tests.cluster.listener import Listener
from tests.turns.conftest import US

STEP_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.02
QUESTIONS = ("Do you have a lavender candle?", "Could you make it cheaper?")


class Walked(msgspec.Struct):
    """What the visitor was shown, by the time everything had settled."""

    conversation_id: str
    offer: dict[str, Any]
    checkout: dict[str, Any]
    link: str
    """Where the buyer paid."""
    messages: list[dict[str, Any]]
    replies: int
    restarts: int


class Walk:
    """`died` is called before anything is asked anew: it brings back what is to be brought back."""

    def __init__(
        self, cluster: Cluster, shop: Shop, *, first: str, other: str, died: Callable[[], Awaitable[None]]
    ) -> None:
        self.cluster = cluster
        self.shop = shop
        self._first = first
        self._other = other
        self._died = died
        self._sam: Visitor
        self._listener: Listener

    async def __aenter__(self) -> Self:
        limits = httpx.Limits(keepalive_expiry=IDLE_SECONDS_MAX)
        self._http = httpx.AsyncClient(timeout=STEP_SECONDS_MAX, trust_env=False, limits=limits)
        started = await self._http.post(
            f"{self.cluster.url(self._other)}/v1/agent/conversations", json={}, headers=self.shop.page
        )
        begun = started.json()
        self._sam = Visitor(
            self._http, begun["conversation"], begun["token"], begun["messages"], begun["last_event_id"]
        )
        self._listener = Listener(self._sam, lambda: [self.cluster.url(self._other)])
        await self._listener.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._listener.__aexit__()
        await self._http.aclose()

    @property
    def conversation_id(self) -> str:
        return self._sam.id

    async def haggle(self) -> dict[str, Any]:
        """Ask for the candle and for less; the offer that came of it."""
        for number, question in enumerate(QUESTIONS, 1):
            headers = {"Idempotency-Key": f"{self._sam.id}:{number}", "Prefer": "respond-async"}
            await self._ask("POST", "/messages", {"content": question}, **headers)
            await self._until(lambda number=number: len(self._listener.screen.turns) == number)  # type: ignore[misc] # mypy: lambda default
        offers = (await self._ask("GET", "/offers")).json()["items"]
        assert len(offers) == 1, offers
        offer: dict[str, Any] = offers[0]
        return offer

    async def accept(self, offer: dict[str, Any]) -> dict[str, Any]:
        """Take the offer; its checkout, open."""
        checkout: dict[str, Any] = (await self._ask("POST", f"/offers/{offer['id']}/accept")).json()
        async with asyncio.timeout(STEP_SECONDS_MAX):
            while checkout["status"] == "creating":
                await self._look()
                checkout = (await self._ask("GET", f"/checkouts/{checkout['id']}")).json()
        return checkout

    async def pay(self, checkout: dict[str, Any]) -> None:
        """The buyer's browser pays on Polar's page, by the link that he was given."""
        secret = checkout["url"].rsplit("/", 1)[1].split("?")[0]
        body = {
            "confirmation_token_id": "ctoken_ok_1", "customer_email": "sam@buyer-mail.com",
            "customer_name": "Sam Visitor", "customer_billing_address": US,
        }  # fmt: skip
        answer = await self._http.post(f"{self.cluster.polar_url}/v1/checkouts/client/{secret}/confirm", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text

    async def told(self) -> None:
        """Wait until the conversation has heard of the order."""
        await self._until(lambda: any(_is_order(message) for message in self._listener.screen.messages.values()))

    async def walked(self, offer: dict[str, Any], checkout: dict[str, Any]) -> Walked:
        screen = self._listener.screen
        items = (await self._ask("GET", "/messages")).json()["items"]
        offers = (await self._ask("GET", "/offers")).json()["items"]
        latest = (await self._ask("GET", f"/checkouts/{checkout['id']}")).json()
        assert [offer["id"] for offer in offers] == [offer["id"]]
        return Walked(self._sam.id, offers[0], latest, checkout["url"], items, len(screen.replies), screen.restarts)

    async def _ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Ask the first replica; where that one dies over it, the other one."""
        for name in (self._first, self._other):
            if not self.cluster.is_running(name):
                continue
            url = f"{self.cluster.url(name)}{self._sam.base}{path}"
            try:
                answer = await self._http.request(method, url, json=body, headers=self._sam.headers | headers)
            except httpx.TransportError:
                await self._died()
                continue
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer
        raise AssertionError(f"{method} {path}: nobody was there")

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(STEP_SECONDS_MAX):
            while not condition():
                await self._look()
                await self._listener.until(lambda _: True)  # raises what the screen found broken

    async def _look(self) -> None:
        await self._died()
        await asyncio.sleep(LOOK_SECONDS)


def _is_order(message: dict[str, Any]) -> bool:
    return any(attachment["type"] == "order" for attachment in message["attachments"])


def of_conversation(rows: Any, conversation_id: str) -> list[Any]:
    """Polar's checkouts or discounts that were made for the conversation."""
    return [row for row in rows if row.metadata.get("agentpay_conversation_id") == conversation_id]


def usable_discounts(cluster: Cluster, conversation_id: str) -> list[str]:
    now = cluster.polar.now()
    found: list[entities.Discount] = of_conversation(cluster.polar.discounts, conversation_id)
    return [each.id for each in found if each.ends_at is None or each.ends_at > now]


def payable_checkouts(cluster: Cluster, conversation_id: str) -> list[str]:
    """Those with our concession on them: what somebody could pay below the list price."""
    found: list[entities.Checkout] = of_conversation(cluster.polar.checkouts, conversation_id)
    return [each.id for each in found if each.status == "open" and each.discount_id is not None]
