"""Polar's webhooks in, and what became of them (API § 8)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.kit import pages
from agentpay.kit.caller import Merchant
from agentpay.kit.limits import LIST_LIMIT_DEFAULT
from agentpay.kit.wire import Limit
from agentpay.webhooks import repository
from agentpay.webhooks.apply import TOPIC
from agentpay.webhooks.inbox import Inbox

TAGS = ["webhooks"]


@post(
    "/v1/webhooks/polar/{organization_id:uuid}",
    status_code=202,
    operation_id="receive_webhook",
    tags=TAGS,
    opt={"refuses": (403,)},
)
async def receive_webhook(
    request: Request[Any, Any, Any], organization_id: FromPath[UUID], inbox: NamedDependency[Inbox]
) -> Response[None]:
    """Verify, store once by `webhook-id`, acknowledge; work comes later. Bad signatures are stored nowhere."""
    headers = dict(request.scope["headers"])
    await inbox.receive(
        organization_id=organization_id,
        webhook_id=text_of(headers, b"webhook-id"),
        timestamp=text_of(headers, b"webhook-timestamp"),
        signatures=text_of(headers, b"webhook-signature"),
        body=await request.body(),
    )
    return ACKNOWLEDGED


def text_of(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


class _NothingToSay(ASGIResponse):
    """The same answer each time: made once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Acknowledgement(Response[None]):
    """202 without a body."""

    def __init__(self) -> None:
        super().__init__(None, status_code=202)
        self._asgi = _NothingToSay()

    def to_asgi_response(self, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:  # type: ignore[override] # ours needs none of the options
        return self._asgi


ACKNOWLEDGED = Acknowledgement()


class DeliveryPublic(msgspec.Struct):
    """One webhook of Polar's and what became of it. Its body is not shown: it may hold secrets."""

    id: UUID
    webhook_id: str
    type: str
    status: Literal["received", "applied", "ignored", "parked"]
    attempt: int
    error: str | None
    sent_at: datetime
    received_at: datetime
    applied_at: datetime | None


@get("/v1/webhook-deliveries", status_code=200, operation_id="list_deliveries", tags=TAGS)
async def list_deliveries(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    status: FromQuery[Literal["received", "applied", "ignored", "parked"] | None] = None,
    limit: FromQuery[Limit] = LIST_LIMIT_DEFAULT,
    cursor: pages.Cursor = None,
) -> pages.Page[DeliveryPublic]:
    """What Polar sent, newest first."""
    rows = await repository.list_deliveries(
        db,
        organization_id=merchant.organization_id,
        status=status,
        before=pages.decode_cursor(cursor),
        limit=limit,
    )
    return pages.page_of(
        rows, limit=limit, id_of=lambda row: row["id"], render=lambda row: msgspec.convert(row, DeliveryPublic)
    )


@post("/v1/webhook-deliveries/{delivery_id:uuid}/retry", status_code=202, operation_id="retry_delivery", tags=TAGS)
async def retry_delivery(
    delivery_id: FromPath[UUID],
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    doorbell: NamedDependency[Doorbell],
) -> DeliveryPublic:
    """Apply it again, with all its tries. Applying twice changes nothing."""
    row = await repository.retry(db, organization_id=merchant.organization_id, delivery_id=delivery_id)
    doorbell.ring(TOPIC)
    return msgspec.convert(row, DeliveryPublic)


HANDLERS = [receive_webhook, list_deliveries, retry_delivery]
