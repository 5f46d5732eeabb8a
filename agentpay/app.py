"""The HTTP application: every package's handlers, the gate around them. Composes everything, contains nothing."""

import hashlib
from functools import partial
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler

from agentpay import __version__, docs_page, operations
from agentpay.agents import endpoints as agents
from agentpay.analytics import endpoints as analytics
from agentpay.callers import endpoints as callers
from agentpay.callers import openapi
from agentpay.callers.admission import Admission
from agentpay.callers.asgi import App
from agentpay.callers.cors import Origins
from agentpay.callers.credentials import Credentials
from agentpay.callers.gate import Gate
from agentpay.catalog import endpoints as catalog
from agentpay.checkout import endpoints as checkout
from agentpay.compose import Parts
from agentpay.conversations import endpoints as conversations
from agentpay.kit import wire
from agentpay.kit.errors import NotFound
from agentpay.knowledge import endpoints as knowledge
from agentpay.metrics import Metrics
from agentpay.offers import endpoints as offers
from agentpay.organizations import endpoints as organizations
from agentpay.privacy import endpoints as privacy
from agentpay.turns import endpoints as turns
from agentpay.turns import spending
from agentpay.understanding import endpoints as understanding
from agentpay.understanding.intents import AgentType
from agentpay.webhooks import endpoints as webhooks
from agentpay.webhooks.inbox import Inbox
from agentpay.widget import endpoints as widget

PACKAGES = (
    organizations,
    agents,
    catalog,
    knowledge,
    conversations,
    turns,
    offers,
    checkout,
    webhooks,
    privacy,
    analytics,
    understanding,
    widget,
    operations,
)


def create_app(parts: Parts, *, metrics: Metrics | None = None) -> App:
    """The ASGI application over `parts`, which the caller has started (`compose.started`)."""
    settings = parts.settings
    metrics = metrics or Metrics()
    litestar = _routed(parts, metrics=metrics, contract=Contract())
    return Gate(
        litestar,  # type: ignore[arg-type] # Litestar's own ASGI types are TypedDicts of the same shape
        origins=Origins(parts.db),
        address_key=hashlib.sha256(settings.encryption_keys[0].encode()).digest(),
        trusted_proxies=settings.trusted_proxies,
        is_https=bool(settings.public_url and settings.public_url.startswith("https:")),
        observe=metrics.observe,
        tracer=parts.tracer,
    )


def contract(parts: Parts) -> dict[str, Any]:
    """The OpenAPI document of this code. `parts` need not be started: nothing is asked of them."""
    made = Contract()
    return made.document(_routed(parts, metrics=Metrics(), contract=made))


def _routed(parts: Parts, *, metrics: Metrics, contract: "Contract") -> Litestar:
    handlers: list[ControllerRouterHandler] = [handler for package in PACKAGES for handler in package.HANDLERS]
    admission = Admission(
        parts.db,
        credentials=Credentials(parts.db, admin_keys=parts.settings.admin_keys),
        secret_key_requests_per_minute=parts.settings.secret_key_requests_per_minute,
    )
    return Litestar(
        [*handlers, openapi_document, docs],
        dependencies={**callers.DEPENDENCIES, **_provided(parts, metrics, contract)},
        plugins=[contract.structs],
        exception_handlers=callers.EXCEPTION_HANDLERS,
        middleware=[admission],  # type: ignore[list-item] # Litestar's own ASGI types are TypedDicts of the same shape
        request_class=callers.JsonRequest,
        openapi_config=OpenAPIConfig(
            title="AgentPay", version=__version__, render_plugins=[JsonRenderPlugin()], openapi_router=_nowhere()
        ),
        logging_config=None,
        debug=False,
    )


def _nowhere() -> Router:
    """Litestar serves a raw schema of its own, and pages with other people's scripts, unless told where: nowhere."""

    async def refuse(request: Request[Any, Any, Any]) -> None:
        raise NotFound

    return Router("/schema", route_handlers=[], include_in_schema=False, before_request=refuse)


def _provided(parts: Parts, metrics: Metrics, contract: "Contract") -> dict[str, Provide]:
    settings = parts.settings
    values: dict[str, Any] = {
        "db": parts.db,
        "doorbell": parts.doorbell,
        "hub": parts.hub,
        "appender": parts.appender,
        "jobs": parts.jobs,
        "vault": parts.vault,
        "inbox": Inbox(parts.db, parts.doorbell, parts.vault, clock=parts.clock, observe=metrics.webhooks.received),
        "polar": parts.polar,
        "clock": parts.clock,
        "agents_cache": parts.agents_cache,
        "toolbox": parts.toolbox,
        "performer": parts.performer,
        "coupon_tries_per_conversation": settings.coupon_tries_per_conversation,
        "runner": parts.runner,
        "reception": parts.reception,
        "standing": parts.standing,
        "live_state": parts.live_state,
        "opinion": parts.opinion,
        "opinion_providers": parts.models.names(),
        "opinion_payer": partial(spending.payer_of, parts.db),
        "metrics": metrics,
        "contract": contract,
        "public_url": settings.public_url,
        "redis_url": settings.redis_url,
        "allow_private_addresses": settings.allow_private_addresses,
        "start_limits": conversations.StartLimits(
            per_address=settings.starts_per_address_per_minute, per_key=settings.starts_per_key_per_minute
        ),
    }
    return {name: Provide(_always(value), sync_to_thread=False) for name, value in values.items()}


def _always(value: Any) -> Any:
    def provide() -> Any:
        return value

    return provide


# Named in the contract (API § 1) although handlers know them as plain words.
ENUMS = {"AgentType": [one.value for one in AgentType]}


class Contract:
    """The OpenAPI document of one app, made once, when first asked for."""

    def __init__(self) -> None:
        self.structs = openapi.StructSchemas()
        self._document: dict[str, Any] | None = None

    def document(self, app: Litestar) -> dict[str, Any]:
        if self._document is None:
            self._document = openapi.document(app, structs=self.structs, enums=ENUMS)
        return self._document


@get("/openapi.json", status_code=200, operation_id="openapi", include_in_schema=False)
async def openapi_document(request: Request[Any, Any, Any], contract: NamedDependency[Contract]) -> Response[bytes]:
    """The contract, as this process serves it."""
    return Response(wire.encode(contract.document(request.app)), media_type="application/json")


@get("/docs", status_code=200, operation_id="docs", include_in_schema=False)
async def docs(request: Request[Any, Any, Any], contract: NamedDependency[Contract]) -> Response[str]:
    """The contract as a page."""
    page = docs_page.render(contract.document(request.app))
    return Response(page, media_type="text/html", headers=docs_page.HEADERS)
