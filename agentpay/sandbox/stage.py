"""A whole AgentPay in this process for a while: web, worker, a local Polar; merchants made through the front door.

For `agentpay eval` and tests: everything is real but Polar, the clock of payments and, where given, the models.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
from cryptography.fernet import Fernet

from agentpay import settings as settings_module
from agentpay.kit.spans import Tracer
from agentpay.llm.port import Provider
from agentpay.sandbox.polar import entities
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.settings import PolarSettings, for_tests
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.serving import free_port
from agentpay.serve import Running, running

ADMIN_KEY: Final = "operator-of-the-stage"
ORIGIN: Final = "http://localhost:3000"
HTTP_SECONDS: Final = 60.0
SYNC_SECONDS_MAX: Final = 20.0
LOOK_SECONDS: Final = 0.01

# No limit that a stage full of visitors behind one address would hit by accident.
ENVIRON: Final[Mapping[str, str]] = {
    "AGENTPAY_ADMIN_KEYS": ADMIN_KEY,
    "AGENTPAY_ALLOW_PRIVATE_ADDRESSES": "true",
    "AGENTPAY_DRAIN_SECONDS": "1",
    "AGENTPAY_STARTS_PER_ADDRESS_PER_MINUTE": "1000000",
    "AGENTPAY_STARTS_PER_KEY_PER_MINUTE": "1000000",
    "AGENTPAY_MESSAGES_PER_CONVERSATION_PER_MINUTE": "10000",
    "AGENTPAY_SECRET_KEY_REQUESTS_PER_MINUTE": "1000000",
    "AGENTPAY_STANDING_OFFERS_PER_ADDRESS": "100000",
    "AGENTPAY_STREAMS_PER_ADDRESS": "10000",
    "AGENTPAY_LOG_LEVEL": "error",
}


class Refused(Exception):
    """AgentPay did not take what the stage's merchant asked for: a mistake of the play, not of a visitor."""


class Stage(msgspec.Struct, frozen=True):
    service: Running
    polar: PolarState
    polar_url: str
    http: httpx.AsyncClient


class StagedShop(msgspec.Struct, frozen=True):
    """A merchant with a synced catalogue. `agent_ids` in the order they were asked for."""

    stage: Stage
    organization_id: UUID
    polar_organization: entities.Organization
    polar_token: str
    secret_key: str
    publishable_key: str
    identity_secret: str
    agents: tuple[dict[str, Any], ...]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """As the merchant, with the secret key. Raises Refused."""
        return await _call(self.stage.http, method, path, self.secret_key, body)


@asynccontextmanager
async def staged(
    database_url: str,
    *,
    providers: Mapping[str, Provider] | None = None,
    polar: PolarSettings | None = None,
    environ: Mapping[str, str] | None = None,
    tracer: Tracer | None = None,
) -> AsyncIterator[Stage]:
    """The house on a migrated database. `providers`: models by name, None = those that `environ` has keys for.
    `tracer`: None = as `environ` says."""
    state = PolarState(config=polar or for_tests())
    port = free_port()
    settings = settings_module.read(
        {
            **ENVIRON,
            "AGENTPAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "AGENTPAY_DATABASE_URL": database_url,
            "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            **(environ or {}),
        }
    )
    async with (
        serve(state) as polar_url,
        running(settings, port=port, with_worker=True, providers=providers, tracer=tracer) as service,
        httpx.AsyncClient(base_url=service.url, timeout=HTTP_SECONDS) as http,
    ):
        yield Stage(service, state, polar_url, http)


async def open_shop(
    stage: Stage,
    *,
    name: str,
    stock: Callable[[PolarState, entities.Organization], None],
    agents: tuple[Mapping[str, Any], ...],
    **organization: Any,
) -> StagedShop:
    """A merchant with this stock at Polar and these agents; its catalogue is synced and it hears Polar's webhooks."""
    polar_organization = stage.polar.add_organization(name)
    stock(stage.polar, polar_organization)
    token = stage.polar.add_token(polar_organization)
    body = {
        "name": name,
        "polar": {"access_token": token, "environment": "custom", "base_url": stage.polar_url},
        "allowed_origins": [ORIGIN],
        **organization,
    }
    made = await _call(stage.http, "POST", "/v1/organizations", ADMIN_KEY, body)
    key, path = made["secret_key"], f"/v1/organizations/{made['id']}"
    hired = [await _call(stage.http, "POST", "/v1/agents", key, agent) for agent in agents]
    await _call(stage.http, "POST", f"{path}/webhook", key)
    async with asyncio.timeout(SYNC_SECONDS_MAX):
        while (await _call(stage.http, "GET", path, key))["catalog"]["synced_at"] is None:  # noqa: ASYNC110 (asked over HTTP)
            await asyncio.sleep(LOOK_SECONDS)
    return StagedShop(
        stage=stage,
        organization_id=UUID(made["id"]),
        polar_organization=polar_organization,
        polar_token=token,
        secret_key=key,
        publishable_key=made["publishable_key"],
        identity_secret=made["identity_secret"],
        agents=tuple(hired),
    )


async def _call(http: httpx.AsyncClient, method: str, path: str, key: str, body: Any = None) -> Any:
    answer = await http.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})
    if not answer.is_success:
        raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
    return answer.json() if answer.content else None
