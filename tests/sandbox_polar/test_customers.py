"""Customers, their sessions, refunds and papers (contract §§ 5.1–5.4)."""

from datetime import timedelta

import pytest

from agentpay.sandbox.polar import seeding
from tests.sandbox_polar.shop import Json, Shop, first_error


async def make(shop: Shop, **fields: object) -> Json:
    return await shop.call("POST", "/v1/customers/", {"email": "sam@buyer-mail.com", **fields})  # type: ignore[no-any-return]


async def test_e_mail_and_external_id_are_unique_and_the_external_id_is_for_good(shop: Shop) -> None:
    made = await make(shop, external_id="visitor/1", name="Sam")
    for body, place in (
        ({"email": "SAM@buyer-mail.com"}, "email"),
        ({"email": "rita@buyer-mail.com", "external_id": "visitor/1"}, "external_id"),
    ):
        answer = await shop.call("POST", "/v1/customers/", body, status=422)
        assert first_error(answer)[0] == ["body", place]
    assert (await shop.call("GET", "/v1/customers/external/visitor%2F1"))["id"] == made["id"]
    answer = await shop.call("PATCH", f"/v1/customers/{made['id']}", {"external_id": "other"}, status=422)
    assert first_error(answer)[0] == ["body", "external_id"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("email=SAM@buyer-mail.com", True),
        ("email=sam", False),
        ("query=am%20S", True),
        ("query=visi", True),
        ("query=sitor", False),
        ("metadata[tier]=gold", True),
        ("active=true", False),
    ],
)
async def test_customers_are_found(shop: Shop, query: str, found: bool) -> None:
    await make(shop, external_id="visitor-1", name="Sam S.", metadata={"tier": "gold"})
    assert len((await shop.call("GET", f"/v1/customers/?{query}"))["items"]) == found


async def test_who_a_checkout_belongs_to(shop: Shop) -> None:
    sam = await make(shop, external_id="visitor-1", name="Sam")
    linked = await shop.checkout(customer_id=sam["id"])
    assert (linked["customer_email"], linked["customer_name"]) == ("sam@buyer-mail.com", "Sam")
    kept = await shop.buyer_changes(linked, customer_email="rita@buyer-mail.com")
    assert kept["customer_email"] == "sam@buyer-mail.com"
    assert (await shop.pay(linked))["customer_session_token"].startswith("polar_cst_")
    by_mail = await shop.pay(await shop.checkout(external_customer_id="visitor-2"), email="Sam@buyer-mail.com")
    assert (by_mail["customer_id"], by_mail["customer_session_token"]) == (sam["id"], None)
    assert (await shop.call("GET", f"/v1/customers/{sam['id']}"))["external_id"] == "visitor-1"
    fresh = await shop.pay(
        await shop.checkout(external_customer_id="visitor-3", customer_metadata={"tier": "new"}),
        email="rita@buyer-mail.com",
    )
    rita = await shop.call("GET", "/v1/customers/external/visitor-3")
    assert (rita["id"], rita["metadata"]) == (fresh["customer_id"], {"tier": "new"})


async def test_a_portal_link_lives_an_hour_and_is_for_known_customers_only(shop: Shop) -> None:
    sam = await make(shop)
    session = await shop.call("POST", "/v1/customer-sessions/", {"customer_id": sam["id"]})
    assert session["expires_at"] == (shop.now + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert session["token"] in session["customer_portal_url"]
    await shop.buy(await shop.checkout(customer_id=sam["id"]))
    async with shop.client() as http:
        page = await http.get(session["customer_portal_url"])
        assert (page.status_code, "Beeswax candle · 2026-11-23 · paid" in page.text) == (200, True)
        shop.pass_time(minutes=61)
        assert (await http.get(session["customer_portal_url"])).status_code == 401
    for body in ({"customer_id": shop.acme.id}, {"external_customer_id": "nobody"}):
        answer = await shop.call("POST", "/v1/customer-sessions/", body, status=422)
        assert first_error(answer)[0] == ["body", next(iter(body))]


async def test_a_deleted_customer_is_gone(shop: Shop) -> None:
    sam = await make(shop)
    await shop.call("DELETE", f"/v1/customers/{sam['id']}", status=204)
    await shop.call("GET", f"/v1/customers/{sam['id']}", status=404)
    assert (await make(shop))["id"] != sam["id"]


async def test_refunds_are_net_and_take_their_tax_with_them(shop: Shop) -> None:
    checkout = await shop.checkout(discount_id=(await shop.offer())["id"])
    order = await shop.buy(checkout, country="FR")
    body = {"order_id": order["id"], "reason": "customer_request"}
    assert first_error(await shop.call("POST", "/v1/refunds/", {**body, "amount": 8500}, status=422))[0][-1] == "amount"
    part = await shop.call("POST", "/v1/refunds/", {**body, "amount": 3000, "comment": "late", "metadata": {"a": 1}})
    assert (part["amount"], part["tax_amount"], part["metadata"]) == (3000, 600, {"a": 1})
    seen = await shop.call("GET", f"/v1/orders/{order['id']}")
    assert (seen["status"], seen["refundable_amount"], seen["refundable_tax_amount"]) == (
        "partially_refunded",
        4083,
        817,
    )
    rest = await shop.call("POST", "/v1/refunds/", {**body, "amount": 4083})
    assert rest["tax_amount"] == 817
    seen = await shop.call("GET", f"/v1/orders/{order['id']}")
    assert (seen["status"], seen["paid"], seen["due_amount"]) == ("refunded", True, 8500)
    again = await shop.call("POST", "/v1/refunds/", {**body, "amount": 1}, status=403)
    assert again["error"] == "RefundedAlready"
    listed = await shop.call("GET", f"/v1/refunds/?order_id={order['id']}&sorting=amount")
    assert [each["amount"] for each in listed["items"]] == [3000, 4083]


async def test_what_cannot_be_refunded(shop: Shop) -> None:
    club = shop.state.add_product(shop.acme, "Club", prices=[seeding.fixed(2900)], recurring_interval="month")
    free = shop.state.add_product(shop.acme, "Sample", prices=[seeding.fixed(0)])
    monthly = await shop.buy(await shop.checkout(club))
    nothing = await shop.buy(await shop.checkout(free), email="rita@buyer-mail.com")
    for order_id, more, status, error in (
        (shop.acme.id, {}, 422, "PolarRequestValidationError"),
        (monthly["id"], {"revoke_benefits": True}, 400, "RevokeSubscriptionBenefitsProhibited"),
        (nothing["id"], {}, 404, "RefundUnknownPayment"),
    ):
        body = {"order_id": order_id, "reason": "other", "amount": 1, **more}
        assert (await shop.call("POST", "/v1/refunds/", body, status=status))["error"] == error
    shop.acme.capabilities["refunds"] = False
    body = {"order_id": monthly["id"], "reason": "other", "amount": 1}
    assert (await shop.call("POST", "/v1/refunds/", body, status=403))["error"] == "RefundsBlocked"


async def test_invoice_and_receipt_are_links_that_work(shop: Shop) -> None:
    order = await shop.buy(await shop.checkout())
    path = f"/v1/orders/{order['id']}"
    assert (await shop.call("GET", f"{path}/invoice", status=404))["error"] == "InvoiceDoesNotExist"
    await shop.call("POST", f"{path}/invoice", status=202)
    assert (await shop.call("GET", path))["is_invoice_generated"] is True
    for name, number in (("invoice", order["invoice_number"]), ("receipt", order["receipt_number"])):
        link = (await shop.call("GET", f"{path}/{name}"))["url"]
        assert (await shop.http.get(link)).text.startswith(number)
