"""What a merchant may change of its organization, what only the operator may, and what removal leaves."""

from typing import Any
from uuid import UUID

import pytest

from tests.organizations.conftest import ADMIN_KEY, Operator


async def test_a_merchant_changes_what_is_sent_and_nothing_else(desk: Operator) -> None:
    made = await desk.register(success_url="https://acme.example/thanks", budgets=[])
    budget = {"kind": "discount", "scope": "visitor", "period": "day", "currency": "usd", "amount": 5_000}
    changes = {
        "name": "Acme Candles & Co",
        "allowed_origins": ["https://Acme.example:443", "http://localhost:3000", "https://acme.example"],
        "default_currency": "eur",
        "budgets": [budget],
        "retention_days": 30,
        "notify_url": "https://hooks.acme.example/agentpay",
    }
    answer = await desk.call("PATCH", f"/{made['id']}", changes, key=made["secret_key"])
    assert answer.status_code == 200, answer.text
    expected = {
        **changes,
        "allowed_origins": ["https://acme.example", "http://localhost:3000"],
        "success_url": "https://acme.example/thanks",
        "status": "active",
    }
    assert {name: answer.json()[name] for name in expected} == expected
    assert answer.json()["modified_at"] is not None
    assert answer.json() == (await desk.call("GET", f"/{made['id']}")).json()
    cleared = await desk.call("PATCH", f"/{made['id']}", {"notify_url": None, "success_url": None})
    assert (cleared.json()["notify_url"], cleared.json()["success_url"]) == (None, None)


async def test_an_empty_change_changes_nothing(desk: Operator) -> None:
    made = await desk.register()
    desk.state.calls.clear()
    answer = await desk.call("PATCH", f"/{made['id']}", {}, key=made["secret_key"])
    assert answer.status_code == 200
    assert desk.state.calls == []


@pytest.mark.parametrize("polar", [{"environment": "sandbox"}, {"base_url": "https://x.example"}, {"base_url": None}])
async def test_where_polar_is_only_the_operator_says(desk: Operator, polar: dict[str, Any]) -> None:
    made = await desk.register()
    answer = await desk.call("PATCH", f"/{made['id']}", {"polar": polar}, key=made["secret_key"])
    assert (answer.status_code, answer.json()["error"]) == (403, "NotPermitted")


async def test_a_new_token_is_asked_about_before_it_is_kept(desk: Operator) -> None:
    made = await desk.register()
    path, key = f"/{made['id']}", made["secret_key"]
    merchant = next(iter(desk.state.organizations))
    refused = await desk.call("PATCH", path, {"polar": {"access_token": "polar_oat_wrong"}}, key=key)
    assert refused.json()["detail"][0]["loc"] == ["body", "polar", "access_token"]
    rivals = await desk.call("PATCH", path, {"polar": {"access_token": desk.polar_token(name="Rival Shop")}}, key=key)
    assert rivals.status_code == 422
    assert "another organization" in rivals.text
    fresh = desk.state.add_token(merchant)
    taken = await desk.call("PATCH", path, {"polar": {"access_token": fresh}}, key=key)
    assert taken.json()["polar"]["access_token"] == "…" + fresh[-4:]
    assert await desk.vault.valid(desk.db, UUID(made["id"]), "polar_token") == [fresh], "the old token is gone at once"


async def test_a_new_token_while_polar_is_away_is_kept_and_verified_later(desk: Operator) -> None:
    made = await desk.register()
    await desk.worker.run_due()
    fresh = desk.state.add_token(next(iter(desk.state.organizations)))
    desk.state.faults.add("server_error", path="/v1/organizations/*", times=100)
    answer = await desk.call("PATCH", f"/{made['id']}", {"polar": {"access_token": fresh}}, key=made["secret_key"])
    assert answer.json()["status"] == "unverified"
    desk.state.faults.pending.clear()
    await desk.db.run("update jobs set run_at = now()")
    await desk.worker.run_due()
    assert (await desk.call("GET", f"/{made['id']}")).json()["status"] == "active"
    assert len(desk.synced) == 2


async def test_the_operator_may_move_it_to_another_polar_organization(desk: Operator) -> None:
    made = await desk.register()
    await desk.call("POST", f"/{made['id']}/webhook")
    rival = desk.polar_token(name="Rival Shop")
    answer = await desk.call("PATCH", f"/{made['id']}", {"polar": {"access_token": rival}}, key=ADMIN_KEY)
    moved = answer.json()
    assert moved["polar"]["organization_id"] == list(desk.state.organizations)[1].id
    assert moved["polar"]["webhook_endpoint_id"] is None


async def test_the_operator_may_move_it_to_another_address(desk: Operator) -> None:
    made = await desk.register()
    by_name = desk.polar_url.replace("127.0.0.1", "localhost")
    answer = await desk.call("PATCH", f"/{made['id']}", {"polar": {"base_url": by_name}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["polar"]["base_url"] == by_name
    wrong = await desk.call("PATCH", f"/{made['id']}", {"polar": {"environment": "sandbox", "base_url": by_name}})
    assert wrong.json()["detail"][0]["loc"] == ["body", "polar", "base_url"]


async def test_a_webhook_secret_by_hand_keeps_the_old_one_for_a_day(desk: Operator) -> None:
    made = await desk.register()
    for secret in ("whsec_first-by-hand", "whsec_second-by-hand"):
        answer = await desk.call("PATCH", f"/{made['id']}", {"polar": {"webhook_secret": secret}})
        assert answer.json()["polar"]["webhook_secret"] == "…hand"
    valid = await desk.vault.valid(desk.db, UUID(made["id"]), "webhook")
    assert valid == ["whsec_second-by-hand", "whsec_first-by-hand"]
    await desk.db.run("update organization_secrets set expires_at = now() where expires_at is not null")
    assert await desk.vault.valid(desk.db, UUID(made["id"]), "webhook") == ["whsec_second-by-hand"]


async def test_a_removed_organization_is_gone_for_everybody(desk: Operator) -> None:
    made = await desk.register()
    await desk.call("POST", f"/{made['id']}/webhook")
    assert (await desk.call("DELETE", f"/{made['id']}")).status_code == 204
    assert (await desk.call("DELETE", f"/{made['id']}")).status_code == 404
    assert (await desk.call("GET", f"/{made['id']}")).status_code == 404
    assert (await desk.call("GET", "")).json()["items"] == []
    assert await desk.db.value("select count(*) from organization_secrets") == 0
    assert await desk.db.value("select count(*) from api_keys where deleted_at is null") == 0
    assert list(desk.state.endpoints) == []


async def test_an_organization_can_be_removed_while_polar_is_away(desk: Operator) -> None:
    made = await desk.register()
    await desk.call("POST", f"/{made['id']}/webhook")
    desk.state.faults.add("server_error", times=100)
    assert (await desk.call("DELETE", f"/{made['id']}")).status_code == 204


async def test_an_organization_whose_token_cannot_be_read_can_be_removed(desk: Operator) -> None:
    made = await desk.register()
    await desk.db.run("update organizations set webhook_endpoint_id = %s", (UUID(int=7),))
    await desk.db.run("update organization_secrets set ciphertext = 'sealed with a key that is gone'")
    unreadable = await desk.call("POST", f"/{made['id']}/webhook")
    assert (unreadable.status_code, unreadable.json()["error"]) == (503, "Unavailable")
    assert (await desk.call("DELETE", f"/{made['id']}")).status_code == 204


async def test_sync_reads_the_catalogue_now_and_once(desk: Operator) -> None:
    made = await desk.register()
    await desk.worker.run_due()
    for _ in range(2):
        answer = await desk.call("POST", f"/{made['id']}/sync", key=made["secret_key"])
        assert answer.status_code == 202
        assert answer.json()["id"] == made["id"]
    await desk.worker.run_due()
    assert len(desk.synced) == 2


# Keys


async def test_keys_are_made_shown_once_listed_and_revoked(desk: Operator) -> None:
    made = await desk.register()
    path, key = f"/{made['id']}/keys", made["secret_key"]
    secret = (await desk.call("POST", path, {"kind": "secret", "name": "server"}, key=key)).json()
    page = (await desk.call("POST", path, {"kind": "publishable", "name": "shop"}, key=key)).json()
    assert secret["secret_key"].startswith("ap_sk_")
    assert secret["publishable_key"] is None
    assert page["publishable_key"].startswith("ap_pk_")
    assert "secret_key" not in page
    listed = await desk.call("GET", path, key=secret["secret_key"])
    assert [item["name"] for item in listed.json()["items"]] == ["shop", "server", "First key", "First key"]
    assert listed.json()["items"][1]["last4"] == secret["secret_key"][-4:]
    assert secret["secret_key"] not in listed.text
    assert listed.json()["items"][0]["publishable_key"] == page["publishable_key"]
    assert (await desk.call("DELETE", f"{path}/{secret['id']}", key=key)).status_code == 204
    assert (await desk.call("DELETE", f"{path}/{secret['id']}", key=key)).status_code == 404
    listed = await desk.call("GET", path, key=key)
    assert [item["name"] for item in listed.json()["items"]] == ["shop", "First key", "First key"]


async def test_a_replayed_key_is_not_shown_again(desk: Operator) -> None:
    made = await desk.register()
    wish, retry = {"kind": "secret", "name": "server"}, {"Idempotency-Key": "k"}
    first = await desk.call("POST", f"/{made['id']}/keys", wish, headers=retry)
    again = await desk.call("POST", f"/{made['id']}/keys", wish, headers=retry)
    assert again.json() == {name: value for name, value in first.json().items() if name != "secret_key"}


async def test_a_key_of_another_organization_cannot_be_revoked(desk: Operator) -> None:
    acme, rival = await desk.register(), await desk.register(name="Rival Shop")
    key_id = (await desk.call("GET", f"/{acme['id']}/keys")).json()["items"][0]["id"]
    stranger = await desk.call("DELETE", f"/{rival['id']}/keys/{key_id}", key=rival["secret_key"])
    assert stranger.status_code == 404
    assert len((await desk.call("GET", f"/{acme['id']}/keys")).json()["items"]) == 2


# Rotation


async def test_a_rotated_secret_works_beside_the_old_one_for_a_day(desk: Operator) -> None:
    made = await desk.register()
    for what in ("identity", "notify"):
        answer = await desk.call("POST", f"/{made['id']}/rotate", {"what": what}, key=made["secret_key"])
        assert answer.status_code == 200
        assert answer.json()["previous_valid_until"].endswith("Z")
        valid = await desk.vault.valid(desk.db, UUID(made["id"]), what)  # type: ignore[arg-type] # a word of ours
        assert valid == [answer.json()["secret"], made[f"{what}_secret"]]
    await desk.db.run("update organization_secrets set expires_at = now() where expires_at is not null")
    assert len(await desk.vault.valid(desk.db, UUID(made["id"]), "identity")) == 1


async def test_a_retried_rotation_rotates_once(desk: Operator) -> None:
    made = await desk.register()
    for _ in range(2):
        await desk.call("POST", f"/{made['id']}/rotate", {"what": "notify"}, headers={"Idempotency-Key": "r"})
    assert len(await desk.vault.valid(desk.db, UUID(made["id"]), "notify")) == 2


async def test_an_unknown_secret_cannot_be_rotated(desk: Operator) -> None:
    made = await desk.register()
    answer = await desk.call("POST", f"/{made['id']}/rotate", {"what": "polar_token"})
    assert answer.json()["detail"][0]["loc"] == ["body", "what"]
