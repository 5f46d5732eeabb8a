"""A stand-in that lives through a recorded session: same clock, same ids, same calls."""

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from agentpay.sandbox.polar import entities, seeding, settings
from agentpay.sandbox.polar.app import create_app
from agentpay.sandbox.polar.runner import Runner
from agentpay.sandbox.polar.state import PolarState
from tests.sandbox_polar.compare import Ids, differences
from tests.sandbox_polar.recordings import Exchange

ACME = "0ff6c993-75af-4c96-b41a-d31a8ee828bb"
RIVAL = "b8fd0990-21d3-4b4c-82dd-1da22623c63b"
SERVED_AT = "http://127.0.0.1:58000"
ACME_TOKEN = "polar_oat_PLACEHOLDER_1"
RIVAL_TOKEN = "polar_oat_PLACEHOLDER_2"
READER_TOKEN = "polar_oat_PLACEHOLDER_4"


class World:
    """One state whose clock stands at the exchange being replayed; webhooks end in a list."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        config = settings.PolarSettings(
            public_url=SERVED_AT,
            default_version="2026-04",
            rate_per_minute=None,
            pending_rate_per_minute=None,
            confirm_limits=False,
            confirm_seconds=0.0,
        )
        self.state = PolarState(clock=lambda: self.now, config=config)
        self.ids = Ids()
        self.webhooks: list[httpx.Request] = []
        self.runner = Runner(self.state, httpx.AsyncClient(transport=httpx.MockTransport(self._receive)))
        self.acme = self._merchant("Acme Commerce", ACME, ACME_TOKEN)
        self.rival = self._merchant("Rival Shop", RIVAL, RIVAL_TOKEN)
        self.state.add_token(
            self.acme, ["products:read"], secret=READER_TOKEN, expires_at=start + timedelta(minutes=10)
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_app(self.state)),
            base_url=SERVED_AT,
        )

    def _merchant(self, name: str, id: str, token: str) -> entities.Organization:
        organization = self.state.add_organization(name, id=id, email="support@acme-commerce.example.com")
        self.state.add_token(organization, secret=token)
        return organization

    def _receive(self, request: httpx.Request) -> httpx.Response:
        self.webhooks.append(request)
        return httpx.Response(202)

    async def pass_time(self, until: datetime) -> None:
        """Let everything happen that was due until then, each thing at its own time."""
        while jobs := [job for job in self.state.jobs if job.due <= until]:
            self.now = max(self.now, min(job.due for job in jobs))
            await self.runner.settle()
        self.now = max(self.now, until)
        await self.runner.settle()

    async def send(self, exchange: Exchange) -> httpx.Response:
        """The recorded call, with ids as they are here."""
        headers = {"user-agent": "recorder/1.0", "accept": "application/json", **exchange.headers}
        body: bytes | None = None
        if isinstance(exchange.body, str):
            body = exchange.body.encode()
        elif exchange.body is not None:
            body = msgspec.json.encode(exchange.body)
        if body is not None:
            body = self.ids.translate(body.decode()).encode()
        path = self.ids.translate(exchange.path)
        return await self.http.request(exchange.method, path, headers=headers, content=body)

    async def replay(self, exchange: Exchange) -> list[str]:
        """What is different from the recording."""
        response = await self.send(exchange)
        if response.status_code != exchange.status:
            return [f"status {exchange.status} recorded, {response.status_code} here: {response.text[:500]}"]
        found = list(_header_differences(exchange, response, self.ids))
        body: Any = response.text
        if response.headers.get("content-type") == "application/json" and response.content:
            body = response.json()
        if exchange.answer in (None, "") and body in (None, ""):
            return found
        found += differences(exchange.answer, body, self.ids)
        if isinstance(body, dict) and "client_secret" in body:
            self._adopt_secret(body, exchange)
        return found

    def _adopt_secret(self, body: dict[str, Any], exchange: Exchange) -> None:
        """Let the checkout keep the secret that the recording's later calls name."""
        checkout = self.state.checkouts.find(body["id"])
        recorded = exchange.answer["client_secret"]
        if checkout is not None and checkout.client_secret != recorded:
            self.state.checkouts.put(msgspec.structs.replace(checkout, client_secret=recorded))

    # Things that were there before the recording begins

    def product(self, name: str, *prices: seeding.PriceFields, id: str, price_ids: list[str], **fields: Any) -> None:
        """A product under its recorded id, with its prices under theirs."""
        made = self.state.add_product(self.acme, name, prices=prices, id=id, **fields)
        for price, price_id in zip(made.prices, price_ids, strict=True):
            price.id = price_id

    def discount(self, id: str, **fields: Any) -> entities.Discount:
        row = entities.Discount(
            id=id,
            created_at=self.now,
            organization_id=ACME,
            name=fields.pop("name", "Your offer"),
            type="percentage" if "basis_points" in fields else "fixed",
            duration=fields.pop("duration", "once"),
            **fields,
        )
        return self.state.discounts.put(row)


def _header_differences(exchange: Exchange, response: httpx.Response, ids: Ids) -> list[str]:
    ours = {name: value for name, value in response.headers.items() if name not in ("content-length", "location")}
    recorded = {name: value for name, value in exchange.answer_headers.items() if name != "location"}
    found = [
        f"header {name}: {recorded.get(name)!r} recorded, {ours.get(name)!r} here"
        for name in sorted(recorded.keys() | ours.keys())
        if recorded.get(name) != ours.get(name)
    ]
    place = ids.translate(exchange.answer_headers.get("location", "")) or None
    if place is not None and not re.fullmatch(re.escape(place), response.headers.get("location", "")):
        found.append(f"header location: {place!r} recorded, {response.headers.get('location')!r} here")
    return found
