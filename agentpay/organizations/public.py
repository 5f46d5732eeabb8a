"""An organization as its own secret key and the operator see it; pure. Secrets show their last four characters."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from agentpay.kit.wire import in_utc
from agentpay.organizations.repository import OrganizationRow
from agentpay.organizations.schemas import Budget, CatalogPublic, OrganizationPublic, PolarPublic
from agentpay.organizations.webhook import webhook_url

Last4 = Mapping[tuple[UUID, str], str]


def organization_public(row: OrganizationRow, *, last4: Last4, public_url: str | None) -> OrganizationPublic:
    return OrganizationPublic(
        id=row.id,
        name=row.name,
        status=row.status,
        attention=row.attention,
        polar=PolarPublic(
            environment=row.polar_environment,
            base_url=row.polar_base_url,
            organization_id=row.polar_organization_id,
            access_token=hint(last4.get((row.id, "polar_token"))),
            webhook_secret=hint(last4.get((row.id, "webhook"))),
            webhook_endpoint_id=row.webhook_endpoint_id,
        ),
        allowed_origins=row.allowed_origins,
        default_currency=row.default_currency,
        budgets=msgspec.convert(row.budgets, list[Budget]),
        retention_days=row.retention_days,
        notify_url=row.notify_url,
        success_url=row.success_url,
        webhook_url=webhook_url(public_url, row.id),
        capabilities=row.capabilities,
        catalog=CatalogPublic(synced_at=in_utc(row.catalog_synced_at), products=row.catalog_products),
        created_at=row.created_at,
        modified_at=in_utc(row.modified_at),
    )


def hint(last4: str | None) -> str | None:
    return None if last4 is None else f"…{last4}"
