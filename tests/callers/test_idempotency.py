"""Again or not: the same key answers the same, once, per caller (API § 1)."""

import asyncio

import httpx
import pytest

from agentpay.callers import idempotency
from agentpay.db.engine import Database
from agentpay.kit import errors
from tests.callers.cast import ADMIN_KEY, Shop, add_key, bearing, open_shop
from tests.callers.conftest import House

START = "/v1/agent/conversations"
ORGANIZATIONS = "/v1/organizations"


async def make(
    client: httpx.AsyncClient,
    secret: str,
    *,
    key: str | None = "k-1",
    name: str = "candle",
    path: str = START,
    origin: str | None = None,
) -> httpx.Response:
    headers = bearing(secret, origin=origin) | ({"Idempotency-Key": key} if key is not None else {})
    return await client.post(path, json={"name": name}, headers=headers)


async def test_a_retry_gets_the_first_answer_and_makes_nothing(
    client: httpx.AsyncClient, house: House, acme: Shop
) -> None:
    first = await make(client, acme.secret_key)
    again = await make(client, acme.secret_key)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert house.made == ["candle"]


async def test_without_a_key_every_request_is_a_new_one(client: httpx.AsyncClient, house: House, acme: Shop) -> None:
    await make(client, acme.secret_key, key=None)
    await make(client, acme.secret_key, key=None)
    assert house.made == ["candle", "candle"]


async def test_secrets_shown_once_are_not_shown_again(client: httpx.AsyncClient, db: Database) -> None:
    first = await make(client, ADMIN_KEY, path=ORGANIZATIONS)
    again = await make(client, ADMIN_KEY, path=ORGANIZATIONS)
    assert first.json()["secret_key"] == "ap_sk_shown-once"
    assert again.json() == {"id": "1", "name": "candle"}
    stored = await db.value("select response_body from idempotency_keys")
    assert b"ap_sk" not in stored


async def test_another_body_or_path_under_the_same_key_is_refused(
    client: httpx.AsyncClient, house: House, acme: Shop
) -> None:
    await make(client, acme.secret_key)
    checkout = f"{START}/{acme.conversation_id}/checkouts"
    for other in (
        await make(client, acme.secret_key, name="lamp"),
        await make(client, acme.secret_key, path=checkout),
    ):
        assert other.status_code == 422
        assert other.json()["error"] == "IdempotencyMismatch"
    assert house.made == ["candle"]


async def test_callers_do_not_share_keys(client: httpx.AsyncClient, house: House, db: Database, acme: Shop) -> None:
    rival = await open_shop(db, name="Rival Shop")
    assert "Idempotency-Replayed" not in (await make(client, acme.secret_key)).headers
    assert "Idempotency-Replayed" not in (await make(client, rival.secret_key)).headers
    for shop in (acme, rival):
        path = f"{START}/{shop.conversation_id}/checkouts"
        assert "Idempotency-Replayed" not in (await make(client, shop.token, path=path)).headers
    assert len(house.made) == 4


async def test_two_keys_of_one_organization_are_one_caller(
    client: httpx.AsyncClient, house: House, db: Database, acme: Shop
) -> None:
    other = await add_key(db, organization_id=acme.organization_id, kind="secret")
    await make(client, acme.secret_key)
    assert (await make(client, other)).headers["Idempotency-Replayed"] == "true"


async def test_a_publishable_key_is_shared_by_all_visitors_and_so_ignored(
    client: httpx.AsyncClient, house: House, acme: Shop
) -> None:
    for key in ("k-1", "k-1", "", "k" * 256):
        assert (await make(client, acme.publishable_key, key=key, origin=acme.origin)).status_code == 201
    assert len(house.made) == 4


@pytest.mark.parametrize("key", ["", "k" * 256, "kéy", "a\tb"])
async def test_a_malformed_key_is_422(client: httpx.AsyncClient, house: House, acme: Shop, key: str) -> None:
    headers = [
        (b"authorization", f"Bearer {acme.secret_key}".encode()),
        (b"idempotency-key", key.encode("latin-1")),
    ]
    answer = await client.post(START, json={"name": "candle"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["header", "Idempotency-Key"]
    assert house.made == []


async def test_keys_up_to_255_printable_characters_are_good(client: httpx.AsyncClient, acme: Shop) -> None:
    for key in ("k", "k" * 255, "order 7 / ~!"):
        assert (await make(client, acme.secret_key, key=key)).status_code == 201


async def test_a_retry_while_the_first_still_runs_is_409(client: httpx.AsyncClient, house: House, acme: Shop) -> None:
    house.waits_for = asyncio.Event()
    first = asyncio.create_task(make(client, acme.secret_key))
    await house.is_making.wait()
    second = await make(client, acme.secret_key)
    assert (second.status_code, second.json()["error"]) == (409, "IdempotencyInProgress")
    assert second.headers["Retry-After"]
    house.waits_for.set()
    assert (await first).status_code == 201
    assert (await make(client, acme.secret_key)).headers["Idempotency-Replayed"] == "true"
    assert house.made == ["candle"]


async def test_many_at_once_make_one(client: httpx.AsyncClient, house: House, acme: Shop) -> None:
    answers = await asyncio.gather(*(make(client, acme.secret_key) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert house.made == ["candle"]


@pytest.mark.parametrize(
    "failure", [errors.Unavailable(), errors.Limited(retry_after=1), errors.ExpectedError("broken")]
)
async def test_an_answer_that_asks_to_try_again_does_not_use_up_the_key(
    client: httpx.AsyncClient, house: House, acme: Shop, failure: errors.ExpectedError
) -> None:
    house.fails_with = failure
    assert (await make(client, acme.secret_key)).status_code == failure.status
    house.fails_with = None
    again = await make(client, acme.secret_key)
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers


async def test_a_refusal_is_an_answer_too(client: httpx.AsyncClient, house: House, acme: Shop) -> None:
    house.fails_with = errors.NotFound()
    first = await make(client, acme.secret_key)
    house.fails_with = None
    again = await make(client, acme.secret_key)
    assert first.status_code == again.status_code == 404
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_request_that_crashed_gives_its_key_to_the_retry_when_the_lock_ends(
    client: httpx.AsyncClient, house: House, acme: Shop
) -> None:
    house.waits_for = asyncio.Event()
    crashed = asyncio.create_task(make(client, acme.secret_key))
    await house.is_making.wait()
    await house.db.run("update idempotency_keys set locked_until = now() - interval '1 second'")
    waiting, house.waits_for = house.waits_for, None
    taken = await make(client, acme.secret_key)
    assert (taken.status_code, taken.json()["id"]) == (201, "1")
    waiting.set()  # the slow one was not dead: it writes nothing over the answer that was given
    await crashed
    assert (await make(client, acme.secret_key)).json()["id"] == "1"


async def test_a_cancelled_request_gives_its_key_back(client: httpx.AsyncClient, house: House, acme: Shop) -> None:
    house.waits_for = asyncio.Event()
    request = asyncio.create_task(make(client, acme.secret_key))
    await house.is_making.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await house.db.value("select count(*) from idempotency_keys") == 0


async def test_a_key_is_new_again_after_a_day(
    client: httpx.AsyncClient, house: House, db: Database, acme: Shop
) -> None:
    await make(client, acme.secret_key)
    await db.run("update idempotency_keys set created_at = now() - interval '25 hours'")
    assert (await make(client, acme.secret_key, name="lamp")).status_code == 201
    assert house.made == ["candle", "lamp"]
    await db.run("update idempotency_keys set created_at = now() - interval '25 hours'")
    assert await idempotency.purge(db) == 1


async def test_a_stream_passes_and_keeps_no_key(client: httpx.AsyncClient, db: Database, acme: Shop) -> None:
    path = f"{START}/{acme.conversation_id}/speak"
    answer = await client.post(path, headers=bearing(acme.token, Idempotency_Key="k"))
    assert answer.text == "data: 1\n\n"
    assert await db.value("select count(*) from idempotency_keys") == 0


async def test_erasure_removes_what_was_answered_to_and_about_a_conversation(
    client: httpx.AsyncClient, db: Database, acme: Shop
) -> None:
    path = f"{START}/{acme.conversation_id}/checkouts"
    await make(client, acme.token, path=path)
    await make(client, acme.secret_key, key="about", name=str(acme.conversation_id)[:10])
    await db.run(
        "update idempotency_keys set response_body = %s where key = 'about'", (str(acme.conversation_id).encode(),)
    )
    await make(client, acme.secret_key, key="other")
    async with db.transaction() as tx:
        erased = await idempotency.erase(tx, organization_id=acme.organization_id, conversation_id=acme.conversation_id)
    assert erased == 2
    assert await db.value("select key from idempotency_keys") == "other"
