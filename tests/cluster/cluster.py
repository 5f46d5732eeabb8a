"""AgentPay as it is installed: web processes and workers on one database, beside a local Polar and a slow model.

Processes are real: what happens to them is what signals do. Polar and the model live in the test's own process, over
HTTP. `clustered(database_url)` gives the cluster with two webs and two workers.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
from cryptography.fernet import Fernet

from agentpay.db.engine import Database
from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.settings import for_tests
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import Stage
from agentpay.serve import Running
from tests.cast import Shop
from tests.cluster.balancer import Balancer
from tests.cluster.nursery import Birth, Nursery
from tests.cluster.process import Process
from tests.llm.providers.anthropic_server import AnthropicServer

WEBS = ("web-1", "web-2")
WORKERS = ("worker-1", "worker-2")
HTTP_SECONDS = 60.0
# Well before the server closes them: a request must not meet a connection that is just being closed.
IDLE_SECONDS_MAX = 1.0
RULES = {"max_discount_percent": 15, "require_approval_above": 15}


class Cluster:
    """What runs. `environ` is what every process gets; `start` may add to it."""

    def __init__(
        self, *, database_url: str, db: Database, polar: PolarState, polar_url: str, model: AnthropicServer, logs: Path,
        nursery: Nursery, environ: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.database_url = database_url
        self.db = db
        self.polar = polar
        self.polar_url = polar_url
        self.model = model
        self.processes: dict[str, Process] = {}
        self._environ = dict(environ)
        self._logs = logs
        self._nursery = nursery
        self._births = 0

    def urls(self) -> list[str]:
        """The web processes of this moment."""
        return [process.url for process in self.processes.values() if process.url and process.is_alive]

    def url(self, name: str) -> str:
        return self.processes[name].url

    async def start(self, *names: str, **environ: str) -> None:
        """(Re)start processes by name, `web-…` or `worker-…`, and wait until they serve; those that run stay."""
        born = [self._bear(name, environ) for name in names if not self.is_running(name)]
        for process in born:
            await process.started("web.started" if process.name.startswith("web") else "worker.started")

    async def heal(self, *names: str) -> None:
        """The usual processes run again, or just `names`."""
        for process in self.processes.values():
            process.thaw()
        await self.start(*(names or (*WEBS, *WORKERS)))

    def is_running(self, name: str) -> bool:
        process = self.processes.get(name)
        return process is not None and process.is_alive

    async def kill(self, *names: str) -> None:
        for name in names:
            await self.processes[name].kill()

    def _bear(self, name: str, environ: Mapping[str, str]) -> Process:
        self._births += 1
        log = self._logs / f"{self._births:03}-{name}.log"
        arguments = ["web", "--port", "0", "--no-worker"] if name.startswith("web") else ["worker"]
        pid = self._nursery.bear(Birth(arguments, {**self._environ, **environ}, str(log)))
        self.processes[name] = Process(name, pid, log)
        return self.processes[name]

    async def until(self, sql: str, *params: object, seconds: float = 20) -> Any:
        """The value that the query finds, as soon as it finds one."""
        async with asyncio.timeout(seconds):
            while (found := await self.db.value(sql, params)) is None:  # noqa: ASYNC110 (the condition is in the database)
                await asyncio.sleep(0.01)
        return found

    @asynccontextmanager
    async def client(self, name: str) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody whose connections end at this very process."""
        limits = httpx.Limits(keepalive_expiry=IDLE_SECONDS_MAX)
        async with httpx.AsyncClient(
            base_url=self.url(name), timeout=HTTP_SECONDS, trust_env=False, limits=limits
        ) as http:
            yield http

    async def shop(
        self, http: httpx.AsyncClient, *, name: str = "Acme Candles", provider: str = "anthropic",
        rules: Mapping[str, Any] = RULES, **organization: Any,
    ) -> Shop:  # fmt: skip
        """A merchant whose Wick speaks through `provider`, with a synced catalogue and Polar's webhooks."""
        place = Stage(cast(Running, None), self.polar, self.polar_url, http)
        agent = {"name": "Wick", "rules": rules, "config": {"llm_provider": provider}}
        opened = await stage.open_shop(place, name=name, stock=_stock, agents=(agent,), **organization)
        return Shop(
            place.service, http, opened.organization_id, opened.secret_key, opened.publishable_key, opened.agents[0]
        )


def _stock(state: PolarState, organization: entities.Organization) -> None:
    state.add_product(organization, "Lavender candle", prices=[seeding.fixed(9500)], description="Beeswax, 40 hours.")


@asynccontextmanager
async def clustered(database_url: str, *, word_seconds: float = 0.03, **environ: str) -> AsyncIterator[Cluster]:
    """The cluster on a migrated database, none of its processes started yet."""
    polar, model = PolarState(config=for_tests()), AnthropicServer(word_seconds=word_seconds)
    async with AsyncExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agentpay-cluster-")))
        db = Database(database_url)
        await db.open()
        stack.push_async_callback(db.close)
        polar_url = await stack.enter_async_context(serve(polar))
        await stack.enter_async_context(model.serving())
        balancer = await stack.enter_async_context(Balancer(lambda: cluster.urls()).serving())
        nursery = stack.enter_context(Nursery())
        cluster = Cluster(
            database_url=database_url, db=db, polar=polar, polar_url=polar_url, model=model, logs=logs,
            nursery=nursery, environ={**_environ(database_url, model.url, balancer.url), **environ},
        )  # fmt: skip
        yield cluster


def _environ(database_url: str, model_url: str, public_url: str) -> dict[str, str]:
    return {
        **stage.ENVIRON,
        "PATH": os.environ.get("PATH", ""),
        "AGENTPAY_DATABASE_URL": database_url,
        "AGENTPAY_PUBLIC_URL": public_url,
        "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "AGENTPAY_POOL_MAX": "6",
        "AGENTPAY_STREAMS_PER_CONVERSATION": "50",
        "AGENTPAY_LOG_LEVEL": "info",
        "ANTHROPIC_API_KEY": "x",
        "ANTHROPIC_BASE_URL": model_url,
    }
