"""The vault: what rests in the database tells nothing, keys can change, rotations overlap."""

import asyncio
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from agentpay.db.engine import Database
from agentpay.kit import ids
from agentpay.organizations.secrets import REMEMBERED_SECONDS, SecretUnreadable, Vault, last4

KEYS = [Fernet.generate_key().decode() for _ in range(2)]


async def organization(db: Database) -> UUID:
    organization_id = ids.uuid7()
    await db.run(
        "insert into organizations (id, name, polar_environment, polar_base_url) values (%s, 'Acme', 'sandbox', 'x')",
        (organization_id,),
    )
    return organization_id


async def put(db: Database, vault: Vault, organization_id: UUID, secret: str, *, overlap_hours: int = 24) -> None:
    async with db.transaction() as tx:
        await vault.put(
            tx, organization_id=organization_id, kind="identity", secret=secret, overlap_hours=overlap_hours
        )


def test_new_keys_write_and_old_keys_still_open() -> None:
    old, both, new = Vault(KEYS[1:]), Vault(KEYS), Vault(KEYS[:1])
    assert both.open(old.seal("s")) == "s"
    assert new.open(both.seal("s")) == "s"
    with pytest.raises(SecretUnreadable):
        new.open(old.seal("s"))
    assert KEYS[0] not in repr(both) + str(vars(both))


async def test_an_organizations_secrets_are_its_own(db: Database) -> None:
    vault, acme, rival = Vault(KEYS), await organization(db), await organization(db)
    await put(db, vault, acme, "acme-secret")
    assert await vault.current(db, acme, "identity") == "acme-secret"
    assert await vault.current(db, rival, "identity") is None
    assert await vault.current(db, acme, "webhook") is None
    assert await vault.valid(db, rival, "identity") == []


async def test_rotations_overlap_and_end(db: Database) -> None:
    vault, acme = Vault(KEYS), await organization(db)
    for secret in ("first", "second", "third"):
        await put(db, vault, acme, secret)
    assert await vault.valid(db, acme, "identity") == ["third", "second", "first"]
    await put(db, vault, acme, "fourth", overlap_hours=0)
    assert await vault.valid(db, acme, "identity") == ["fourth", "second", "first"]


async def test_rotations_at_the_same_moment_leave_one_secret_in_use(db: Database) -> None:
    vault, acme = Vault(KEYS), await organization(db)
    await asyncio.gather(*(put(db, vault, acme, f"secret-{number}") for number in range(5)))
    in_use = "select count(*) from organization_secrets where expires_at is null"
    assert await db.value(in_use) == 1
    assert len(await vault.valid(db, acme, "identity")) == 5


async def test_what_is_remembered_is_some_seconds_old_at_most(db: Database) -> None:
    now = [0.0]
    vault, acme = Vault(KEYS, clock=lambda: now[0]), await organization(db)
    assert await vault.remembered(db, acme, "identity") == []
    await put(db, vault, acme, "first")
    assert await vault.remembered(db, acme, "identity") == ["first"], "nothing found is not remembered"
    await put(db, vault, acme, "second")
    assert await vault.remembered(db, acme, "identity") == ["first"]
    now[0] = REMEMBERED_SECONDS
    assert await vault.remembered(db, acme, "identity") == ["second", "first"]


def test_short_secrets_show_nothing() -> None:
    assert last4("whsec_0123456789") == "6789"
    assert last4("hunter2") == ""
