"""The organizations' routes behind the real gate, on the real database, beside a Polar that can be told to fail."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar
from litestar.di import Provide

from agentpay.callers import cors
from agentpay.callers.admission import Admission
from agentpay.callers.credentials import Credentials
from agentpay.callers.endpoints import DEPENDENCIES, EXCEPTION_HANDLERS, JsonRequest
from agentpay.callers.gate import Gate
from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.egress import Egress
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.in_process import Worker
from agentpay.kit.clock import utc_now
from agentpay.organizations import jobs as organization_jobs
from agentpay.organizations.endpoints import HANDLERS
from agentpay.organizations.secrets import Vault
from agentpay.polar.client import Credential
from agentpay.polar.gateway import PolarGateway
from agentpay.sandbox.polar.seeding import SCOPES
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.settings import for_tests
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.store import Table
from tests.conftest import empty

ADMIN_KEY = "the-operators-admin-key"
ENCRYPTION_KEYS = ("q1sRZ7yZzfXbUBQyV0m8bC3DFIz0bYb8tqHkSPq5HqA=", "hVb9h1m2iYc3oH6tU4mF8mB2Zp0mKk1Kc1Qe2b0Zb7E=")
PUBLIC_URL = "https://pay.agentpay.example"


@dataclass
class Operator:
    """The operator's desk: HTTP calls, Polar's stand-in, and what the worker would do."""

    db: Database
    http: httpx.AsyncClient
    state: PolarState
    polar_url: str
    worker: Worker
    vault: Vault
    synced: list[UUID] = field(default_factory=list)

    def polar_token(self, *, without: str = "", name: str = "Acme Candles", **fields: Any) -> str:
        """A token of a new merchant at Polar."""
        merchant = self.state.add_organization(name, **fields)
        return self.state.add_token(merchant, [scope for scope in SCOPES if scope != without])

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = ADMIN_KEY,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        named = {"Authorization": f"Bearer {key}", **(headers or {})}
        if body is None:
            return await self.http.request(method, f"/v1/organizations{path}", headers=named)
        return await self.http.request(method, f"/v1/organizations{path}", headers=named, json=body)

    async def register(self, **changes: Any) -> dict[str, Any]:
        """Acme Candles, registered; the answer of `POST /v1/organizations`."""
        answer = await self.call("POST", "", self.wish(**changes))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def wish(self, *, token: str | None = None, **changes: Any) -> dict[str, Any]:
        polar = {
            "environment": "custom",
            "base_url": self.polar_url,
            "access_token": token or self.polar_token(),
        }
        return {"name": "Acme Candles", "polar": polar, **changes}

    async def jobs_waiting(self) -> set[str]:
        rows = await self.db.all("select kind from jobs where status = 'pending'")
        return {row["kind"] for row in rows}


@pytest_asyncio.fixture
async def db(quiet_database: Database) -> AsyncIterator[Database]:
    """Nobody else's worker takes the jobs of these tests."""
    yield quiet_database
    await empty(quiet_database)


@pytest.fixture
def public_url() -> str | None:
    return PUBLIC_URL


@pytest.fixture
def allow_private() -> bool:
    return True


class Office:
    """What takes long to make, made once for each set-up: the app, the clients, the worker."""

    def __init__(self, db: Database, *, public_url: str | None, allow_private: bool) -> None:
        doorbell = Doorbell(db)
        jobs = Jobs(doorbell)
        self.vault = Vault(ENCRYPTION_KEYS)
        self.polar = PolarGateway(db, credentials=self._credential)
        self.egress = Egress(allow_private=allow_private)
        self.synced: list[UUID] = []
        self._db = db
        handlers = organization_jobs.handlers(
            db, jobs, self.vault, self.polar, self.egress, public_url=public_url, clock=utc_now
        )
        self.worker = Worker(db, doorbell, handlers={**handlers, "catalog.sync": self._sync}, schedules={})
        given = {
            "db": db, "jobs": jobs, "vault": self.vault, "polar": self.polar, "public_url": public_url,
            "allow_private_addresses": allow_private,
        }  # fmt: skip
        credentials = Credentials(db, admin_keys=[ADMIN_KEY])
        app = Litestar(
            HANDLERS,
            dependencies={**DEPENDENCIES, **{name: value_of(value) for name, value in given.items()}},
            exception_handlers=EXCEPTION_HANDLERS,
            request_class=JsonRequest,
            middleware=[Admission(db, credentials=credentials, secret_key_requests_per_minute=1_000)],
            logging_config=None,
            openapi_config=None,
        )
        self.gate = Gate(app, origins=cors.Origins(db), address_key=b"address key")  # type: ignore[arg-type] # Litestar's own ASGI types

    async def close(self) -> None:
        await self.polar.close()
        await self.egress.close()

    async def _credential(self, organization_id: UUID) -> Credential:
        row = await self._db.one("select * from organizations where id = %s", (organization_id,))
        assert row is not None
        token = await self.vault.current(self._db, organization_id, "polar_token")
        return Credential(base_url=row["polar_base_url"], environment=row["polar_environment"], token=token or "")

    async def _sync(self, arguments: dict[str, Any]) -> None:
        self.synced.append(UUID(arguments["organization_id"]))


@pytest_asyncio.fixture(scope="session")
async def offices(quiet_database: Database) -> AsyncIterator[Callable[..., Office]]:
    """Offices by their set-up."""
    opened: dict[tuple[str | None, bool], Office] = {}

    def office(*, public_url: str | None, allow_private: bool) -> Office:
        key = (public_url, allow_private)
        if key not in opened:
            opened[key] = Office(quiet_database, public_url=public_url, allow_private=allow_private)
        return opened[key]

    yield office
    for office_ in opened.values():
        await office_.close()


@pytest_asyncio.fixture(scope="session")
async def twin() -> AsyncIterator[tuple[PolarState, str]]:
    """Polar's stand-in and its address: starting and stopping it takes longer than a test."""
    state = PolarState(config=for_tests())
    async with serve(state) as url:
        yield state, url


def emptied(state: PolarState) -> PolarState:
    for table in vars(state).values():
        if isinstance(table, Table):
            for row in list(table):
                table.drop(row.id)
    state.faults.pending.clear()
    state.calls.clear()
    state.settings.insecure_endpoints = True
    return state


@pytest_asyncio.fixture
async def desk(
    db: Database,
    offices: Callable[..., Office],
    twin: tuple[PolarState, str],
    public_url: str | None,
    allow_private: bool,
) -> AsyncIterator[Operator]:
    office, (state, url) = offices(public_url=public_url, allow_private=allow_private), twin
    office.synced.clear()
    transport = httpx.ASGITransport(office.gate)  # type: ignore[arg-type] # httpx's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="http://agentpay.test") as http:
        yield Operator(db, http, emptied(state), url, office.worker, office.vault, office.synced)


def value_of(value: Any) -> Provide:
    def provide() -> Any:
        return value

    return Provide(provide, sync_to_thread=False)


@dataclass
class Inbox:
    """The merchant's server: what it was sent, and what it answers."""

    url: str = ""
    status: int = 204
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
        self.received.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def inbox() -> AsyncIterator[Inbox]:
    made = Inbox()
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/agentpay"
    async with listener:
        yield made
