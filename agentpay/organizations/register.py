"""A merchant moves in: Polar is asked whose token it is, then organization, secrets and first keys are made at once."""

import re
from typing import Any

import msgspec
import structlog

from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit import ids
from agentpay.kit.quiet import Quiet
from agentpay.organizations import checks, keys, repository, verify
from agentpay.organizations.repository import OrganizationRow
from agentpay.organizations.schemas import OrganizationCreate
from agentpay.organizations.secrets import Vault, new_identity_secret, new_notify_secret
from agentpay.polar.client import Credential
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import Organization

log = structlog.get_logger()

FIRST_KEY_NAME = "First key"
CURRENCY_DEFAULT = "usd"

_CURRENCY = re.compile("[a-z]{3}")


class Registered(Quiet, msgspec.Struct, frozen=True):
    """The new organization and what is shown once."""

    row: OrganizationRow
    secret_key: str
    publishable_key: str
    identity_secret: str
    notify_secret: str


async def register(
    db: Database, jobs: Jobs, vault: Vault, gateway: PolarGateway, *, data: OrganizationCreate, allow_private: bool
) -> Registered:
    """Make an organization.

    1. Check what was written.
    2. Ask Polar once. Refused → `Invalid` at ["body", "polar", "access_token"]; unreachable → `unverified`.
    3. In one transaction: the row, its sealed secrets, a secret and a publishable key, the job that syncs or verifies.
    """
    token = checks.secret(data.polar.access_token, loc=verify.TOKEN_LOC)
    values = checked(data, allow_private=allow_private)
    credential = Credential(base_url=values["polar_base_url"], environment=values["polar_environment"], token=token)
    known = await verify.ask(gateway, credential=credential)
    organization_id = ids.uuid7()
    identity_secret, notify_secret = new_identity_secret(), new_notify_secret()
    async with db.transaction() as tx:
        columns = {**values, **from_polar(known, data=data)}
        row = await repository.insert(tx, organization_id=organization_id, values=columns)
        await vault.put(tx, organization_id=organization_id, kind="polar_token", secret=token)
        await vault.put(tx, organization_id=organization_id, kind="identity", secret=identity_secret)
        await vault.put(tx, organization_id=organization_id, kind="notify", secret=notify_secret)
        secret = await keys.create(tx, organization_id=organization_id, kind="secret", name=FIRST_KEY_NAME)
        page = await keys.create(tx, organization_id=organization_id, kind="publishable", name=FIRST_KEY_NAME)
        if known is None:
            delay = verify.RETRY_SECONDS
            await verify.request_verify(tx, jobs, organization_id=organization_id, delay_seconds=delay)
        else:
            await verify.request_sync(tx, jobs, organization_id=organization_id)
    log.info("organization.registered", organization_id=str(organization_id), status=row.status)
    return Registered(row, str(secret.secret_key), str(page.publishable_key), identity_secret, notify_secret)


def checked(data: OrganizationCreate, *, allow_private: bool) -> dict[str, Any]:
    """What was written, by column; pure. Raises `Invalid`."""
    return {
        "name": checks.name(data.name),
        "polar_environment": data.polar.environment,
        "polar_base_url": checks.base_url(data.polar.environment, data.polar.base_url, allow_private=allow_private),
        "allowed_origins": checks.origins(data.allowed_origins),
        "budgets": checks.budgets(data.budgets),
        "retention_days": data.retention_days,
        "notify_url": checks.optional_url(data.notify_url, loc=("body", "notify_url"), allow_private=allow_private),
        "success_url": checks.optional_url(data.success_url, loc=("body", "success_url"), allow_private=allow_private),
    }


def from_polar(known: Organization | None, *, data: OrganizationCreate) -> dict[str, Any]:
    """What Polar's answer fills in, by column; pure."""
    if known is None:
        return {"status": "unverified", "default_currency": data.default_currency or CURRENCY_DEFAULT}
    presented = known.default_presentment_currency.lower()
    currency = presented if _CURRENCY.fullmatch(presented) else CURRENCY_DEFAULT
    return {**verify.polar_columns(known), "default_currency": data.default_currency or currency}
