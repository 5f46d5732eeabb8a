"""A merchant moves in: what is asked of Polar, what is stored, what is shown once."""

from typing import Any
from uuid import UUID

import pytest

from tests.organizations.conftest import ADMIN_KEY, PUBLIC_URL, Operator


async def test_a_registered_organization_can_be_used_at_once(desk: Operator) -> None:
    made = await desk.register(allowed_origins=["https://acme.example"], name="  Acme   Candles ")
    merchant = next(iter(desk.state.organizations))
    assert made["name"] == "Acme Candles"
    assert made["status"] == "active"
    assert made["polar"]["organization_id"] == merchant.id
    assert made["capabilities"] == merchant.capabilities
    assert made["webhook_url"] == f"{PUBLIC_URL}/v1/webhooks/polar/{made['id']}"
    assert made["catalog"] == {"synced_at": None, "products": 0}
    assert (made["default_currency"], made["retention_days"], made["budgets"]) == ("usd", 365, [])
    assert (made["notify_url"], made["success_url"], made["polar"]["webhook_secret"]) == (None, None, None)
    assert made["created_at"].endswith("Z")
    assert made["secret_key"].startswith("ap_sk_")
    assert made["publishable_key"].startswith("ap_pk_")
    assert made["notify_secret"].startswith("whsec_")
    assert len(made["identity_secret"]) > 40
    seen = await desk.call("GET", f"/{made['id']}", key=made["secret_key"])
    assert seen.status_code == 200
    assert await desk.jobs_waiting() == {"catalog.sync"}
    await desk.worker.run_due()
    assert desk.synced == [UUID(made["id"])]


async def test_secrets_are_shown_once_and_rest_sealed(desk: Operator) -> None:
    token = desk.polar_token()
    made = await desk.register(token=token)
    seen = await desk.call("GET", f"/{made['id']}")
    assert seen.json()["polar"]["access_token"] == "…" + token[-4:] == made["polar"]["access_token"]
    secrets = [token, made["secret_key"], made["identity_secret"], made["notify_secret"]]
    assert not any(secret in seen.text for secret in secrets)
    stored = str(await desk.db.all("select * from organization_secrets")) + str(
        await desk.db.all("select * from api_keys")
    )
    assert not any(secret in stored for secret in secrets)
    assert await desk.vault.current(desk.db, UUID(made["id"]), "polar_token") == token
    assert await desk.vault.current(desk.db, UUID(made["id"]), "identity") == made["identity_secret"]


async def test_a_replayed_registration_shows_no_secret_and_makes_no_second_organization(desk: Operator) -> None:
    wish = desk.wish()
    first = await desk.call("POST", "", wish, headers={"Idempotency-Key": "acme"})
    again = await desk.call("POST", "", wish, headers={"Idempotency-Key": "acme"})
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    hidden = {"secret_key", "identity_secret", "notify_secret"}
    assert again.json() == {name: value for name, value in first.json().items() if name not in hidden}
    assert await desk.db.value("select count(*) from organizations") == 1


async def test_a_refused_token_is_422_at_its_place(desk: Operator) -> None:
    merchant = desk.state.add_organization()
    for token in ("polar_oat_of_nobody", desk.state.add_token(merchant, ["products:read"])):
        answer = await desk.call("POST", "", desk.wish(token=token))
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", "polar", "access_token"]
        assert token not in answer.text
    assert await desk.db.value("select count(*) from organizations") == 0


async def test_an_address_that_is_not_polars_is_422_at_its_place(desk: Operator) -> None:
    wish = desk.wish()
    wish["polar"]["base_url"] += "/elsewhere"
    answer = await desk.call("POST", "", wish)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "polar", "base_url"]


async def test_an_unreachable_polar_leaves_it_unverified_and_is_asked_again(desk: Operator) -> None:
    desk.state.faults.add("server_error", path="/v1/organizations/*", times=100)
    made = await desk.register()
    assert made["status"] == "unverified"
    assert made["polar"]["organization_id"] is None
    assert await desk.jobs_waiting() == {"organization.verify"}
    await desk.db.run("update jobs set run_at = now()")
    await desk.worker.run_due()
    assert (await desk.call("GET", f"/{made['id']}")).json()["status"] == "unverified"
    assert await desk.jobs_waiting() == {"organization.verify"}, "asked again until Polar answers"
    desk.state.faults.pending.clear()
    await desk.db.run("update jobs set run_at = now()")
    await desk.worker.run_due()
    seen = (await desk.call("GET", f"/{made['id']}")).json()
    assert seen["status"] == "active"
    assert seen["polar"]["organization_id"] == next(iter(desk.state.organizations)).id
    assert desk.synced == [UUID(made["id"])]


async def test_a_token_that_turns_out_bad_later_needs_attention(desk: Operator) -> None:
    desk.state.faults.add("server_error", path="/v1/organizations/*", times=100)
    made = await desk.register(token="polar_oat_of_nobody")
    desk.state.faults.pending.clear()
    await desk.db.run("update jobs set run_at = now()")
    await desk.worker.run_due()
    seen = (await desk.call("GET", f"/{made['id']}")).json()
    assert (seen["status"], seen["attention"]) == ("attention", "Polar refuses the access token.")


async def test_a_merchant_that_polar_takes_no_payments_for_needs_attention(desk: Operator) -> None:
    made = await desk.register(token=desk.polar_token(capabilities={"checkout_payments": False}))
    assert made["status"] == "attention"
    assert "payments" in made["attention"]


async def test_the_default_currency_is_polars_unless_said(desk: Operator) -> None:
    made = await desk.register(token=desk.polar_token(default_presentment_currency="brl"))
    assert made["default_currency"] == "brl"
    assert (await desk.register(default_currency="eur"))["default_currency"] == "eur"


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"name": "   "}, ["body", "name"]),
        ({"nmae": "x"}, ["body", "nmae"]),
        ({"allowed_origins": ["https://acme.example/"]}, ["body", "allowed_origins", 0]),
        ({"allowed_origins": ["https://acme.example", "null"]}, ["body", "allowed_origins", 1]),
        ({"allowed_origins": [f"https://{number}.example" for number in range(101)]}, ["body", "allowed_origins"]),
        ({"default_currency": "USD"}, ["body", "default_currency"]),
        ({"default_currency": "usd\n"}, ["body", "default_currency"]),
        ({"retention_days": 0}, ["body", "retention_days"]),
        ({"notify_url": "ftp://acme.example"}, ["body", "notify_url"]),
        ({"success_url": "acme.example"}, ["body", "success_url"]),
        ({"polar": {"environment": "custom", "access_token": "t"}}, ["body", "polar", "base_url"]),
        (
            {"polar": {"environment": "sandbox", "access_token": "t", "base_url": "https://x.example"}},
            ["body", "polar", "base_url"],
        ),
        ({"polar": {"environment": "live", "access_token": "t"}}, ["body", "polar", "environment"]),
        ({"polar": {"environment": "sandbox"}}, ["body", "polar", "access_token"]),
        ({"polar": {"environment": "sandbox", "access_token": "a b"}}, ["body", "polar", "access_token"]),
        ({"polar": {"environment": "sandbox", "access_token": "ab\n"}}, ["body", "polar", "access_token"]),
        ({"budgets": [{"kind": "discount"}]}, ["body", "budgets", 0, "scope"]),
    ],
)
async def test_what_cannot_be_is_refused_at_its_place_and_polar_is_not_asked(
    desk: Operator, change: dict[str, Any], loc: list[Any]
) -> None:
    answer = await desk.call("POST", "", {**desk.wish(), **change})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["loc"] == loc
    assert desk.state.calls == []


@pytest.mark.parametrize("allow_private", [False])
async def test_http_and_private_addresses_need_leave(desk: Operator) -> None:
    public = {"environment": "sandbox", "access_token": "t"}
    custom = {"environment": "custom", "access_token": "t", "base_url": desk.polar_url}
    for change, loc in (
        ({"polar": custom}, ["body", "polar", "base_url"]),
        ({"polar": public, "notify_url": "http://acme.example/"}, ["body", "notify_url"]),
        ({"polar": public, "notify_url": "https://10.0.0.1/"}, ["body", "notify_url"]),
        ({"polar": public, "success_url": "http://acme.example/"}, ["body", "success_url"]),
    ):
        answer = await desk.call("POST", "", {**desk.wish(), **change})
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == loc


async def test_only_the_operator_registers_lists_and_removes(desk: Operator) -> None:
    made = await desk.register()
    for method, path, body in (
        ("POST", "", desk.wish()),
        ("GET", "", None),
        ("DELETE", f"/{made['id']}", None),
    ):
        answer = await desk.call(method, path, body, key=made["secret_key"])
        assert answer.status_code == 403, (method, path)


async def test_organizations_are_listed_newest_first_page_by_page(desk: Operator) -> None:
    ids = [(await desk.register(name=f"Shop {number}"))["id"] for number in range(3)]
    first = (await desk.call("GET", "?limit=2")).json()
    rest = (await desk.call("GET", f"?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert all(item["polar"]["access_token"].startswith("…") for item in first["items"])
    assert (await desk.call("GET", "?limit=0")).status_code == 422
    assert (await desk.call("GET", "?limit=101")).status_code == 422
    assert (await desk.call("GET", "?cursor=nonsense")).status_code == 422


async def test_nobody_sees_another_organization(desk: Operator) -> None:
    acme, rival = await desk.register(), await desk.register(name="Rival Shop")
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine now"}),
        ("GET", "/keys", None),
        ("POST", "/keys", {"kind": "secret", "name": "mine"}),
        ("POST", "/rotate", {"what": "identity"}),
        ("POST", "/webhook", None),
        ("POST", "/sync", None),
    ]
    for method, path, body in calls:
        answer = await desk.call(method, f"/{acme['id']}{path}", body, key=rival["secret_key"])
        assert answer.status_code == 404, (method, path, answer.text)
    assert (await desk.call("GET", f"/{acme['id']}")).json()["name"] == "Acme Candles"
    absent = await desk.call("GET", f"/{UUID(int=7)}", key=ADMIN_KEY)
    assert absent.status_code == 404
