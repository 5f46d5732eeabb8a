"""The HTTP application: every package's handlers, the gate around them. Composes everything, contains nothing."""

import hashlib
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.types import ControllerRouterHandler

from agentpay import __version__, docs_page, operations
from agentpay.agents import endpoints as agents
from agentpay.analytics import endpoints as analytics
from agentpay.callers import endpoints as callers
from agentpay.callers.admission import Admission
from agentpay.callers.asgi import App
from agentpay.callers.cors import Origins
from agentpay.callers.credentials import Credentials
from agentpay.callers.gate import Gate
from agentpay.checkout import endpoints as checkout
from agentpay.compose import Parts
from agentpay.conversations import endpoints as conversations
from agentpay.knowledge import endpoints as knowledge
from agentpay.offers import endpoints as offers
from agentpay.organizations import endpoints as organizations
from agentpay.privacy import endpoints as privacy
from agentpay.turns import endpoints as turns
from agentpay.understanding import endpoints as understanding
from agentpay.webhooks import endpoints as webhooks

PACKAGES = (
    organizations,
    agents,
    knowledge,
    conversations,
    turns,
    offers,
    checkout,
    webhooks,
    privacy,
    analytics,
    understanding,
    operations,
)


def create_app(parts: Parts, *, metrics: operations.Metrics | None = None) -> App:
    """The ASGI application over `parts`, which the caller has started (`compose.started`)."""
    settings = parts.settings
    metrics = metrics or operations.Metrics()
    credentials = Credentials(parts.db, admin_keys=settings.admin_keys)
    handlers: list[ControllerRouterHandler] = [handler for package in PACKAGES for handler in package.HANDLERS]
    litestar = Litestar(
        [*handlers, openapi_document, docs],
        dependencies={**callers.DEPENDENCIES, **_provided(parts, metrics)},
        exception_handlers=callers.EXCEPTION_HANDLERS,
        middleware=[
            Admission(
                parts.db,
                credentials=credentials,
                secret_key_requests_per_minute=settings.secret_key_requests_per_minute,
            )  # type: ignore[list-item] # Litestar's own ASGI types are TypedDicts of the same shape
        ],
        request_class=callers.JsonRequest,
        openapi_config=OpenAPIConfig(title="AgentPay", version=__version__, path="/schema", render_plugins=[]),
        logging_config=None,
        debug=False,
    )
    return Gate(
        litestar,  # type: ignore[arg-type] # Litestar's own ASGI types are TypedDicts of the same shape
        origins=Origins(parts.db),
        address_key=hashlib.sha256(settings.encryption_keys[0].encode()).digest(),
        trusted_proxies=settings.trusted_proxies,
        is_https=bool(settings.public_url and settings.public_url.startswith("https:")),
        observe=metrics.observe,
    )


def _provided(parts: Parts, metrics: operations.Metrics) -> dict[str, Provide]:
    settings = parts.settings
    values: dict[str, Any] = {
        "db": parts.db,
        "doorbell": parts.doorbell,
        "hub": parts.hub,
        "appender": parts.appender,
        "jobs": parts.jobs,
        "vault": parts.vault,
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
        "metrics": metrics,
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


@get("/openapi.json", status_code=200, operation_id="openapi", tags=["operations"], include_in_schema=False)
async def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The contract, as this process serves it."""
    return Response(
        msgspec.json.encode(request.app.openapi_schema.to_schema()),
        media_type="application/vnd.oai.openapi+json",
    )


@get("/docs", status_code=200, operation_id="docs", tags=["operations"], include_in_schema=False)
async def docs(request: Request[Any, Any, Any]) -> Response[str]:
    """The contract as a page."""
    return Response(docs_page.render(request.app.openapi_schema.to_schema()), media_type="text/html")
