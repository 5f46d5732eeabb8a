"""All findings in the order in which they would be mended, and the mending of webhook endpoints."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.doctor import house, merchants, models
from agentpay.doctor.finding import Finding
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import ExpectedError
from agentpay.organizations import webhook
from agentpay.organizations.secrets import Vault
from agentpay.settings import Settings

Tell = Callable[[Finding], None]


async def examine(settings: Settings, *, tell: Tell = lambda _: None) -> list[Finding]:
    """Look at everything; `tell` hears of each finding at once.

    Nothing behind a database that is not sound is looked at.
    """
    findings: list[Finding] = []
    async for finding in _look(settings):
        tell(finding)
        findings.append(finding)
    return findings


async def _look(settings: Settings) -> AsyncIterator[Finding]:
    for finding in house.look_at_settings(settings):
        yield finding
    db = Database(settings.database_url, pool_max=2)
    try:
        await db.open()
        found = await house.look_at_database(db)
        for finding in (*found, await house.look_at_redis(settings), *await models.look_at_models(settings)):
            yield finding
        if all(finding.verdict != "broken" for finding in found):
            async for finding in _behind_the_database(db, settings):
                yield finding
    finally:
        await db.close()


async def _behind_the_database(db: Database, settings: Settings) -> AsyncIterator[Finding]:
    vault = Vault(settings.encryption_keys)
    polar = merchants.gateway(db, vault)
    try:
        async for finding in house.look_at_keys(db, encryption_keys=settings.encryption_keys):
            yield finding
        for finding in await models.look_at_wishes(db, settings):
            yield finding
        async for finding in house.look_at_polars_clock(db):
            yield finding
        async for finding in merchants.look_at_organizations(db, vault, polar, public_url=settings.public_url):
            yield finding
    finally:
        await polar.close()


def mendable(findings: list[Finding]) -> dict[UUID, str]:
    """Organizations whose webhook endpoint can be mended from here, by id, with their names."""
    return {
        each.organization_id: each.name
        for each in findings
        if each.check == merchants.ENDPOINT and each.verdict == "broken" and each.organization_id is not None
    }


async def mend(settings: Settings, organization_id: UUID) -> Finding:
    """Make Polar's webhook endpoint for us, or mend it, with our events and version."""
    db = Database(settings.database_url, pool_max=2)
    vault = Vault(settings.encryption_keys)
    polar = merchants.gateway(db, vault)
    try:
        await db.open()
        row = await webhook.repair(
            db,
            Jobs(Doorbell(db)),
            vault,
            polar,
            organization_id=organization_id,
            public_url=settings.public_url,
        )
        return Finding("well", merchants.ENDPOINT, row.name, "its webhook endpoint is as it should be", "", row.id)
    except ExpectedError as error:
        said = error.detail
        return Finding("broken", merchants.ENDPOINT, "webhook endpoint", said, merchants.MEND, organization_id)
    finally:
        await polar.close()
        await db.close()
