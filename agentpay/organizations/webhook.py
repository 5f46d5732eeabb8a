"""Polar's webhook endpoint for an organization: made, found again, repaired, its secret rotated.

Polar makes the secret and tells it to whoever may read the endpoint, so that whatever is lost here can be read again.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import Conflict, NotFound, Unavailable
from agentpay.organizations import attention, repository
from agentpay.organizations.attention import TOKEN_REFUSED, WEBHOOK_BROKEN
from agentpay.organizations.repository import OrganizationRow
from agentpay.organizations.secrets import OVERLAP_HOURS, Vault
from agentpay.polar.client import Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import WebhookEndpoint

log = structlog.get_logger()

PATH = "/v1/webhooks/polar/"
NAME = "AgentPay"
API_VERSION = "2026-10"
# What AgentPay works with (polar/API.md § 6.2), merchants' edits of our discounts included.
EVENTS = (
    "checkout.created", "checkout.updated", "checkout.expired", "discount.created", "discount.updated",
    "discount.deleted", "order.created", "order.paid", "order.refunded", "order.updated", "refund.created",
    "refund.updated", "product.created", "product.updated", "organization.updated",
)  # fmt: skip
PAGES_MAX = 10


class WebhookUnavailable(Conflict):
    """409: the endpoint cannot be made as things are; the detail says what to change."""

    error = "Conflict"


def webhook_url(public_url: str | None, organization_id: UUID) -> str | None:
    """Where Polar is to deliver; None without `AGENTPAY_PUBLIC_URL`."""
    return f"{public_url.rstrip('/')}{PATH}{organization_id}" if public_url else None


async def repair(
    db: Database, jobs: Jobs, vault: Vault, gateway: PolarGateway, *, organization_id: UUID, public_url: str | None
) -> OrganizationRow:
    """Make sure that Polar has one enabled endpoint for us, with our events and version; keep its id and secret.

    1. Look for it: by the id that we know, or by our URL.
    2. Make it, or mend what differs; remove further endpoints of the same URL, whose deliveries would fail.
    3. Keep its id, and its secret if it is another one; the old one stays good for 24 h.

    Raises `WebhookUnavailable`, `NotFound`, `PolarError` when Polar cannot be reached.
    """
    row = await repository.get(db, organization_id=organization_id)
    url = webhook_url(public_url, organization_id)
    if url is None:
        raise WebhookUnavailable("AGENTPAY_PUBLIC_URL is not set: Polar would not know where to deliver.")
    polar = await gateway.of(organization_id)
    try:
        found = await find_endpoints(polar, url=url, known_id=row.webhook_endpoint_id)
        if found:
            endpoint = await mend(polar, found[0], url=url)
            await remove(polar, found[1:])
        else:
            endpoint = await polar.create_webhook_endpoint(url=url, events=EVENTS, name=NAME, api_version=API_VERSION)
    except PolarError as error:
        raise refusal_of(error) from None
    return await keep(db, jobs, vault, organization_id=organization_id, endpoint=endpoint)


def refusal_of(error: PolarError) -> WebhookUnavailable | PolarError:
    """What the merchant can mend, in words; other trouble stays what it is."""
    if error.kind == "unauthorized":
        return WebhookUnavailable(TOKEN_REFUSED)
    if error.kind == "forbidden":
        return WebhookUnavailable("Polar's access token lacks the scope webhooks:write.")
    if error.kind == "invalid" and error.about("url") is not None:
        return WebhookUnavailable("Polar does not deliver to AGENTPAY_PUBLIC_URL: it must be https and public.")
    return error


async def find_endpoints(polar: Polar, *, url: str, known_id: UUID | None) -> list[WebhookEndpoint]:
    """Our endpoints at Polar, the one we know first."""
    found: list[WebhookEndpoint] = []
    for number in range(1, PAGES_MAX + 1):
        page = await polar.list_webhook_endpoints(page=number)
        found += [endpoint for endpoint in page.items if endpoint.url == url or endpoint.id == known_id]
        if number >= page.pagination.max_page:
            break
    return sorted(found, key=lambda endpoint: endpoint.id != known_id)


async def mend(polar: Polar, endpoint: WebhookEndpoint, *, url: str) -> WebhookEndpoint:
    """The endpoint as it should be. Events that the merchant added stay."""
    if is_sound(endpoint, url=url):
        return endpoint
    return await polar.patch_webhook_endpoint(
        endpoint_id=endpoint.id,
        url=url,
        events=[*EVENTS, *(event for event in endpoint.events if event not in EVENTS)],
        enabled=True,
        api_version=API_VERSION,
    )


def is_sound(endpoint: WebhookEndpoint, *, url: str) -> bool:
    return not faults_of(endpoint, url=url)


def faults_of(endpoint: WebhookEndpoint, *, url: str) -> list[str]:
    """What is not as it should be, in words. A Polar that tells no `api_version` knows none (polar/API.md § 6.3)."""
    missing = [event for event in EVENTS if event not in endpoint.events]
    faults = {
        "it delivers to another address": endpoint.url != url,
        "Polar disabled it": not endpoint.enabled,
        f"its version is {endpoint.api_version}, not {API_VERSION}": endpoint.api_version not in (API_VERSION, None),
        f"it does not send {', '.join(missing)}": bool(missing),
    }
    return [said for said, is_so in faults.items() if is_so]


async def remove(polar: Polar, endpoints: Sequence[WebhookEndpoint]) -> None:
    """Gone is gone: what Polar does not find any more needs no removing."""
    for endpoint in endpoints:
        try:
            await polar.delete_webhook_endpoint(endpoint_id=endpoint.id)
        except PolarError as error:
            if error.kind != "not_found":
                raise


async def keep(
    db: Database, jobs: Jobs, vault: Vault, *, organization_id: UUID, endpoint: WebhookEndpoint
) -> OrganizationRow:
    """Store whose deliveries to believe. Raises `NotFound`."""
    async with db.transaction() as tx:
        await repository.lock(tx, organization_id=organization_id)
        changes = {"webhook_endpoint_id": endpoint.id}
        await repository.update(tx, organization_id=organization_id, changes=changes)
        await attention.settle(tx, organization_id=organization_id, reasons=[WEBHOOK_BROKEN])
        if endpoint.secret and endpoint.secret != await vault.current(tx, organization_id, "webhook"):
            await vault.put(
                tx,
                organization_id=organization_id,
                kind="webhook",
                secret=endpoint.secret,
                overlap_hours=OVERLAP_HOURS,
            )
        return await repository.get(tx, organization_id=organization_id)


async def rotate(
    db: Database, jobs: Jobs, vault: Vault, gateway: PolarGateway, *, organization_id: UUID
) -> OrganizationRow:
    """A new secret at Polar, at once; we accept the old one for 24 h more, for deliveries already signed with it.

    When Polar's answer got lost the endpoint is read: either it has a new secret now, or nothing happened.
    """
    row = await repository.get(db, organization_id=organization_id)
    endpoint_id = row.webhook_endpoint_id
    if endpoint_id is None:
        raise WebhookUnavailable("There is no webhook endpoint yet: POST …/webhook makes it.")
    polar = await gateway.of(organization_id)
    try:
        endpoint = await polar.rotate_webhook_secret(endpoint_id=endpoint_id)
    except PolarError as error:
        if error.kind == "not_found":
            raise WebhookUnavailable(
                "Polar has no such webhook endpoint any more: POST …/webhook repairs it."
            ) from None
        if not error.unknown_outcome:
            raise refusal_of(error) from None
        endpoint = await polar.get_webhook_endpoint(endpoint_id=endpoint_id)
        if endpoint.secret in await vault.valid(db, organization_id, "webhook"):
            raise error from None
    return await keep(db, jobs, vault, organization_id=organization_id, endpoint=endpoint)


async def look_after(
    db: Database, jobs: Jobs, vault: Vault, gateway: PolarGateway, *, organization_id: UUID, public_url: str | None
) -> None:
    """Polar disables an endpoint after ten failures: enable it again, or ask for the merchant's attention.

    Only for an organization that has an endpoint. Raises `PolarError` when Polar cannot be reached.
    """
    row = await repository.get(db, organization_id=organization_id)
    if row.webhook_endpoint_id is None:
        return
    polar = await gateway.of(organization_id, priority="sync")
    url = webhook_url(public_url, organization_id)
    found = await find_endpoints(polar, url=url or "", known_id=row.webhook_endpoint_id)
    if found and found[0].enabled:
        return
    try:
        await repair(db, jobs, vault, gateway, organization_id=organization_id, public_url=public_url)
        log.warning("webhook_endpoint.repaired", organization_id=str(organization_id))
    except (WebhookUnavailable, PolarError) as error:
        log.warning("webhook_endpoint.broken", organization_id=str(organization_id), error=type(error).__name__)
        async with db.transaction() as tx:
            await attention.need(tx, jobs, organization_id=organization_id, reason=WEBHOOK_BROKEN)


async def forget(gateway: PolarGateway, *, row: OrganizationRow) -> None:
    """Take our endpoint from Polar before the organization goes; a Polar that cannot be asked disables it by itself."""
    if row.webhook_endpoint_id is None:
        return
    try:
        polar = await gateway.of(row.id)
        await polar.delete_webhook_endpoint(endpoint_id=row.webhook_endpoint_id)
    except (Unavailable, NotFound) as error:  # also a token that is gone or cannot be read: removal must not hang on it
        log.warning("webhook_endpoint.left", organization_id=str(row.id), error=type(error).__name__)
