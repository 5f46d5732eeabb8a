"""Acme Candles on a stand-in, for tests that act once and look at everything."""

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from agentpay.sandbox.polar import buyer, constants, entities, seeding, settings
from agentpay.sandbox.polar.app import create_app
from agentpay.sandbox.polar.state import PolarState

Json = dict[str, Any]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Shop:
    """A stand-in without sockets, whose clock stands still until it is moved."""

    def __init__(self, **config: Any) -> None:
        self.now = NOON
        self.state = PolarState(clock=lambda: self.now, config=settings.for_tests(**config))
        self.acme = self.state.add_organization("Acme Candles")
        self.token = self.state.add_token(self.acme)
        self.app = create_app(self.state)
        self.http = self.client(self.token)
        self.candle = self.state.add_product(self.acme, "Beeswax candle", prices=[seeding.fixed(9500)])

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url=self.state.settings.public_url, headers=headers
        )

    async def call(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """The decoded answer; fails when it is an error, unless that is the awaited `status`."""
        response = await self.http.request(method, path, json=body)
        assert response.status_code == status if status is not None else response.is_success, response.text
        is_json = response.headers.get("content-type") == "application/json" and response.content
        return response.json() if is_json else response.text

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def settle(self) -> None:
        await self.state.settle()

    async def offer(self, product: entities.Product | None = None, **terms: Any) -> Json:
        """A one-time discount of 10.00 for one product."""
        body: Json = {
            "type": "percentage" if "basis_points" in terms else "fixed",
            "name": "Your offer 7F3K",
            "duration": "once",
            "max_redemptions": 1,
            "products": [(product or self.candle).id],
            **({} if "basis_points" in terms else {"amounts": {"usd": 1000}}),
            **terms,
        }
        return await self.call("POST", "/v1/discounts/", body)  # type: ignore[no-any-return]

    async def checkout(self, product: entities.Product | None = None, **fields: Any) -> Json:
        body = {"products": [(product or self.candle).id], "allow_discount_codes": False, "currency": "usd", **fields}
        return await self.call("POST", "/v1/checkouts/", body)  # type: ignore[no-any-return]

    async def buyer_changes(self, checkout: Json, *, status: int = 200, **fields: Any) -> Any:
        return await self.call("PATCH", f"/v1/checkouts/client/{checkout['client_secret']}", fields, status=status)

    async def pay(self, checkout: Json, *, status: int = 200, **fields: Any) -> Any:
        """Confirm; the answer as decoded JSON. Payment follows when the shop settles."""
        async with self.client() as http:
            response = await buyer.confirm(http, checkout["url"], **fields)
        assert response.status_code == status, response.text
        return response.json()

    async def buy(self, checkout: Json, **fields: Any) -> Json:
        """Pay, let everything happen, and give the order."""
        await self.pay(checkout, **fields)
        await self.settle()
        return await self.order_of(checkout)

    async def order_of(self, checkout: Json) -> Json:
        found = await self.call("GET", f"/v1/orders/?checkout_id={checkout['id']}")
        (order,) = found["items"]
        return order  # type: ignore[no-any-return]

    async def seen(self, checkout: Json) -> Json:
        return await self.call("GET", f"/v1/checkouts/{checkout['id']}")  # type: ignore[no-any-return]

    async def listen(self, receive: Callable[[httpx.Request], httpx.Response], **fields: Any) -> Json:
        """Register an endpoint and have its deliveries end in `receive`."""
        assert self.app.runner is not None
        self.app.runner.http = httpx.AsyncClient(transport=httpx.MockTransport(receive))
        body = {"url": "https://hooks.acme.io/polar", "format": "raw", "events": list(constants.EVENT_TYPES), **fields}
        return await self.call("POST", "/v1/webhooks/endpoints", body)  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def open_shop(**config: Any) -> AsyncIterator[Shop]:
    shop = Shop(**config)
    async with shop.app.running(), shop.http:
        yield shop


def first_error(answer: Json) -> tuple[list[Any], str]:
    """Where and what, of a validation answer."""
    return answer["detail"][0]["loc"], answer["detail"][0]["msg"]
