"""Polar's webhooks in, and what became of them (API § 8)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.kit import pages
from agentpay.kit.caller import Merchant
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotAllowed
from agentpay.kit.limits import LIST_LIMIT_DEFAULT
from agentpay.kit.wire import Limit
from agentpay.organizations.secrets import Vault
from agentpay.webhooks import inbox, repository
from agentpay.webhooks.apply import TOPIC
from agentpay.webhooks.signature import is_genuine

TAGS = ["webhooks"]


@post(
    "/v1/webhooks/polar/{organization_id:uuid}",
    status_code=202,
    operation_id="receive_webhook",
    tags=TAGS,
    opt={"refuses": (403,)},
)
async def receive_webhook(
    request: Request[Any, Any, Any],
    organization_id: FromPath[UUID],
    db: NamedDependency[Database],
    doorbell: NamedDependency[Doorbell],
    vault: NamedDependency[Vault],
    clock: NamedDependency[Clock],
) -> Response[None]:
    """Verify, store once by `webhook-id`, acknowledge; work comes later. Bad signatures are stored nowhere."""
    body = await request.body()
    webhook_id = request.headers.get("webhook-id", "")

    def fits(secrets: list[str]) -> bool:
        return is_genuine(
            secrets=secrets,
            webhook_id=webhook_id,
            timestamp=request.headers.get("webhook-timestamp", ""),
            signatures=request.headers.get("webhook-signature", ""),
            body=body,
            now=clock().timestamp(),
        )

    # A secret that was set or rotated a moment ago on another replica is not remembered here yet.
    if not fits(await vault.remembered(db, organization_id, "webhook")) and not fits(
        await vault.valid(db, organization_id, "webhook")
    ):
        raise NotAllowed("The webhook's signature is missing or wrong.")
    is_new = await inbox.store(
        db, organization_id=organization_id, webhook_id=webhook_id, envelope=inbox.open_envelope(body), body=body
    )
    if is_new:
        doorbell.ring(TOPIC)
    return Response(None, status_code=202)


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
