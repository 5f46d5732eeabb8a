"""A merchant or the operator changes an organization, rotates its secrets, or removes it."""

from typing import Any
from uuid import UUID

import structlog
from msgspec import UNSET

from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import Invalid, NotAllowed
from agentpay.organizations import checks, repository, verify, webhook
from agentpay.organizations.repository import OrganizationRow
from agentpay.organizations.schemas import OrganizationUpdate, PolarUpdate
from agentpay.organizations.secrets import (
    OVERLAP_HOURS,
    SecretKind,
    Vault,
    new_identity_secret,
    new_notify_secret,
    wipe,
)
from agentpay.polar.client import Credential
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import Organization

log = structlog.get_logger()

PLAIN_FIELDS = ("default_currency", "retention_days")


async def change(
    db: Database,
    jobs: Jobs,
    vault: Vault,
    gateway: PolarGateway,
    *,
    organization_id: UUID,
    data: OrganizationUpdate,
    is_operator: bool,
    allow_private: bool,
) -> OrganizationRow:
    """Change what was sent.

    1. `polar.environment` and `base_url` are the operator's: `NotAllowed` for a secret key.
    2. Check what was written; a new token or address is asked about at Polar first, as in `register`.
    3. In one transaction: columns, secrets, and the job that syncs or verifies where Polar's side changed.
    """
    polar = data.polar if data.polar is not UNSET else PolarUpdate()
    if not is_operator and not (polar.environment is UNSET and polar.base_url is UNSET):
        raise NotAllowed("polar.environment and polar.base_url can be changed with the admin key only.")
    row = await repository.get(db, organization_id=organization_id)
    changes = checked(data, allow_private=allow_private)
    moved = moved_to(row, polar, allow_private=allow_private)
    asks = bool(moved) or polar.access_token is not UNSET
    known: Organization | None = None
    if asks:
        known = await ask_anew(db, vault, gateway, row=row, polar=polar, moved=moved, is_operator=is_operator)
        changes |= moved | columns_after(row, known, has_moved=bool(moved))
    async with db.transaction() as tx:
        await put_secrets(tx, vault, organization_id=organization_id, polar=polar)
        changed = await repository.update(tx, organization_id=organization_id, changes=changes)
        if asks and known is None:
            await verify.request_verify(tx, jobs, organization_id=organization_id, delay_seconds=verify.RETRY_SECONDS)
        elif asks or "default_currency" in changes:
            await verify.request_sync(tx, jobs, organization_id=organization_id)
    gateway.forget(organization_id)
    log.info("organization.changed", organization_id=str(organization_id), fields=sorted(changes))
    return changed


def checked(data: OrganizationUpdate, *, allow_private: bool) -> dict[str, Any]:
    """What was written beside `polar`, by column; pure. Raises `Invalid`."""
    changes: dict[str, Any] = {}
    if data.name is not UNSET:
        changes["name"] = checks.name(data.name)
    if data.allowed_origins is not UNSET:
        changes["allowed_origins"] = checks.origins(data.allowed_origins)
    if data.budgets is not UNSET:
        changes["budgets"] = checks.budgets(data.budgets)
    for field in PLAIN_FIELDS:
        if getattr(data, field) is not UNSET:
            changes[field] = getattr(data, field)
    for field in ("notify_url", "success_url"):
        value = getattr(data, field)
        if value is not UNSET:
            changes[field] = checks.optional_url(value, loc=("body", field), allow_private=allow_private)
    return changes


def moved_to(row: OrganizationRow, polar: PolarUpdate, *, allow_private: bool) -> dict[str, Any]:
    """Where Polar is from now on, by column; empty when it stays; pure. Raises `Invalid`."""
    if polar.environment is UNSET and polar.base_url is UNSET:
        return {}
    environment = row.polar_environment if polar.environment is UNSET else polar.environment
    stays = environment == row.polar_environment == "custom"
    given = polar.base_url if polar.base_url is not UNSET else row.polar_base_url if stays else None
    base_url = checks.base_url(environment, given, allow_private=allow_private)
    if (environment, base_url) == (row.polar_environment, row.polar_base_url):
        return {}
    return {"polar_environment": environment, "polar_base_url": base_url}


async def ask_anew(
    db: Database,
    vault: Vault,
    gateway: PolarGateway,
    *,
    row: OrganizationRow,
    polar: PolarUpdate,
    moved: dict[str, Any],
    is_operator: bool,
) -> Organization | None:
    """Whose token it is now; None when Polar cannot be reached. Raises `Invalid`.

    A secret key may bring a new token of the same Polar organization only: the catalogue, the offers and the orders
    here are that organization's.
    """
    if polar.access_token is not UNSET:
        token: str | None = checks.secret(polar.access_token, loc=verify.TOKEN_LOC)
    else:
        token = await vault.current(db, row.id, "polar_token")
    credential = Credential(
        base_url=moved.get("polar_base_url", row.polar_base_url),
        environment=moved.get("polar_environment", row.polar_environment),
        token=token or "",
    )
    known = await verify.ask(gateway, credential=credential)
    if known is not None and not is_operator and row.polar_organization_id not in (None, known.id):
        raise Invalid.at(verify.TOKEN_LOC, "This token belongs to another organization of Polar.")
    return known


def columns_after(row: OrganizationRow, known: Organization | None, *, has_moved: bool) -> dict[str, Any]:
    """What Polar's answer changes, by column; pure. Another Polar organization has no endpoint of ours yet."""
    columns: dict[str, Any]
    if known is None:
        columns = {"status": "unverified", "attention": None}
        return columns | {"polar_organization_id": None, "webhook_endpoint_id": None} if has_moved else columns
    columns = verify.polar_columns(known)
    if row.polar_organization_id not in (None, known.id):
        columns["webhook_endpoint_id"] = None
    return columns


async def put_secrets(tx: Tx, vault: Vault, *, organization_id: UUID, polar: PolarUpdate) -> None:
    """Seal what was sent. A webhook secret that is replaced by hand stays good for a day: deliveries are under way."""
    if polar.access_token is not UNSET:
        await vault.put(tx, organization_id=organization_id, kind="polar_token", secret=polar.access_token)
    if polar.webhook_secret is not UNSET:
        secret = checks.secret(polar.webhook_secret, loc=("body", "polar", "webhook_secret"))
        if secret != await vault.current(tx, organization_id, "webhook"):
            await vault.put(
                tx, organization_id=organization_id, kind="webhook", secret=secret, overlap_hours=OVERLAP_HOURS
            )


async def rotate(db: Database, vault: Vault, *, organization_id: UUID, kind: SecretKind) -> str:
    """A new identity or notify secret, shown once; the old one is good for 24 h more. Raises `NotFound`."""
    secret = new_identity_secret() if kind == "identity" else new_notify_secret()
    async with db.transaction() as tx:
        await repository.lock(tx, organization_id=organization_id)
        await vault.put(tx, organization_id=organization_id, kind=kind, secret=secret, overlap_hours=OVERLAP_HOURS)
    log.info("secret.rotated", organization_id=str(organization_id), kind=kind)
    return secret


async def remove(db: Database, gateway: PolarGateway, *, organization_id: UUID) -> None:
    """End an organization: its keys and tokens at once, its secrets wiped, Polar's deliveries cancelled.

    Rows stay: conversations are erased by age as before. Raises `NotFound`.
    """
    row = await repository.get(db, organization_id=organization_id)
    await webhook.forget(gateway, row=row)
    async with db.transaction() as tx:
        await repository.delete(tx, organization_id=organization_id)
        await wipe(tx, organization_id=organization_id)
    gateway.forget(organization_id)
    log.info("organization.removed", organization_id=str(organization_id))
