"""`dev`: a whole AgentPay on one machine, with a shop to try it in.

1. Lock `var`, recall what was kept, choose the ports.
2. Start the embedded PostgreSQL (or take AGENTPAY_DATABASE_URL) and migrate.
3. Serve the local Polar (or take AGENTPAY_POLAR_ACCESS_TOKEN) and AgentPay with its worker.
4. Make or find the demo merchant, serve its storefront, write `var/dev.json`, print the URL.
5. On Ctrl-C or SIGTERM stop all of it, data intact.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec
import psycopg
import sqlalchemy as sa

from agentpay import settings as settings_module
from agentpay.sandbox.demo import local_polar, merchant
from agentpay.sandbox.handout import Handout, environment_of, write_handout
from agentpay.sandbox.memory import Memory, Merchant, recall, remember
from agentpay.sandbox.places import DevError, Places, claim, postgres_home, reset
from agentpay.sandbox.polar import settings as polar_settings
from agentpay.sandbox.polar.serve import serve as serve_polar
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.postgres import DataUnusable, EmbeddedPostgres, PostgresError
from agentpay.sandbox.serving import HOST, check_port, free_port, serving
from agentpay.sandbox.storefront.catalogue import Catalogue
from agentpay.sandbox.storefront.site import Shop, create_site
from agentpay.settings import Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"
PORT_DEFAULT = 8400
SANDBOX_URL = "https://sandbox-api.polar.sh"
DRAIN_SECONDS = 1
EMBEDDED = "postgresql:///embedded"
"""Stands in the settings for the embedded server's URL until that server runs."""
HTTP_SECONDS = 30.0


class Service(Protocol):
    """AgentPay itself, handed in from above: served meanwhile, with an in-process worker if wanted."""

    def __call__(
        self, settings: Settings, *, host: str, port: int, with_worker: bool, wrap: Callable[[Any], Any]
    ) -> AbstractAsyncContextManager[Any]: ...


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line. Port 0 takes a free one."""

    var: Path
    port: int = PORT_DEFAULT
    reset: bool = False


def run(wishes: Wishes, environ: Mapping[str, str], *, service: Service, tell: Callable[[str], None]) -> None:
    """Run `dev` until a signal comes. Raises `DevError` or `SettingsError` with one sentence."""
    places = Places(wishes.var.resolve())
    refuse_contradictions(wishes, environ)
    with holding(places) as memory_file:
        if wishes.reset:
            reset(places)
        places.handout.unlink(missing_ok=True)  # until this start is ready, nobody shall join the last one
        memory = recall(memory_file)
        port = choose_ports(memory, wishes, is_local=not environ.get("AGENTPAY_POLAR_ACCESS_TOKEN"))
        remember(memory_file, memory)
        given = settings(environ, memory, port=port)
        with database(places, given.database_url) as database_url:
            given = msgspec.structs.replace(given, database_url=database_url)
            dev = Dev(places, memory, given, port=port, service=service, tell=tell)
            run_until_signal(dev.serve)


def refuse_contradictions(wishes: Wishes, environ: Mapping[str, str]) -> None:
    if environ.get("AGENTPAY_POLAR_BASE_URL") and not environ.get("AGENTPAY_POLAR_ACCESS_TOKEN"):
        raise DevError("AGENTPAY_POLAR_ACCESS_TOKEN must be set beside AGENTPAY_POLAR_BASE_URL.")
    if wishes.reset and environ.get("AGENTPAY_DATABASE_URL"):
        raise DevError("--reset does not empty the database of AGENTPAY_DATABASE_URL: empty it yourself, or unset it.")


@contextlib.contextmanager
def holding(places: Places) -> Iterator[Path]:
    """Hold the installation's lock; gives the path of its memory. What the disk refuses becomes a sentence."""
    try:
        with claim(places):
            yield places.memory
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise DevError("Another program took one of the ports while dev was starting: try again.") from error
        if error.filename is None:
            raise
        raise DevError(f"{error.filename} cannot be used: {error.strerror}.") from error
    except DataUnusable as error:
        raise DevError(f"{str(error).rstrip('.')}. If the data may go, start with --reset.") from error
    except PostgresError as error:
        raise DevError(str(error)) from error


def choose_ports(memory: Memory, wishes: Wishes, *, is_local: bool) -> int:
    """Write the ports of storefront and local Polar into `memory` on the first start; returns AgentPay's own."""
    port = wishes.port or free_port()
    check_port(port, purpose="API (--port chooses another)")
    if memory.storefront_port is None:
        memory.storefront_port = free_port(near=port + 1, taken=(port,))
    kept = {"storefront": memory.storefront_port}
    if is_local:
        memory.polar_port = memory.polar_port or free_port(near=port + 2, taken=(port, memory.storefront_port))
        kept["local Polar"] = memory.polar_port
    for purpose, kept_port in kept.items():
        if kept_port == port:
            raise DevError(f"Port {port} is already the port of this installation's {purpose}: choose another --port.")
        check_port(kept_port, purpose=purpose)
    return port


@contextlib.contextmanager
def database(places: Places, given_url: str) -> Iterator[str]:
    """A migrated database meanwhile: the given one, or an embedded one that keeps its data for `EMBEDDED`.

    To be entered in the main thread: the embedded server dies with the thread that started it.
    """
    if given_url != EMBEDDED:
        migrated(given_url)
        yield given_url
        return
    server = EmbeddedPostgres(postgres_home(places, is_root=os.geteuid() == 0))
    try:
        url = server.start()
        migrated(url)
        yield url
    finally:
        server.stop()


def migrated(url: str) -> None:
    """Bring the database to this code's schema, unless it is there: asking is quicker than loading Alembic."""
    try:
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            known = connection.execute("select to_regclass('alembic_version')").fetchone()
            current = known and known[0] and connection.execute("select version_num from alembic_version").fetchone()
        if not current or current[0] != latest_revision():
            from agentpay.db import migrate

            migrate.upgrade(url)
    except psycopg.OperationalError as error:
        raise DevError(f"The database cannot be reached: {first_line(error)}") from error
    except sa.exc.SQLAlchemyError as error:
        raise DevError(f"The database could not be migrated: {first_line(error)}") from error


def latest_revision() -> str:
    """From the names of the migration files, which begin with it."""
    return max(path.stem.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))


def first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") + "."


def settings(environ: Mapping[str, str], memory: Memory, *, port: int) -> Settings:
    """This installation's settings: what the environment says, else what `dev` keeps. Raises `SettingsError`."""
    defaults = {
        "database_url": EMBEDDED,
        "admin_keys": memory.admin_key,
        "encryption_keys": memory.encryption_key,
        "public_url": f"http://{HOST}:{port}",
        "allow_private_addresses": "true",
        "drain_seconds": str(DRAIN_SECONDS),
        "log_level": "warning",
    }
    return settings_module.read(environ, defaults=defaults)


def run_until_signal(serve: Callable[[], Any]) -> None:
    """Run `serve()` until SIGINT or SIGTERM cancels it; a second one ends the process at once."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(serve())
        asked = 0

        def stop() -> None:
            nonlocal asked
            asked += 1
            if asked > 1:
                os._exit(1)
            task.cancel()

        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, stop)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())


class Dev:
    """One running installation: everything above the database."""

    def __init__(
        self,
        places: Places,
        memory: Memory,
        settings: Settings,
        *,
        port: int,
        service: Service,
        tell: Callable[[str], None],
    ) -> None:
        self.places = places
        self.memory = memory
        self.settings = settings
        self.port = port
        self.service = service
        self.tell = tell
        self.base_url = f"http://{HOST}:{port}"
        self.storefront_url = f"http://{HOST}:{memory.storefront_port}"

    async def serve(self) -> None:
        """Serve all of it until cancelled."""
        async with contextlib.AsyncExitStack() as stack:
            polar_url, token, polar_name = await self._polar(stack)
            await stack.enter_async_context(
                self.service(self.settings, host=HOST, port=self.port, with_worker=True, wrap=self._with_front_door)
            )
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=self.base_url, timeout=HTTP_SECONDS, trust_env=False)
            )
            settled = await self._merchant(http, polar_url=polar_url, token=token, name=polar_name)
            await stack.enter_async_context(self._storefront(settled))
            write_handout(self.places.handout, self._handout(settled))
            self.tell(
                f"AgentPay is running. Open {self.storefront_url}   (keys: {self.places.handout}, Ctrl-C stops it)"
            )
            await asyncio.Event().wait()

    async def _polar(self, stack: contextlib.AsyncExitStack) -> tuple[str, str, str]:
        """The Polar to sell through: base URL, token, and the name under which its merchant is remembered."""
        if token := self.settings.polar_access_token:
            url = (self.settings.polar_base_url or SANDBOX_URL).rstrip("/")
            return url, token, f"{url} {hashlib.sha256(token.encode()).hexdigest()[:12]}"
        state = open_polar(self.places)
        stack.callback(state.close)
        account = local_polar.settle(state)
        assert self.memory.polar_port is not None
        url = await stack.enter_async_context(serve_polar(state, host=HOST, port=self.memory.polar_port))
        return url, account.access_token, merchant.LOCAL

    async def _merchant(self, http: httpx.AsyncClient, *, polar_url: str, token: str, name: str) -> Merchant:
        def keep(settled: Merchant) -> None:
            self.memory.merchants[name] = settled
            remember(self.places.memory, self.memory)

        desk = merchant.Desk(http, admin_key=self.settings.admin_keys[0], keep=keep)
        wish = merchant.Wish(
            polar_url=polar_url,
            polar_access_token=token,
            is_local=name == merchant.LOCAL,
            public_url=self.settings.public_url or self.base_url,
            storefront_url=self.storefront_url,
            provider=provider_of(self.settings),
        )
        return await desk.settle(self.memory.merchants.get(name), wish)

    @contextlib.asynccontextmanager
    async def _storefront(self, settled: Merchant) -> AsyncIterator[None]:
        shop = Shop(
            base_url=self.base_url,
            publishable_key=settled.publishable_key,
            polar_url=settled.polar_url,
            default_currency="usd",
            is_live=bool(self.settings.polar_access_token),
        )
        async with httpx.AsyncClient(timeout=HTTP_SECONDS) as http:
            catalogue = Catalogue(http, polar_url=settled.polar_url, access_token=settled.polar_access_token)
            assert self.memory.storefront_port is not None
            async with serving(create_site(shop, catalogue.products), port=self.memory.storefront_port):
                yield

    def _with_front_door(self, app: Any) -> Any:
        """Whoever opens the API's bare address in a browser is shown to the shop."""

        async def front_door(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["path"] != "/":
                await app(scope, receive, send)
                return
            location = (b"location", self.storefront_url.encode())
            await send({"type": "http.response.start", "status": 307, "headers": [location, (b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

        return front_door

    def _handout(self, settled: Merchant) -> Handout:
        return Handout(
            base_url=self.base_url,
            storefront_url=self.storefront_url,
            polar_url=settled.polar_url,
            admin_key=self.settings.admin_keys[0],
            organization_id=settled.organization_id,
            secret_key=settled.secret_key,
            publishable_key=settled.publishable_key,
            identity_secret=settled.identity_secret,
            polar_access_token=settled.polar_access_token,
            webhook_secret=settled.webhook_secret,
            agent_ids=settled.agent_ids,
            environment=environment_of(self.settings),
        )


def open_polar(places: Places) -> PolarState:
    """The local Polar with what it kept. Raises `DevError` when that cannot be read."""
    places.polar_state.touch(mode=0o600)
    try:
        return PolarState(places.polar_state, config=polar_settings.for_dev())
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise DevError(
            f"{places.polar_state} cannot be read: start with --reset to throw the kept data away."
        ) from error


def provider_of(settings: Settings) -> merchant.Provider:
    """A real model where there is a key for one, or an endpoint of one's own that may need none."""
    if settings.anthropic_api_key:
        return "anthropic"
    return "openai" if settings.openai_api_key or settings.openai_base_url else "template"
