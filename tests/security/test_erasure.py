"""Who was erased is gone: canaries in everything a visitor reaches are in no table, log or metric afterwards."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest_asyncio

from agentpay.db.engine import Database
from agentpay.kit.clock import utc_now
from agentpay.sandbox.stage import ADMIN_KEY, Stage
from tests.cast import Visitor
from tests.conftest import empty
from tests.security.conftest import listening
from tests.security.world import House, open_house, settled_deliveries
from tests.turns.conftest import US

MARK = "canary7f3a"
EMAIL = f"sam-{MARK}@buyer-mail.com"
BUYER = f"Sam {MARK} Visitor"
# Tables in which the canaries stand before: whoever adds one more has it emptied by the same test.
REACHED = {
    "checkouts", "conversations", "deliveries", "events", "feedback", "handoffs", "idempotency_keys", "messages",
    "notifications", "offers", "turn_steps", "turns",
}  # fmt: skip


class Nest:
    """Plants canaries, each with its own number."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def canary(self, place: str) -> str:
        return self.planted.setdefault(place, f"{MARK}x{len(self.planted)}x")


@dataclass
class Life:
    house: House
    other: Visitor
    nest: Nest
    logs: io.StringIO
    held: dict[str, list[str]] = field(default_factory=dict)
    sold: list[Any] = field(default_factory=list)
    order: dict[str, Any] = field(default_factory=dict)


async def holding(db: Database, mark: str) -> dict[str, list[str]]:
    """Every text, JSON, array and bytea column of the database in which the mark stands: table → columns."""
    found: dict[str, list[str]] = {}
    for column in await db.all(
        """select table_name, column_name, data_type from information_schema.columns
        where table_schema = 'public' and data_type in
          ('text', 'character varying', 'jsonb', 'json', 'ARRAY', 'bytea', 'tsvector', 'USER-DEFINED')"""
    ):
        table, name = column["table_name"], column["column_name"]
        where = (
            f'position(%(mark)s::bytea in "{name}") > 0'
            if column["data_type"] == "bytea"
            else f'position(%(mark)s in "{name}"::text) > 0'
        )
        if await db.value(f'select exists (select from "{table}" where {where})', {"mark": mark}):
            found.setdefault(table, []).append(name)
    return found


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


async def live_a_life(house: House, nest: Nest) -> None:
    """Sam does everything a visitor can do, and the merchant everything that it can do about him."""
    plant, shop = nest.canary, house.shop
    now = int(utc_now().timestamp())
    claims = {"sub": plant("sub"), "email": EMAIL, "name": plant("name"), "exp": now + 600}
    page = {"page_url": f"http://localhost:3000/{plant('page_url')}", "page_title": plant("page_title")}
    sam = house.sam = await shop.visitor(context=page)
    ok(await sam.post("/identify", {"customer_token": jwt.encode(claims, house.identity_secret, algorithm="HS256")}))
    ok(await sam.http.patch(
        sam.base, json={"context": {**page, "preferences": {plant("context key"): [plant("context")]}}},
        headers=sam.headers,
    ))  # fmt: skip
    await sam.say(f"hello, I am {plant('said')}", **{"Idempotency-Key": plant("message key")})
    await sam.say(f"do you have a candle called {plant('searched')}?")
    await sam.say("tell me about the lavender candle")
    haggled = await sam.say(f"any discount for {plant('haggled')}?")
    (offer,) = [each for each in haggled["reply"]["attachments"] if each["type"] == "offer"]
    comment = {"helpful": True, "rating": 5, "comment": plant("comment")}
    ok(await sam.post(f"/messages/{haggled['reply']['id']}/feedback", comment))
    headers = {"Idempotency-Key": plant("accept key")}
    checkout = ok(await sam.post(f"/offers/{offer['offer_id']}/accept", headers=headers))
    await sam.post("/checkouts", {"product_id": house.ids["product_id"], "discount_code": plant("code")})
    ok(
        await sam.post(
            "/checkouts", {"product_id": house.ids["product_id"], "custom_field_data": {"engraving": plant("field")}}
        )
    )
    await buy(house, checkout["url"])
    ok(await sam.post("/handoff", {"action": "request", "reason": plant("reason")}))
    ok(await shop.post(f"{sam.base}/handoff", {"action": "take", "staff_name": plant("staff")}))
    staff = {"role": "staff", "author_name": plant("staff"), "content": f"About {plant('staff said')}"}
    ok(await shop.post(f"{sam.base}/messages", staff, headers={"Idempotency-Key": plant("staff key")}))
    ok(await sam.post("/messages", {"content": f"Thank you, {plant('said to a person')}"}))
    ok(await shop.patch(sam.base, {"metadata": {"note": plant("metadata")}}))
    ok(await shop.post(f"{sam.base}/handoff", {"action": "release"}))
    await settled_deliveries(house)


async def buy(house: House, url: str) -> None:
    """Sam pays at Polar, under a name and an address that he told nobody else."""
    secret = url.rsplit("/", 1)[1].split("?")[0]
    body = {
        "confirmation_token_id": "ctoken_ok_1",
        "customer_email": EMAIL,
        "customer_name": BUYER,
        "customer_billing_address": US,
    }
    async with house.sam.stream(last_event_id=house.sam.last_event_id) as stream:
        ok(await house.http.post(f"{house.stage.polar_url}/v1/checkouts/client/{secret}/confirm", json=body))
        await stream.until("order.created", status="paid")


@pytest_asyncio.fixture(scope="module")
async def lived(theatre: Stage, open_database: Database) -> AsyncIterator[Life]:
    """Acme Candles after Sam's whole life with it; another visitor of its has bought, too."""
    with listening() as logs:
        house = await open_house(theatre, name="Acme Candles", notify_url="http://127.0.0.1:9/")
        products = ok(await house.shop.get("/v1/products"))["items"]
        house.ids["product_id"] = next(each["product_id"] for each in products if "cake" in each["name"])
        life = Life(house, other=house.sam, nest=Nest(), logs=logs)
        await live_a_life(house, life.nest)
        life.held = await holding(open_database, MARK)
        (life.order,) = ok(await house.shop.get(f"/v1/orders?conversation_id={house.sam.id}"))["items"]
        life.sold = await sold_to(open_database, house.sam)
        yield life
    await empty(open_database)


@pytest_asyncio.fixture(scope="module")
async def erased(lived: Life) -> Life:
    """The same after Sam was erased, and Polar has told of him once more: the merchant gave the money back."""
    sam, stage = lived.house.sam, lived.house.stage
    ok(await sam.http.delete(sam.base, headers=sam.headers))
    headers = {"Authorization": f"Bearer {lived.house.polar_token}", "Polar-Version": "2026-10"}
    body = {"order_id": lived.order["order_id"], "amount": lived.order["net_amount"], "reason": "customer_request"}
    ok(await sam.http.post(f"{stage.polar_url}/v1/refunds/", json=body, headers=headers))
    deliveries = await settled_deliveries(lived.house)
    assert "order.refunded" in {each["type"] for each in deliveries}
    return lived


async def sold_to(db: Database, visitor: Visitor) -> list[Any]:
    columns = "select id, amount, list_amount, currency, status from {} where conversation_id = %s order by id"
    return [await db.all(columns.format(table), (visitor.id,)) for table in ("offers", "checkouts")]


async def test_all_that_is_held_about_a_person_is_exported(lived: Life) -> None:
    document = (await lived.house.sam.get("/export")).text
    of_the_caller = {"message key", "accept key", "staff key"}  # not about the person; gone after a day
    refused = {"code"}  # a coupon that Polar did not know: never stored
    missing = {place for place, canary in lived.nest.planted.items() if canary not in document}
    assert missing == of_the_caller | refused
    for told_to_polar in (EMAIL, BUYER, US["line1"]):
        assert told_to_polar in document
    for internal in ("floor_amount", "max_discount_percent", "token_hash"):
        assert internal not in document


async def test_nothing_of_who_was_erased_is_left_in_any_table(erased: Life, open_database: Database) -> None:
    assert set(erased.held) >= REACHED, "the canaries did not get where a visitor's words get"
    assert await holding(open_database, MARK) == {}


async def test_nothing_of_a_persons_life_is_in_a_log_or_a_metric(erased: Life) -> None:
    written = erased.logs.getvalue()
    assert "order.paid" in written, "or nothing was listened to"
    assert MARK not in written
    metrics = (await erased.house.http.get("/metrics", headers={"Authorization": f"Bearer {ADMIN_KEY}"})).text
    assert MARK not in metrics


async def test_the_merchants_books_stay_right(erased: Life, open_database: Database) -> None:
    """Amounts and ids of what was sold stay, the refund lands on them, and nobody else loses a word."""
    sam = erased.house.sam
    assert await sold_to(open_database, sam) == erased.sold
    shown = ok(await erased.house.shop.get(f"/v1/orders/{erased.order['id']}"))
    assert (shown["status"], shown["total_amount"]) == ("refunded", erased.order["total_amount"])
    row = await open_database.one(
        "select customer_id, external_customer_id from conversations where id = %s", (sam.id,)
    )
    assert row == {"customer_id": None, "external_customer_id": None}
    assert len(ok(await erased.other.get("/messages"))["items"]) > 4


async def test_nobody_finds_who_was_erased(erased: Life) -> None:
    sam = erased.house.sam
    for headers in (sam.headers, erased.house.shop.secret):
        for path in ("", "/export", "/messages", "/events"):
            gone = await sam.http.get(sam.base + path, headers=headers)
            assert gone.status_code in (401, 404), f"{path}: {gone.status_code}"
