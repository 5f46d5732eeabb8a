"""A small app of every kind of route behind the real gate, on the real database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec
import psycopg
import pytest
import pytest_asyncio
from litestar import Litestar, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, RawBody
from litestar.response import Stream

from agentpay.callers import cors
from agentpay.callers.admission import Admission
from agentpay.callers.credentials import Credentials
from agentpay.callers.endpoints import DEPENDENCIES, EXCEPTION_HANDLERS, JsonRequest
from agentpay.callers.gate import Gate
from agentpay.db.engine import Database
from agentpay.kit import errors
from agentpay.kit.caller import Client, Member, Merchant, Operator, Page
from tests.callers.cast import ADMIN_KEY, Shop, open_shop

SECRET_KEY_LIMIT = 30


class Bounds(msgspec.Struct, forbid_unknown_fields=True):
    min: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10)]
    count: int = 1
    bounds: Bounds | None = None
    tags: list[int] = []
    metadata: dict[str, str] = {}
    context: dict[str, Any] = {}


@get("/v1/organizations")
async def list_organizations(steward: NamedDependency[Operator | Merchant]) -> dict[str, str]:
    return {"steward": type(steward).__name__}


@get("/v1/orders")
async def list_orders(
    merchant: NamedDependency[Merchant], client: NamedDependency[Client], limit: FromQuery[int] = 20
) -> dict[str, Any]:
    return {"organization_id": merchant.organization_id, "limit": limit, "address": client.address}


@get("/v1/widget")
async def widget(page: NamedDependency[Page]) -> dict[str, Any]:
    return {"organization_id": page.organization_id, "origin": page.origin}


@get("/v1/agent/conversations/{conversation_id:uuid}")
async def conversation(conversation_id: FromPath[UUID], member: NamedDependency[Member]) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "is_staff": member.is_staff}


@get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@get("/metrics", opt={"caller": "operator"})
async def metrics() -> str:
    return "up 1"


@get("/docs", media_type="text/html")
async def docs() -> str:
    return "<h1>docs</h1>"


@get("/widget.js")
async def script() -> Response[str]:
    return Response("1", media_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"})


@get("/v1/broken")
async def broken() -> None:
    raise KeyError("Sam's words")


@get("/v1/outage")
async def outage() -> None:
    raise psycopg.OperationalError("server closed the connection; password=hunter2")


@get("/v1/stream")
async def stream() -> Stream:
    async def words() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        yield b"data: 2\n\n"

    return Stream(words, media_type="text/event-stream")


@post("/v1/webhooks/polar/{organization_id:uuid}")
async def webhook(organization_id: FromPath[UUID], body: RawBody) -> dict[str, int]:
    return {"bytes": len(body)}


class House:
    """The app, what its creating routes were asked to do, and how they behave next."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.app = app_of(self)
        self.reset()

    def reset(self, *, trusted_proxies: tuple[str, ...] = (), is_https: bool = False) -> None:
        """As new, but for the app, which takes longer to make than most tests take."""
        self.made: list[str] = []
        self.fails_with: errors.ExpectedError | None = None
        self.waits_for: asyncio.Event | None = None
        self.is_making = asyncio.Event()
        self.observed: list[tuple[str, str, int]] = []
        self.gate = Gate(
            self.app,  # type: ignore[arg-type]
            origins=cors.Origins(self.db),
            address_key=b"address key",
            trusted_proxies=trusted_proxies,
            is_https=is_https,
            observe=lambda method, template, status, seconds: self.observed.append((method, template, status)),
        )

    def client(self, *, address: str = "203.0.113.7") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.gate, client=(address, 1), raise_app_exceptions=True)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://agentpay.test")

    async def make(self, name: str) -> dict[str, str]:
        self.is_making.set()
        if self.waits_for is not None:
            await self.waits_for.wait()
        if self.fails_with is not None:
            raise self.fails_with
        self.made.append(name)
        return {"id": str(len(self.made)), "name": name, "secret_key": "ap_sk_shown-once"}


def app_of(house: House) -> Litestar:
    credentials = Credentials(house.db, admin_keys=[ADMIN_KEY])

    @post("/v1/organizations", opt={"idempotent": True, "secrets": ("secret_key",)})
    async def create_organization(operator: NamedDependency[Operator], data: JSONBody[Thing]) -> dict[str, str]:
        return await house.make(data.name)

    @post("/v1/agent/conversations", opt={"idempotent": True})
    async def start(starter: NamedDependency[Page | Merchant], data: JSONBody[Thing]) -> dict[str, str]:
        return await house.make(data.name)

    @post("/v1/agent/conversations/{conversation_id:uuid}/checkouts", opt={"idempotent": True})
    async def checkout(member: NamedDependency[Member], data: JSONBody[Thing]) -> dict[str, str]:
        return await house.make(data.name)

    @post("/v1/agent/conversations/{conversation_id:uuid}/speak", opt={"idempotent": True})
    async def speak(member: NamedDependency[Member]) -> Stream:
        house.made.append("speech")
        return Stream(iter([b"data: 1\n\n"]), media_type="text/event-stream")

    return Litestar(
        [
            list_organizations, list_orders, widget, conversation, healthz, metrics, docs, script, broken, outage,
            stream, webhook, create_organization, start, checkout, speak,
        ],
        dependencies=DEPENDENCIES,
        exception_handlers=EXCEPTION_HANDLERS,
        request_class=JsonRequest,
        middleware=[Admission(house.db, credentials=credentials, secret_key_requests_per_minute=SECRET_KEY_LIMIT)],
        logging_config=None,
        openapi_config=None,
    )  # fmt: skip


@pytest.fixture(scope="session")
def open_house(open_database: Database) -> House:
    return House(open_database)


@pytest.fixture
def house(db: Database, open_house: House) -> House:
    open_house.reset()
    return open_house


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as opened:
        yield opened


@pytest_asyncio.fixture
async def acme(db: Database) -> Shop:
    return await open_shop(db)
