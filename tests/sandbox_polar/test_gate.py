"""What happens to a call before its handler: tokens, scopes, versions, slashes, sizes (contract §§ 1.2–1.6, 1.9)."""

from datetime import timedelta

import httpx
import pytest

from agentpay.sandbox.polar import constants, seeding
from tests.sandbox_polar.shop import Shop, first_error


async def test_each_token_sees_its_own_merchant_only(shop: Shop) -> None:
    rival = shop.state.add_organization("Rival Shop")
    secret = shop.state.add_token(rival)
    theirs = shop.state.add_product(rival, "Rival candle")
    async with shop.client(secret) as stranger:
        assert [each["id"] for each in (await stranger.get("/v1/products/")).json()["items"]] == [theirs.id]
        for path in (f"/v1/products/{shop.candle.id}", f"/v1/organizations/{shop.acme.id}"):
            answer = await stranger.get(path)
            assert (answer.status_code, answer.json()["error"]) == (404, "ResourceNotFound")
        refused = await stranger.post("/v1/checkouts/", json={"products": [shop.candle.id]})
        assert first_error(refused.json())[1] == "Product does not exist."


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({}, "Unauthorized"),
        ({"authorization": "Basic eA=="}, "Unauthorized"),
        ({"authorization": "Bearer x"}, "invalid_token"),
    ],
)
async def test_the_two_shapes_of_401(shop: Shop, header: dict[str, str], error: str) -> None:
    async with shop.client() as http:
        answer = await http.get("/v1/products/", headers=header)
    assert (answer.status_code, answer.json()["error"]) == (401, error)
    assert answer.headers["www-authenticate"].startswith('Bearer realm="polar"')
    assert ("x-polar-sandbox" in answer.headers) is (error == "Unauthorized")
    assert ("detail" in answer.json()) is (error == "Unauthorized")


async def test_a_token_ends_when_it_expires_and_when_the_organization_may_not_use_the_api(shop: Shop) -> None:
    expiring = shop.state.add_token(shop.acme, expires_at=shop.now + timedelta(minutes=1))
    async with shop.client(expiring) as http:
        assert (await http.get("/v1/products/")).status_code == 200
        shop.pass_time(minutes=2)
        assert (await http.get("/v1/products/")).json()["error"] == "invalid_token"
    shop.acme.capabilities["api_access"] = False
    assert (await shop.http.get("/v1/products/")).json()["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (["products:read"], "GET", "/v1/products/", 200),
        (["products:write"], "GET", "/v1/products/", 200),
        (["orders:write"], "GET", "/v1/orders/", 403),
        (["orders:read"], "GET", "/v1/orders/", 200),
        (["checkouts:read"], "POST", "/v1/checkouts/", 403),
        (["webhooks:read"], "POST", "/v1/webhooks/endpoints", 403),
    ],
)
async def test_a_scope_lets_in_or_not(shop: Shop, scopes: list[str], method: str, path: str, status: int) -> None:
    async with shop.client(shop.state.add_token(shop.acme, scopes)) as http:
        answer = await http.request(method, path)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"] == "insufficient_scope"
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("version", constants.VERSIONS)
async def test_each_live_version_is_served_under_its_name(shop: Shop, version: str) -> None:
    answer = await shop.http.get("/v1/products/", headers={"Polar-Version": version})
    assert (answer.status_code, answer.headers["polar-version"]) == (200, version)


async def test_without_a_version_the_current_one_is_served(shop: Shop) -> None:
    assert (await shop.http.get("/v1/products/")).headers["polar-version"] == "2026-10"


@pytest.mark.parametrize("version", ["2025-01", "latest", "", "2026-10-01"])
async def test_an_unknown_version_is_a_404_of_its_own_kind(shop: Shop, version: str) -> None:
    answer = await shop.http.get("/v1/products/", headers={"Polar-Version": version})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    assert not {"polar-version", "x-polar-sandbox"} & set(answer.headers)


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/v1/products", "/v1/products/"),
        ("/v1/checkouts?limit=1", "/v1/checkouts/?limit=1"),
        ("/v1/webhooks/endpoints/", "/v1/webhooks/endpoints"),
        ("/v1/orders/x/", "/v1/orders/x"),
    ],
)
async def test_the_wrong_slash_is_redirected(shop: Shop, path: str, other: str) -> None:
    answer = await shop.http.get(path)
    assert (answer.status_code, answer.headers["location"]) == (307, shop.state.settings.public_url + other)


async def test_a_body_needs_a_length_a_type_and_bounds(shop: Shop) -> None:
    async def chunks() -> object:
        yield b"{}"

    unmeasured = await shop.http.post("/v1/checkouts/", content=chunks())  # type: ignore[arg-type]  # an async iterator
    assert (unmeasured.status_code, unmeasured.json()["error"]) == (411, "LengthRequired")
    huge = await shop.http.post("/v1/checkouts/", content=b"x" * (constants.BODY_BYTES_MAX + 1))
    assert (huge.status_code, huge.json()["error"]) == (413, "RequestBodyTooLarge")
    untyped = await shop.http.post("/v1/discounts/", content=b'{"type": "fixed"}')
    assert untyped.json()["detail"][0]["type"] == "model_attributes_type"
    empty = await shop.http.post("/v1/checkouts/")
    assert empty.json()["detail"] == [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]
    nul = await shop.http.post("/v1/discounts/", json={"name": "a\x00b"})
    assert (nul.status_code, nul.json()["detail"][0]["loc"]) == (422, ["body", "name"])


async def test_an_organization_id_in_a_body_is_refused(shop: Shop) -> None:
    body = {"type": "percentage", "name": "x", "basis_points": 100, "duration": "once", "organization_id": shop.acme.id}
    answer = await shop.call("POST", "/v1/discounts/", body, status=422)
    assert answer["detail"][0]["type"] == "organization_token"


async def test_production_carries_no_sandbox_header(shop: Shop) -> None:
    shop.state.settings.sandbox = False
    assert "x-polar-sandbox" not in (await shop.http.get("/v1/products/")).headers


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("customer_email", "sam@acme.test", "value_error"),
        ("customer_email", "sam@localhost", "value_error"),
        ("customer_email", 5, "string_type"),
        ("customer_billing_address", {"country": "XX"}, "enum"),
        ("customer_billing_address", {"country": "US", "state": "Texas"}, "value_error"),
        ("customer_ip_address", "somewhere", "ip_any_address"),
        ("success_url", "/thanks", "url_parsing"),
        ("seats", 0, "greater_than_equal"),
        ("seats", 1.5, "int_from_float"),
        ("trial_interval", "day", "value_error"),
        ("allow_trial", "maybe", "bool_parsing"),
        ("discount_id", "7F3K", "uuid_parsing"),
        ("metadata", [], "dict_type"),
        ("metadata", {"": "x"}, "string_too_short"),
        ("prices", {"x": []}, "uuid_parsing"),
    ],
)
async def test_a_bad_field_is_named_in_every_branch_that_has_it(
    shop: Shop, field: str, value: object, kind: str
) -> None:
    body = {"products": [shop.candle.id], field: value}
    answer = await shop.call("POST", "/v1/checkouts/", body, status=422)
    assert answer["error"] == "RequestValidationError"
    ours = [each for each in answer["detail"] if "CheckoutProductsCreate" in each["loc"][1]]
    assert next(each["type"] for each in ours) == kind
    assert "CheckoutPriceCreate" in answer["detail"][-1]["loc"][1]


async def test_legacy_bodies_with_one_product_or_one_price_still_work(shop: Shop) -> None:
    price = shop.candle.prices[0].id
    for body in ({"product_id": shop.candle.id}, {"product_price_id": price}):
        made = await shop.call("POST", "/v1/checkouts/", body)
        assert (made["product_id"], made["product_price_id"], made["amount"]) == (shop.candle.id, price, 9500)


async def test_expiry_comes_in_two_steps(shop: Shop) -> None:
    checkout = await shop.checkout()
    other = await shop.checkout()
    shop.pass_time(hours=24)
    answer = await shop.http.get(f"/v1/checkouts/client/{checkout['client_secret']}")
    assert (answer.status_code, answer.json()["error"]) == (410, "ExpiredCheckoutError")
    assert (await shop.seen(checkout))["status"] == "open"
    patched = await shop.call("PATCH", f"/v1/checkouts/{other['id']}", {"metadata": {"late": 1}})
    assert (patched["status"], patched["metadata"]) == ("expired", {"late": 1})
    await shop.settle()
    assert (await shop.seen(checkout))["status"] == "expired"
    refused = await shop.call("PATCH", f"/v1/checkouts/{checkout['id']}", {"metadata": {}}, status=403)
    assert refused["error"] == "NotOpenCheckout"


async def test_health_and_unknown_paths(shop: Shop) -> None:
    async with shop.client() as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/v1/nothing")).json() == {"detail": "Not Found"}
        assert (await http.get("/nothing")).status_code == 404
        head: httpx.Response = await http.head("/v1/products/")
        assert (head.status_code, head.headers["allow"]) == (405, "GET")


async def test_quantities_and_currencies_have_their_own_rules(shop: Shop) -> None:
    seats = shop.state.add_product(
        shop.acme, "Seats", prices=[seeding.seat_based((2, 5, 1000), (6, 10, 900))], recurring_interval="month"
    )
    assert (await shop.checkout(seats))["seats"] == 2
    assert (await shop.checkout(seats, seats=7))["amount"] == 6300
    graduated = shop.state.add_product(
        shop.acme, "Graduated", prices=[seeding.seat_based((1, 5, 1000), (6, None, 900), tier_type="graduated")]
    )
    assert (await shop.checkout(graduated, seats=7))["amount"] == 6800
    yen = shop.state.add_product(shop.acme, "Yen", prices=[seeding.fixed(500), seeding.fixed(800, "jpy")])
    assert (await shop.checkout(yen, currency="jpy"))["amount"] == 800
    for body, place in (
        ({"products": [seats.id], "seats": 1}, "seats"),
        ({"products": [seats.id], "seats": 11}, "seats"),
        ({"products": [shop.candle.id], "seats": 2}, "seats"),
        ({"products": [shop.candle.id], "units": 2}, "units"),
        ({"products": [shop.candle.id], "customer_id": shop.acme.id}, "customer_id"),
        ({"products": [shop.candle.id], "customer_tax_id": "FR1"}, "customer_billing_address"),
        ({"products": [shop.candle.id], "subscription_id": shop.acme.id}, "subscription_id"),
    ):
        answer = await shop.call("POST", "/v1/checkouts/", body, status=422)
        assert (answer["error"], first_error(answer)[0][:2]) == ("PolarRequestValidationError", ["body", place])
