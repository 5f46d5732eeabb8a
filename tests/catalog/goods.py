"""Products of Acme Candles in the shape in which Polar sends them (polar/recorded, shortened)."""

from typing import Any
from uuid import UUID, uuid5

import msgspec

from agentpay.polar.types import Product

NAMES = UUID("5a1f6b0e-3c7d-4e52-9a64-0b7f2f6d1c01")
CREATED_AT = "2026-11-23T17:36:23.646585Z"


def product_id(name: str) -> UUID:
    """The same name, the same id."""
    return uuid5(NAMES, name)


def price(amount_type: str = "fixed", currency: str = "usd", **fields: Any) -> dict[str, Any]:
    key = f"{amount_type}:{currency}:{sorted(fields.items())}"
    return {
        "id": str(uuid5(NAMES, key)),
        "created_at": CREATED_AT,
        "modified_at": None,
        "source": "catalog",
        "amount_type": amount_type,
        "price_currency": currency,
        "tax_behavior": None,
        "is_archived": False,
        **fields,
    }


def fixed(amount: int, currency: str = "usd") -> dict[str, Any]:
    return price(price_amount=amount, currency=currency)


def custom(minimum: int = 0, preset: int | None = None, currency: str = "usd") -> dict[str, Any]:
    return price("custom", currency, minimum_amount=minimum, maximum_amount=None, preset_amount=preset)


def seats(*tiers: tuple[int, int | None, int], minimum: int = 1, kind: str = "volume") -> dict[str, Any]:
    """Tiers as (first seat, last seat, amount per seat)."""
    listed = [{"min_seats": low, "max_seats": high, "price_per_seat": amount} for low, high, amount in tiers]
    return price(
        "seat_based",
        seat_tiers={"seat_tier_type": kind, "tiers": listed, "minimum_seats": minimum, "maximum_seats": None},
    )


def metered(
    unit_amount: str, *, name: str = "API calls", label: str | None = None, cap: int | None = None
) -> dict[str, Any]:
    meter = {"id": str(uuid5(NAMES, name)), "name": name, "unit": "scalar", "custom_label": label}
    return price("metered_unit", unit_amount=unit_amount, cap_amount=cap, meter=meter)


def benefit(description: str, *, visibility: str = "public", kind: str = "custom", **fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMES, description)),
        "type": kind,
        "description": description,
        "visibility": visibility,
        "properties": {"note": "SECRET-NOTE"},
        "metadata": {"internal": "SECRET-METADATA"},
        "is_deleted": False,
        **fields,
    }


def goods(name: str, *prices: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Polar's JSON of a product, one-time and on sale unless `fields` say otherwise."""
    interval = fields.get("recurring_interval")
    return {
        "id": str(product_id(name)),
        "created_at": CREATED_AT,
        "modified_at": None,
        "trial_interval": None,
        "trial_interval_count": None,
        "name": name,
        "description": None,
        "visibility": "public",
        "recurring_interval": None,
        "recurring_interval_count": 1 if interval else None,
        "is_recurring": interval is not None,
        "is_archived": False,
        "organization_id": "0ff6c993-75af-4c96-b41a-d31a8ee828bb",
        "metadata": {},
        "prices": list(prices or [fixed(9500)]),
        "benefits": [],
        "medias": [],
        "attached_custom_fields": [],
        **fields,
    }


def read(data: dict[str, Any]) -> Product:
    """As our client reads it."""
    return msgspec.json.decode(msgspec.json.encode(data), type=Product)


def product(name: str = "Focus Candle", *prices: dict[str, Any], **fields: Any) -> Product:
    return read(goods(name, *prices, **fields))
