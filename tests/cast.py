"""The cast of the tests, at the front door: a merchant's shop, its visitors, their streams."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from agentpay.kit import ids
from agentpay.serve import Running

ADMIN_KEY = "operator-key-of-the-tests"
# One for all houses of a test process: whichever worker takes a job can read the secrets that it needs.
ENCRYPTION_KEY = "q1sRZ7yZzfXbUBQyV0m8bC3DFIz0bYb8tqHkSPq5HqA="
ORIGIN = "http://localhost:3000"
LISTEN_SECONDS = 15.0


@dataclass
class Event:
    id: str | None
    name: str
    data: dict[str, Any]


@dataclass
class Visitor:
    """Somebody with a conversation token."""

    http: httpx.AsyncClient
    conversation: dict[str, Any]
    token: str
    messages: list[dict[str, Any]]
    last_event_id: str

    @property
    def id(self) -> str:
        return str(self.conversation["id"])

    @property
    def base(self) -> str:
        return f"/v1/agent/conversations/{self.id}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def get(self, path: str = "", **options: Any) -> httpx.Response:
        return await self.http.get(self.base + path, headers=self.headers | options.pop("headers", {}), **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = self.headers | options.pop("headers", {})
        return await self.http.post(self.base + path, json=body, headers=headers, **options)

    async def say(self, content: str, **headers: str) -> dict[str, Any]:
        """Say something and wait for the reply; the Turn."""
        answer = await self.post("/messages", {"content": content}, headers=headers)
        assert answer.status_code == 200, answer.text
        turn: dict[str, Any] = answer.json()
        return turn

    @asynccontextmanager
    async def stream(self, *, last_event_id: str | None = None, **headers: str) -> AsyncIterator["Stream"]:
        asked = {"Last-Event-ID": last_event_id} if last_event_id else {}
        async with self.http.stream("GET", f"{self.base}/events", headers=self.headers | asked | headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            yield Stream(answer)

    @asynccontextmanager
    async def say_streaming(self, content: str) -> AsyncIterator["Stream"]:
        headers = self.headers | {"Accept": "text/event-stream"}
        body = {"content": content}
        async with self.http.stream("POST", f"{self.base}/messages", json=body, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            yield Stream(answer)


@dataclass
class Stream:
    """Server-sent events as they arrive: never buffered."""

    answer: httpx.Response
    _events: AsyncIterator[Event] | None = field(default=None, init=False)

    def __aiter__(self) -> AsyncIterator[Event]:
        if self._events is None:
            self._events = self._read()
        return self._events

    async def _read(self) -> AsyncIterator[Event]:
        event = Event(None, "", {})
        async for line in self.answer.aiter_lines():
            if line.startswith("id: "):
                event.id = line[4:]
            elif line.startswith("event: "):
                event.name = line[7:]
            elif line.startswith("data: "):
                event.data = json.loads(line[6:])
            elif not line and event.name:
                yield event
                event = Event(None, "", {})

    async def until(self, name: str, **data: Any) -> list[Event]:
        """Events up to the first of that name (and with that data), it included."""
        heard: list[Event] = []
        async with asyncio.timeout(LISTEN_SECONDS):
            async for event in self:
                heard.append(event)
                if event.name == name and all(event.data.get(key) == value for key, value in data.items()):
                    return heard
        raise AssertionError(f"the stream ended before {name}: {[event.name for event in heard]}")

    async def rest(self) -> list[Event]:
        """Everything until the server ends the stream."""
        async with asyncio.timeout(LISTEN_SECONDS):
            return [event async for event in self]


@dataclass
class Shop:
    """A merchant of the service."""

    service: Running
    http: httpx.AsyncClient
    organization_id: UUID
    secret_key: str
    publishable_key: str
    agent: dict[str, Any]

    @property
    def secret(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret_key}"}

    @property
    def page(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.publishable_key}", "Origin": ORIGIN}

    async def visitor(self, http: httpx.AsyncClient | None = None, **body: Any) -> Visitor:
        """Somebody opens the chat on Acme's page."""
        answer = await (http or self.http).post("/v1/agent/conversations", json=body, headers=self.page)
        assert answer.status_code in (200, 201), answer.text
        return visitor_of(http or self.http, answer.json())

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, headers=self.secret | options.pop("headers", {}), **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = self.secret | options.pop("headers", {})
        return await self.http.post(path, json=body, headers=headers, **options)

    async def patch(self, path: str, body: Any) -> httpx.Response:
        return await self.http.patch(path, json=body, headers=self.secret)


def visitor_of(http: httpx.AsyncClient, started: dict[str, Any]) -> Visitor:
    return Visitor(http, started["conversation"], started["token"], started["messages"], started["last_event_id"])


async def open_shop(service: Running, http: httpx.AsyncClient, *, name: str, **agent: Any) -> Shop:
    """A merchant as `POST /v1/organizations` leaves it, but for Polar, which these tests do not need."""
    db, organization_id = service.parts.db, ids.uuid7()
    secret_key, publishable_key = ids.new_secret("ap_sk_"), ids.new_secret("ap_pk_")
    await db.run(
        """insert into organizations (id, name, status, polar_environment, polar_base_url, allowed_origins)
        values (%s, %s, 'active', 'custom', 'http://127.0.0.1:9', %s)""",
        (organization_id, name, [ORIGIN]),
    )
    for kind, key in (("secret", secret_key), ("publishable", publishable_key)):
        await db.run(
            """insert into api_keys (id, organization_id, kind, name, key_hash, publishable_key, last4)
            values (%s, %s, %s, 'tests', %s, %s, %s)""",
            (
                ids.uuid7(),
                organization_id,
                kind,
                ids.secret_hash(key),
                key if kind == "publishable" else None,
                key[-4:],
            ),
        )
    shop = Shop(service, http, organization_id, secret_key, publishable_key, {})
    made = await shop.post("/v1/agents", {"name": "Wick", **agent})
    assert made.status_code == 201, made.text
    shop.agent = made.json()
    return shop
