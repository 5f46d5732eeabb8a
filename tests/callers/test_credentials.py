"""Credentials: found by hash, remembered for some seconds, never longer."""

from uuid import UUID

from agentpay.callers.cors import Origins
from agentpay.callers.credentials import REMEMBERED_SECONDS, Credentials, list_ended
from agentpay.db.engine import Database
from agentpay.kit import ids
from agentpay.kit.caller import Merchant, Visitor
from agentpay.kit.recent import Recent
from tests.callers.cast import ACME_PAGE, open_shop


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_revoked_credential_is_forgotten_within_five_seconds(db: Database) -> None:
    acme, watch = await open_shop(db), Watch()
    credentials = Credentials(db, clock=watch)
    assert await credentials.find(acme.token) is not None
    assert await credentials.find(acme.secret_key) is not None
    await db.run("update conversation_tokens set revoked_at = now()")
    await db.run("update api_keys set deleted_at = now()")
    assert await credentials.find(acme.token) is not None, "a remembered credential costs no query"
    watch.now = REMEMBERED_SECONDS
    assert REMEMBERED_SECONDS < 5
    assert await credentials.find(acme.token) is None
    assert await credentials.find(acme.secret_key) is None


async def test_an_unknown_credential_costs_one_query_in_those_seconds_too(db: Database) -> None:
    credentials = Credentials(db)
    secret = ids.new_secret("ap_ct_")
    assert await credentials.find(secret) is None
    assert credentials._recent.find_fresh(ids.secret_hash(secret)) == (None,)
    assert await credentials.find("what is this") is None
    assert len(credentials._recent) == 1


async def test_use_pushes_a_tokens_expiry_forward_once_a_day(db: Database) -> None:
    acme = await open_shop(db)
    days_left = "select extract(day from expires_at - now())::int from conversation_tokens"
    await db.run("update conversation_tokens set expires_at = now() + interval '3 days 1 hour'")
    await Credentials(db).find(acme.token)
    assert await db.value(days_left) in {29, 30}
    await db.run("update conversation_tokens set expires_at = now() + interval '29 days 1 hour'")
    await Credentials(db).find(acme.token)
    assert await db.value(days_left) == 29, "a recent expiry is left alone: no write for every request"


async def test_the_last_use_of_a_key_is_noted(db: Database) -> None:
    acme = await open_shop(db)
    await Credentials(db).find(acme.secret_key)
    used = await db.all("select kind from api_keys where last_used_at is not null")
    assert [row["kind"] for row in used] == ["secret"]


async def test_streams_learn_together_which_credentials_have_ended(db: Database) -> None:
    acme, rival = await open_shop(db), await open_shop(db, name="Rival Shop", origin="https://rival.example")
    token, key = await Credentials(db).find(acme.token), await Credentials(db).find(acme.secret_key)
    assert token is not None
    assert key is not None
    visitor, merchant = token.caller, key.caller
    assert isinstance(visitor, Visitor)
    assert isinstance(merchant, Merchant)
    from_page = Visitor(visitor.organization_id, visitor.conversation_id, visitor.token_hash, ACME_PAGE)
    from_elsewhere = Visitor(visitor.organization_id, visitor.conversation_id, visitor.token_hash, rival.origin)
    strange = Visitor(visitor.organization_id, visitor.conversation_id, bytes(32))
    everybody = [visitor, merchant, from_page, from_elsewhere, strange]
    assert await list_ended(db, everybody) == {from_elsewhere, strange}
    await db.run("update conversation_tokens set revoked_at = now()")
    await db.run("update api_keys set deleted_at = now()")
    assert await list_ended(db, everybody) == set(everybody)
    assert await list_ended(db, []) == set()


async def test_without_a_database_the_last_answer_about_an_origin_stands(db: Database) -> None:
    await open_shop(db)
    watch = Watch()
    origins = Origins(db, clock=watch)
    assert await origins.is_listed(ACME_PAGE)
    origins._db = Database("postgresql://nobody@127.0.0.1:1/none")
    watch.now = 3600
    assert await origins.is_listed(ACME_PAGE)
    assert not await origins.is_listed("https://nobody.example")


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    watch = Watch()
    recent: Recent[int, UUID] = Recent(seconds=10, entries_max=2, clock=watch)
    for key in range(3):
        recent.keep(key, UUID(int=key), asked_at=0)
    assert recent.find_fresh(0) is None
    assert recent.find_fresh(2) == (UUID(int=2),)
    watch.now = 10
    assert recent.find_fresh(2) is None
    assert recent.find_stale(2) == (UUID(int=2),)
    assert len(recent) == 2
