"""Polar's webhook endpoint: made, repaired, rotated, looked after."""

from typing import Any
from uuid import UUID

import pytest

from agentpay.organizations.webhook import EVENTS
from agentpay.sandbox.polar.entities import Endpoint
from tests.organizations.conftest import PUBLIC_URL, Operator


def endpoints(desk: Operator) -> list[Endpoint]:
    return list(desk.state.endpoints)


async def repaired(desk: Operator, made: dict[str, Any]) -> dict[str, Any]:
    answer = await desk.call("POST", f"/{made['id']}/webhook", key=made["secret_key"])
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def secrets(desk: Operator, made: dict[str, Any]) -> list[str]:
    return await desk.vault.valid(desk.db, UUID(made["id"]), "webhook")


async def test_the_endpoint_is_made_once_with_our_events_and_version(desk: Operator) -> None:
    made = await desk.register()
    for _ in range(2):
        shown = await repaired(desk, made)
        [endpoint] = endpoints(desk)
        assert endpoint.url == f"{PUBLIC_URL}/v1/webhooks/polar/{made['id']}" == shown["webhook_url"]
        assert set(endpoint.events) == set(EVENTS)
        assert (endpoint.api_version, endpoint.format, endpoint.enabled) == ("2026-10", "raw", True)
        assert shown["polar"]["webhook_endpoint_id"] == endpoint.id
        assert shown["polar"]["webhook_secret"] == "…" + endpoint.secret[-4:]
        assert await secrets(desk, made) == [endpoint.secret]


async def test_what_the_merchant_broke_is_mended_and_what_it_added_stays(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    [endpoint] = endpoints(desk)
    endpoint.enabled = False
    endpoint.events = ["customer.created", "order.paid"]
    endpoint.api_version = "2026-04"
    endpoint.url = "https://elsewhere.example/"
    await repaired(desk, made)
    [endpoint] = endpoints(desk)
    assert endpoint.enabled
    assert set(endpoint.events) == {*EVENTS, "customer.created"}
    assert (endpoint.api_version, endpoint.url) == ("2026-10", f"{PUBLIC_URL}/v1/webhooks/polar/{made['id']}")


async def test_an_endpoint_that_was_made_before_a_crash_is_found_again(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    await desk.db.run("update organizations set webhook_endpoint_id = null")
    await desk.db.run("delete from organization_secrets where kind = 'webhook'")
    shown = await repaired(desk, made)
    [endpoint] = endpoints(desk)
    assert shown["polar"]["webhook_endpoint_id"] == endpoint.id
    assert await secrets(desk, made) == [endpoint.secret]


async def test_a_second_endpoint_of_ours_is_removed(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    [first] = endpoints(desk)
    await desk.db.run("update organizations set webhook_endpoint_id = null")
    first_url, first.url = first.url, "https://elsewhere.example/"
    await repaired(desk, made)
    first.url = first_url
    shown = await repaired(desk, made)
    [left] = endpoints(desk)
    assert left.id == shown["polar"]["webhook_endpoint_id"] != first.id
    assert await secrets(desk, made) == [left.secret, first.secret]


async def test_an_endpoint_that_is_gone_is_made_anew(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    [first] = endpoints(desk)
    desk.state.endpoints.drop(first.id)
    shown = await repaired(desk, made)
    assert shown["polar"]["webhook_endpoint_id"] == endpoints(desk)[0].id != first.id


@pytest.mark.parametrize("public_url", [None])
async def test_without_a_public_url_there_is_nowhere_to_deliver(desk: Operator) -> None:
    made = await desk.register()
    assert made["webhook_url"] is None
    answer = await desk.call("POST", f"/{made['id']}/webhook")
    assert (answer.status_code, answer.json()["error"]) == (409, "Conflict")
    assert "AGENTPAY_PUBLIC_URL" in answer.json()["detail"]


@pytest.mark.parametrize("public_url", ["http://agentpay.example"])
async def test_a_public_url_that_polar_does_not_take_is_said(desk: Operator) -> None:
    desk.state.settings.insecure_endpoints = False
    made = await desk.register()
    answer = await desk.call("POST", f"/{made['id']}/webhook")
    assert answer.status_code == 409
    assert "https" in answer.json()["detail"]


async def test_a_token_without_the_scope_is_said(desk: Operator) -> None:
    merchant = desk.state.add_organization()
    made = await desk.register(token=desk.state.add_token(merchant, ["organizations:read", "products:read"]))
    answer = await desk.call("POST", f"/{made['id']}/webhook")
    assert answer.status_code == 409
    assert "webhooks:write" in answer.json()["detail"]


async def test_while_polar_is_away_it_is_503(desk: Operator) -> None:
    made = await desk.register()
    desk.state.faults.add("server_error", path="/v1/webhooks/*", times=100)
    answer = await desk.call("POST", f"/{made['id']}/webhook")
    assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")
    assert answer.headers["Retry-After"]


async def test_a_rotated_secret_is_polars_new_one_and_the_old_one_still_counts(desk: Operator) -> None:
    made = await desk.register()
    assert (await desk.call("POST", f"/{made['id']}/rotate", {"what": "webhook"})).status_code == 409
    await repaired(desk, made)
    old = endpoints(desk)[0].secret
    answer = await desk.call("POST", f"/{made['id']}/rotate", {"what": "webhook"}, key=made["secret_key"])
    assert answer.status_code == 200, answer.text
    assert "secret" not in answer.json()
    assert answer.json()["previous_valid_until"]
    assert await secrets(desk, made) == [endpoints(desk)[0].secret, old]
    assert endpoints(desk)[0].secret != old


async def test_a_rotation_whose_answer_got_lost_is_found_out(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    old = endpoints(desk)[0].secret
    desk.state.faults.add("lost_answer", method="PATCH", path="/v1/webhooks/*")
    answer = await desk.call("POST", f"/{made['id']}/rotate", {"what": "webhook"})
    assert answer.status_code == 200, answer.text
    assert await secrets(desk, made) == [endpoints(desk)[0].secret, old]


async def test_a_rotation_that_did_not_happen_is_503(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    old = endpoints(desk)[0].secret
    desk.state.faults.add("server_error", method="PATCH", path="/v1/webhooks/*", times=100)
    assert (await desk.call("POST", f"/{made['id']}/rotate", {"what": "webhook"})).status_code == 503
    assert await secrets(desk, made) == [old]


async def test_an_endpoint_that_polar_disabled_is_enabled_again_by_the_hourly_look(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    endpoints(desk)[0].enabled = False
    await look(desk)
    assert endpoints(desk)[0].enabled
    assert (await desk.call("GET", f"/{made['id']}")).json()["status"] == "active"


async def test_an_endpoint_that_cannot_be_enabled_needs_attention_until_it_is_repaired(desk: Operator) -> None:
    made = await desk.register()
    await repaired(desk, made)
    endpoints(desk)[0].enabled = False
    desk.state.faults.add("server_error", method="PATCH", path="/v1/webhooks/*", times=100)
    await look(desk)
    assert (await desk.call("GET", f"/{made['id']}")).json()["status"] == "attention"
    desk.state.faults.pending.clear()
    assert (await repaired(desk, made))["status"] == "active"


async def look(desk: Operator) -> None:
    await desk.worker.executor.handlers["organizations.sweep"]({})
    await desk.worker.run_due()
