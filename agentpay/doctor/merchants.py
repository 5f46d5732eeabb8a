"""Every organization at its Polar: token, scopes, payments, webhook endpoint; and what waits for the merchant here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from agentpay.compose import polar_credential
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.doctor.finding import Finding
from agentpay.kit.errors import ExpectedError
from agentpay.kit.ids import uuid7
from agentpay.organizations import verify, webhook
from agentpay.organizations.secrets import SecretUnreadable, Vault
from agentpay.polar.client import Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway

ORGANIZATIONS_MAX: Final = 500
NEW_TOKEN: Final = "make a token in Polar's settings and PATCH /v1/organizations/{id} with polar.access_token"
ENDPOINT: Final = "webhook_endpoint"
MEND: Final = "run `agentpay doctor --fix`, or POST /v1/organizations/{id}/webhook"


def gateway(db: Database, vault: Vault) -> PolarGateway:
    return PolarGateway(db, credentials=lambda organization_id: polar_credential(db, vault, organization_id))


async def look_at_organizations(
    db: Database, vault: Vault, polar: PolarGateway, *, public_url: str | None
) -> AsyncIterator[Finding]:
    rows = await db.all(
        "select id, name, status, attention, catalog_synced_at, webhook_endpoint_id from organizations"
        " where deleted_at is null order by id limit %(limit)s",
        {"limit": ORGANIZATIONS_MAX},
    )
    if not rows:
        yield Finding("note", "organizations", "organizations", "none yet", "run `agentpay org create`")
    for row in rows:
        async for finding in look_at_polar(row, db, vault, polar, public_url=public_url):
            yield finding
        async for finding in look_at_desk(db, row):
            yield finding


async def look_at_polar(
    row: Row, db: Database, vault: Vault, polar: PolarGateway, *, public_url: str | None
) -> AsyncIterator[Finding]:
    """What Polar says of the token first: without a good one there is nothing more to ask."""
    try:
        client = await polar.of(row["id"], priority="sync")
        page = await client.list_organizations()
    except SecretUnreadable:
        return  # the keys tell
    except PolarError as error:
        yield _token(row, error)
        if error.kind != "forbidden":
            return
        page = None
    except ExpectedError:
        yield _of(row, "broken", "polar_token", "has no Polar token", NEW_TOKEN)
        return
    else:
        yield _of(row, "well", "polar_token", "Polar takes its token")
    missing = await missing_scopes(client)
    if missing:
        yield _of(row, "broken", "polar_scopes", f"its token lacks {', '.join(missing)}", NEW_TOKEN)
    elif page is not None:
        yield _of(row, "well", "polar_scopes", "its token has all scopes")
    if page is not None and page.items:
        yield _payments(row, ready=verify.takes_payments(page.items[0]))
    if "webhooks:write" not in missing:
        yield await look_at_endpoint(row, db, vault, client, public_url=public_url)


async def missing_scopes(polar: Polar) -> list[str]:
    """Of `SCOPES`. Polar looks at a token's scope before anything else: writes are tried on what does not exist."""
    tries: Sequence[tuple[str, Callable[[], Awaitable[Any]]]] = (
        ("organizations:read", polar.list_organizations),
        ("products:read", lambda: polar.list_products(page=1, limit=1)),
        ("checkouts:write", lambda: polar.patch_checkout(checkout_id=uuid7(), changes={})),
        ("discounts:write", lambda: polar.delete_discount(discount_id=uuid7())),
        ("orders:read", lambda: polar.get_order(order_id=uuid7())),
        ("refunds:read", lambda: polar.list_refunds(limit=1)),
        ("webhooks:write", lambda: polar.delete_webhook_endpoint(endpoint_id=uuid7())),
    )
    missing = []
    for scope, ask in tries:
        try:
            await ask()
        except PolarError as error:
            if error.kind == "forbidden":
                missing.append(scope)
    return missing


async def look_at_endpoint(row: Row, db: Database, vault: Vault, polar: Polar, *, public_url: str | None) -> Finding:
    """Whether Polar delivers to us what we work with, signed with the secret that we believe."""
    url = webhook.webhook_url(public_url, row["id"])
    if url is None:
        return _of(row, "note", "public_url", "its webhook was not looked at", "set AGENTPAY_PUBLIC_URL")
    try:
        found = await webhook.find_endpoints(polar, url=url, known_id=row["webhook_endpoint_id"])
    except PolarError as error:
        return _of(row, "note", ENDPOINT, f"Polar did not tell of its webhook: {error.kind}")
    if not found:
        return _of(row, "broken", ENDPOINT, "Polar has no webhook endpoint for us: orders are found by asking", MEND)
    wrong = webhook.faults_of(found[0], url=url)
    if found[0].secret and found[0].secret not in await vault.valid(db, row["id"], "webhook"):
        wrong.append("its secret is not the one that we believe")
    if len(found) > 1:
        wrong.append(f"there are {len(found)} for the same address")
    if wrong:
        return _of(row, "broken", ENDPOINT, f"its webhook endpoint: {'; '.join(wrong)}", MEND)
    return _of(row, "well", ENDPOINT, "Polar delivers its webhooks")


async def look_at_desk(db: Database, row: Row) -> AsyncIterator[Finding]:
    """What waits for the merchant, or for us."""
    if row["status"] == "attention":
        detail = row["attention"] or "needs attention"
        yield _of(row, "note", "attention", detail, "mend what it says; it is looked at again every day")
    if row["catalog_synced_at"] is None:
        yield _of(
            row, "note", "catalogue", "the catalogue was never read", "start a worker, or `agentpay org sync {id}`"
        )
    if parked := await _parked_notifications(db, row["id"]):
        detail = f"{parked} notifications were given up: its notify_url took none"
        yield _of(row, "note", "notifications", detail, "ask the merchant to mend their notify_url")
    if ambiguous := await _ambiguous_products(db, row["id"]):
        detail = f"{ambiguous} products with several prices are never negotiated"
        yield _of(row, "note", "prices", detail, "leave one price a currency on products that are to be haggled over")


def _token(row: Row, error: PolarError) -> Finding:
    if error.kind == "unauthorized":
        return _of(row, "broken", "polar_token", "Polar refuses its token", NEW_TOKEN)
    if error.kind == "forbidden":
        return _of(row, "well", "polar_token", "Polar knows its token")
    return _of(
        row, "broken", "polar", f"Polar: {error.kind}", "look at Polar's status page and your network; try again"
    )


def _payments(row: Row, *, ready: bool) -> Finding:
    if ready:
        return _of(row, "well", "payments", "may take payments")
    remedy = "the merchant finishes the set-up of payments in Polar's dashboard"
    return _of(row, "broken", "payments", "Polar takes no payments for it yet: buyers would be refused", remedy)


def _of(row: Row, verdict: Any, check: str, detail: str, remedy: str = "") -> Finding:
    return Finding(verdict, check, row["name"], detail, remedy.replace("{id}", str(row["id"])), row["id"])


async def _parked_notifications(db: Database, organization_id: UUID) -> int:
    """Given up after a day, or addressed where nothing may be sent; kept for a month."""
    count: int = await db.value(
        "select count(*) from notifications where organization_id = %(organization_id)s and status = 'parked'",
        {"organization_id": organization_id},
    )
    return count


async def _ambiguous_products(db: Database, organization_id: UUID) -> int:
    """A buyer may drop all but one of several prices (polar/OFFERS.md 12), so such products are sold at list only."""
    count: int = await db.value(
        """select count(*) from products where organization_id = %(organization_id)s and is_sellable and exists (
            select from jsonb_array_elements(data -> 'prices') price
            where price ->> 'amount_type' in ('fixed', 'custom', 'seat_based', 'unit_based')
            group by price ->> 'price_currency' having count(*) > 1)""",
        {"organization_id": organization_id},
    )
    return count
