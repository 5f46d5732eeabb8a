"""`/v1/organizations`: the operator sees all of them, a secret key its own (API § 3)."""

from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit import limits, pages
from agentpay.kit.caller import Merchant, Operator
from agentpay.kit.errors import NotFound
from agentpay.kit.wire import Limit
from agentpay.organizations import change, checks, keys, register, repository, secrets, verify, webhook
from agentpay.organizations.public import organization_public
from agentpay.organizations.repository import OrganizationRow
from agentpay.organizations.schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyPublic,
    OrganizationCreate,
    OrganizationCreated,
    OrganizationPublic,
    OrganizationUpdate,
    Rotate,
    Rotated,
)
from agentpay.organizations.secrets import Vault
from agentpay.polar.gateway import PolarGateway

Steward = NamedDependency[Operator | Merchant]
PublicUrl = NamedDependency[str | None]


class Organizations(Controller):
    path = "/v1/organizations"
    tags = ["organizations"]  # noqa: RUF012 (Litestar reads it from the class)

    @post(
        operation_id="organizations:create",
        status_code=201,
        opt={"idempotent": True, "secrets": ("secret_key", "identity_secret", "notify_secret")},
    )
    async def create(
        self,
        operator: NamedDependency[Operator],
        data: JSONBody[OrganizationCreate],
        db: NamedDependency[Database],
        jobs: NamedDependency[Jobs],
        vault: NamedDependency[Vault],
        polar: NamedDependency[PolarGateway],
        allow_private_addresses: NamedDependency[bool],
        public_url: PublicUrl,
    ) -> OrganizationCreated:
        """Create an organization with its first keys and secrets, which are shown this once."""
        made = await register.register(db, jobs, vault, polar, data=data, allow_private=allow_private_addresses)
        shown = await show(db, made.row, public_url=public_url)
        return OrganizationCreated(
            **msgspec.structs.asdict(shown),
            secret_key=made.secret_key,
            publishable_key=made.publishable_key,
            identity_secret=made.identity_secret,
            notify_secret=made.notify_secret,
        )

    @get(operation_id="organizations:list", status_code=200)
    async def list_all(
        self,
        operator: NamedDependency[Operator],
        db: NamedDependency[Database],
        public_url: PublicUrl,
        limit: FromQuery[Limit] = limits.LIST_LIMIT_DEFAULT,
        cursor: pages.Cursor = None,
    ) -> pages.Page[OrganizationPublic]:
        """List organizations, newest first."""
        rows = await repository.list_all(db, limit=limit + 1, before_id=pages.decode_cursor(cursor))
        last4 = await secrets.last4_of(db, organization_ids=[row.id for row in rows])
        return pages.page_of(
            rows,
            limit=limit,
            id_of=lambda row: row.id,
            render=lambda row: organization_public(row, last4=last4, public_url=public_url),
        )

    @get("/{organization_id:uuid}", operation_id="organizations:get", status_code=200)
    async def get_one(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        db: NamedDependency[Database],
        public_url: PublicUrl,
    ) -> OrganizationPublic:
        """Get an organization. Secrets show their last four characters."""
        own(steward, organization_id)
        return await show(db, await repository.get(db, organization_id=organization_id), public_url=public_url)

    @patch("/{organization_id:uuid}", operation_id="organizations:update", status_code=200)
    async def update(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        data: JSONBody[OrganizationUpdate],
        db: NamedDependency[Database],
        jobs: NamedDependency[Jobs],
        vault: NamedDependency[Vault],
        polar: NamedDependency[PolarGateway],
        allow_private_addresses: NamedDependency[bool],
        public_url: PublicUrl,
    ) -> OrganizationPublic:
        """Change what is sent. `polar.environment` and `polar.base_url` need the admin key."""
        own(steward, organization_id)
        row = await change.change(
            db,
            jobs,
            vault,
            polar,
            organization_id=organization_id,
            data=data,
            is_operator=isinstance(steward, Operator),
            allow_private=allow_private_addresses,
        )
        return await show(db, row, public_url=public_url)

    @delete("/{organization_id:uuid}", operation_id="organizations:delete", status_code=204)
    async def remove(
        self,
        operator: NamedDependency[Operator],
        organization_id: FromPath[UUID],
        db: NamedDependency[Database],
        polar: NamedDependency[PolarGateway],
    ) -> None:
        """Remove an organization: its keys and tokens end at once."""
        await change.remove(db, polar, organization_id=organization_id)

    @post(
        "/{organization_id:uuid}/keys",
        operation_id="organizations:create_key",
        status_code=201,
        opt={"idempotent": True, "secrets": ("secret_key",)},
    )
    async def create_key(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        data: JSONBody[ApiKeyCreate],
        db: NamedDependency[Database],
    ) -> ApiKeyCreated:
        """Create a key. A secret key is shown this once."""
        own(steward, organization_id)
        name = checks.name(data.name)
        async with db.transaction() as tx:
            await repository.lock(tx, organization_id=organization_id)
            return await keys.create(tx, organization_id=organization_id, kind=data.kind, name=name)

    @get("/{organization_id:uuid}/keys", operation_id="organizations:list_keys", status_code=200)
    async def list_keys(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        db: NamedDependency[Database],
        limit: FromQuery[Limit] = limits.LIST_LIMIT_DEFAULT,
        cursor: pages.Cursor = None,
    ) -> pages.Page[ApiKeyPublic]:
        """List keys that are not revoked, newest first."""
        own(steward, organization_id)
        await repository.get(db, organization_id=organization_id)
        before_id = pages.decode_cursor(cursor)
        found = await keys.list_of(db, organization_id=organization_id, limit=limit + 1, before_id=before_id)
        return pages.page_of(found, limit=limit, id_of=lambda key: key.id, render=lambda key: key)

    @delete("/{organization_id:uuid}/keys/{key_id:uuid}", operation_id="organizations:revoke_key", status_code=204)
    async def revoke_key(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        key_id: FromPath[UUID],
        db: NamedDependency[Database],
    ) -> None:
        """Revoke a key, within five seconds everywhere."""
        own(steward, organization_id)
        await repository.get(db, organization_id=organization_id)
        await keys.revoke(db, organization_id=organization_id, key_id=key_id)

    @post("/{organization_id:uuid}/webhook", operation_id="organizations:webhook", status_code=200)
    async def repair_webhook(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        db: NamedDependency[Database],
        jobs: NamedDependency[Jobs],
        vault: NamedDependency[Vault],
        polar: NamedDependency[PolarGateway],
        public_url: PublicUrl,
    ) -> OrganizationPublic:
        """Create or repair Polar's webhook endpoint for this organization and keep its secret."""
        own(steward, organization_id)
        row = await webhook.repair(db, jobs, vault, polar, organization_id=organization_id, public_url=public_url)
        return await show(db, row, public_url=public_url)

    @post(
        "/{organization_id:uuid}/rotate",
        operation_id="organizations:rotate",
        status_code=200,
        opt={"idempotent": True, "secrets": ("secret",)},
    )
    async def rotate(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        data: JSONBody[Rotate],
        db: NamedDependency[Database],
        jobs: NamedDependency[Jobs],
        vault: NamedDependency[Vault],
        polar: NamedDependency[PolarGateway],
    ) -> Rotated:
        """Replace a secret. The old one works 24 hours more."""
        own(steward, organization_id)
        secret: str | msgspec.UnsetType = msgspec.UNSET
        if data.what == "webhook":
            await webhook.rotate(db, jobs, vault, polar, organization_id=organization_id)
        else:
            secret = await change.rotate(db, vault, organization_id=organization_id, kind=data.what)
        ends = await secrets.previous_ends_at(db, organization_id=organization_id, kind=data.what)
        return Rotated(what=data.what, previous_valid_until=ends, secret=secret)

    @post("/{organization_id:uuid}/sync", operation_id="organizations:sync", status_code=202)
    async def sync(
        self,
        steward: Steward,
        organization_id: FromPath[UUID],
        db: NamedDependency[Database],
        jobs: NamedDependency[Jobs],
        public_url: PublicUrl,
    ) -> OrganizationPublic:
        """Read the catalogue from Polar now; `catalog.synced_at` tells when it is done."""
        own(steward, organization_id)
        row = await repository.get(db, organization_id=organization_id)
        async with db.transaction() as tx:
            await verify.request_sync(tx, jobs, organization_id=organization_id)
        return await show(db, row, public_url=public_url)


def own(steward: Operator | Merchant, organization_id: UUID) -> None:
    """A secret key sees its own organization only. Raises `NotFound`."""
    if isinstance(steward, Merchant) and steward.organization_id != organization_id:
        raise NotFound


async def show(db: Database, row: OrganizationRow, *, public_url: str | None) -> OrganizationPublic:
    last4 = await secrets.last4_of(db, organization_ids=[row.id])
    return organization_public(row, last4=last4, public_url=public_url)


HANDLERS = [Organizations]
