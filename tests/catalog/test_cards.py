from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from agentpay.catalog import cards, sellable
from agentpay.catalog.prices import fingerprint
from agentpay.catalog.repository import CatalogProduct
from agentpay.polar.types import Product
from tests.catalog.goods import NAMES, benefit, custom, fixed, price, product, seats

SEEN = datetime(2026, 11, 23, tzinfo=UTC)


def kept(polar: Product) -> CatalogProduct:
    return CatalogProduct(
        organization_id=NAMES,
        product_id=polar.id,
        name=polar.name,
        price_fingerprint=fingerprint(polar),
        currency="usd",
        amount=None,
        stock=sellable.stock_of(polar),
        is_sellable=sellable.is_sellable(polar),
        is_archived=polar.is_archived,
        visibility=polar.visibility,
        polar_created_at=polar.created_at,
        seen_at=SEEN,
        product=polar,
    )


def media(url: str, mime_type: str = "image/png") -> dict[str, Any]:
    return {"id": str(NAMES), "public_url": url, "mime_type": mime_type}


def test_a_card_has_exactly_the_fields_of_the_contract() -> None:
    candle = product(
        "Focus Candle",
        fixed(9500),
        description="# Focus\n\nLight it **when you start**. [More](https://acme.example)",
        medias=[media("https://acme.example/manual.pdf", "application/pdf"), media("https://acme.example/candle.png")],
    )
    assert cards.product_card(kept(candle), currency="usd") == {
        "type": "product_card",
        "product_id": str(candle.id),
        "name": "Focus Candle",
        "description": "Focus Light it when you start. More",
        "image_url": "https://acme.example/candle.png",
        "action": "buy",
        "price": {
            "amount": 9500,
            "currency": "usd",
            "amount_type": "fixed",
            "recurring_interval": None,
            "recurring_interval_count": None,
            "trial": None,
            "from": False,
            "minimum_amount": None,
            "preset_amount": None,
            "seats": None,
        },
    }


def test_a_card_tells_terms_that_are_not_one_fixed_amount() -> None:
    trial = product("Plan", fixed(2900), recurring_interval="month", trial_interval="day", trial_interval_count=14)
    shown = cards.product_card(kept(trial), currency="brl")["price"]
    assert shown["currency"] == "usd"
    assert (shown["recurring_interval"], shown["recurring_interval_count"]) == ("month", 1)
    assert shown["trial"] == {"interval": "day", "interval_count": 14}
    tip = cards.product_card(kept(product("Tip jar", custom(300, 500))), currency="usd")["price"]
    assert (tip["amount"], tip["from"], tip["minimum_amount"], tip["preset_amount"]) == (300, True, 300, 500)
    team = cards.product_card(kept(product("Team", seats((1, None, 900), minimum=2))), currency="usd")["price"]
    assert (team["amount"], team["from"], team["seats"]) == (1800, True, {"minimum": 2, "maximum": None})


def test_a_provider_is_told_the_price_in_words_and_what_is_included() -> None:
    candle = product(
        "Focus Candle",
        fixed(9500),
        description="Soy wax.",
        benefits=[benefit("Gift box"), benefit("Hidden", visibility="private")],
    )
    fact = cards.product_fact(kept(candle), currency="eur", language="pt")
    assert (fact.price_text, fact.amount, fact.currency, fact.negotiable) == ("$ 95,00", 9500, "usd", True)
    assert fact.description == "Soy wax. Inclui: Gift box."
    assert not cards.product_fact(kept(candle), currency="usd", language="en", negotiable=False).negotiable


def test_nothing_of_metadata_but_stock_and_no_benefit_property_is_kept() -> None:
    candle = product(
        "Focus Candle",
        metadata={"stock": 7, "floor": "SECRET-FLOOR"},
        benefits=[benefit("Licence key", kind="license_keys")],
    )
    stored = msgspec.json.encode(sellable.mirrored(candle)).decode()
    assert '"metadata":{"stock":7}' in stored
    assert "SECRET" not in stored
    assert "SECRET" not in str(cards.product_card(kept(candle), currency="usd"))
    assert "SECRET" not in str(cards.product_fact(kept(candle), currency="usd", language="en"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"visibility": "private"}, False),
        ({"visibility": "draft"}, False),
        ({"is_archived": True}, False),
        ({"prices": []}, False),
        ({"prices": [price("auction")]}, False),
        ({"prices": [fixed(9500) | {"is_archived": True}]}, False),
    ],
)
def test_only_public_unarchived_purchasable_products_are_sellable(fields: dict[str, Any], expected: bool) -> None:
    assert sellable.is_sellable(product("Focus Candle", **fields)) is expected


@pytest.mark.parametrize(
    ("stock", "pieces", "level"),
    [
        (42, 42, "in_stock"),
        ("12", 12, "in_stock"),
        (3, 3, "low"),
        (0, 0, "out_of_stock"),
        (-2, 0, "out_of_stock"),
        (False, 0, "out_of_stock"),
        (True, None, "unknown"),
        (4.0, 4, "low"),
        (4.5, None, "unknown"),
        ("many", None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_stock_is_read_from_metadata_with_care(stock: object, pieces: int | None, level: str) -> None:
    candle = product("Focus Candle", metadata={} if stock is None else {"stock": stock})
    assert sellable.stock_of(candle) == pieces
    assert sellable.stock_level(pieces) == level


def test_only_what_polar_delivers_itself_is_digital() -> None:
    assert sellable.is_digital(
        product("Course", benefits=[benefit("Files", kind="downloadables", visibility="private")])
    )
    assert not sellable.is_digital(product("Candle", benefits=[benefit("Posted within two days")]))
