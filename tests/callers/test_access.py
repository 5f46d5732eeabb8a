"""Who may call what (API § 2), through the front door."""

from uuid import UUID

import httpx
import pytest

from agentpay.callers.access import admit
from agentpay.callers.credentials import Credential, bearer
from agentpay.db.engine import Database
from agentpay.kit import ids
from agentpay.kit.caller import Merchant, Page
from agentpay.kit.errors import NotAllowed
from tests.callers.cast import ACME_PAGE, ADMIN_KEY, RIVAL_PAGE, Shop, bearing, open_shop


def conversation_path(shop: Shop) -> str:
    return f"/v1/agent/conversations/{shop.conversation_id}"


async def test_each_credential_opens_its_own_doors(client: httpx.AsyncClient, acme: Shop) -> None:
    doors = {
        "/v1/organizations": {ADMIN_KEY, acme.secret_key},
        "/v1/orders": {acme.secret_key},
        "/v1/widget": {acme.publishable_key},
        "/metrics": {ADMIN_KEY},
        conversation_path(acme): {acme.token, acme.secret_key},
    }
    from_pages = {acme.publishable_key, acme.token}
    for path, admitted in doors.items():
        for secret in (ADMIN_KEY, acme.secret_key, acme.publishable_key, acme.token):
            headers = bearing(secret, origin=ACME_PAGE if secret in from_pages else None)
            answer = await client.get(path, headers=headers)
            assert answer.status_code == (200 if secret in admitted else 403), (path, secret[:6], answer.text)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Basic YTpi", "Bearer ap_sk_unknown", "Bearer ap_ct_unknown", "Bearer x", "Bearer a b"],
)
async def test_no_good_credential_is_401_and_says_how_to_ask(
    client: httpx.AsyncClient, acme: Shop, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in ("/v1/orders", "/v1/widget", conversation_path(acme)):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"error": "Unauthorized", "detail": "Unauthorized"}
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_malformed_body_does_not_overtake_the_401(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/organizations", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 401


async def test_nobody_sees_another_organizations_conversation(
    client: httpx.AsyncClient, db: Database, acme: Shop
) -> None:
    rival = await open_shop(db, name="Rival Shop", origin=RIVAL_PAGE)
    unknown = f"/v1/agent/conversations/{ids.uuid7()}"
    for secret in (rival.token, rival.secret_key):
        strange = await client.get(conversation_path(acme), headers=bearing(secret))
        absent = await client.get(unknown, headers=bearing(secret))
        assert strange.status_code == absent.status_code == 404
        assert strange.json() == absent.json() == {"error": "ResourceNotFound", "detail": "Not found"}


async def test_a_token_opens_no_other_conversation_of_its_organization(
    client: httpx.AsyncClient, db: Database, acme: Shop
) -> None:
    other = await open_shop(db)
    answer = await client.get(conversation_path(other), headers=bearing(acme.token))
    assert answer.status_code == 404


async def test_the_authorization_scheme_has_no_case(client: httpx.AsyncClient, acme: Shop) -> None:
    answer = await client.get("/v1/orders", headers={"Authorization": f"bearer {acme.secret_key}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("origin", [RIVAL_PAGE, "null", "http://acme.example", "https://acme.example:8443", ""])
async def test_a_page_calls_only_from_an_allowed_origin(client: httpx.AsyncClient, acme: Shop, origin: str) -> None:
    for path, secret in (("/v1/widget", acme.publishable_key), (conversation_path(acme), acme.token)):
        answer = await client.get(path, headers={**bearing(secret), "Origin": origin})
        assert answer.status_code == 403
        assert answer.json()["error"] == "NotPermitted"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_publishable_key_needs_an_origin_and_a_token_does_not(client: httpx.AsyncClient, acme: Shop) -> None:
    assert (await client.get("/v1/widget", headers=bearing(acme.publishable_key))).status_code == 403
    assert (await client.get(conversation_path(acme), headers=bearing(acme.token))).status_code == 200
    page = await client.get("/v1/widget", headers=bearing(acme.publishable_key, origin=ACME_PAGE))
    assert page.json() == {"organization_id": str(acme.organization_id), "origin": ACME_PAGE}


async def test_server_keys_are_refused_in_a_browser(client: httpx.AsyncClient, acme: Shop) -> None:
    for path, secret in (("/v1/orders", acme.secret_key), ("/v1/organizations", ADMIN_KEY)):
        assert (await client.get(path, headers=bearing(secret, origin=ACME_PAGE))).status_code == 403


async def test_an_ended_credential_opens_nothing(client: httpx.AsyncClient, db: Database) -> None:
    revoked, expired, deleted, gone = [await open_shop(db) for _ in range(4)]
    await db.run(
        "update conversation_tokens set revoked_at = now() where conversation_id = %s", (revoked.conversation_id,)
    )
    await db.run(
        "update conversation_tokens set expires_at = now() where conversation_id = %s", (expired.conversation_id,)
    )
    await db.run("update api_keys set deleted_at = now() where organization_id = %s", (deleted.organization_id,))
    await db.run("update organizations set deleted_at = now() where id = %s", (gone.organization_id,))
    for shop, secret in ((revoked, revoked.token), (expired, expired.token), (gone, gone.token)):
        assert (await client.get(conversation_path(shop), headers=bearing(secret))).status_code == 401
    for secret in (deleted.secret_key, gone.secret_key):
        assert (await client.get("/v1/orders", headers=bearing(secret))).status_code == 401
    for shop in (deleted, gone):
        answer = await client.get("/v1/widget", headers=bearing(shop.publishable_key, origin=shop.origin))
        assert answer.status_code == 401


def test_a_bearer_token_is_read_strictly() -> None:
    assert bearer("Bearer abc") == "abc"
    assert bearer("BEARER  abc ") == "abc"
    assert [bearer(text) for text in (None, "", "abc", "Bearer", "Bearer a b", "Bearer é", "Bearer " + "a" * 513)] == [
        None
    ] * 7


def test_a_publishable_key_of_an_organization_without_origins_opens_nothing() -> None:
    credential = Credential(Page(UUID(int=1), UUID(int=2), origin=""), frozenset())
    with pytest.raises(NotAllowed):
        admit("page", credential, origin=ACME_PAGE, conversation_id=None)


def test_a_merchant_is_staff_in_a_conversation() -> None:
    credential = Credential(Merchant(UUID(int=1), UUID(int=2)), frozenset())
    member = admit("member", credential, origin=None, conversation_id=UUID(int=3))
    assert getattr(member, "is_staff") is True  # noqa: B009 (the union of callers has no such field)
