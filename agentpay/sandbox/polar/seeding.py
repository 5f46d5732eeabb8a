"""Ready-made rows: prices, products and merchants in one line each.

state.add_product(acme, "Beeswax candle", prices=[fixed(1900), fixed(1700, "eur")])
state.add_product(acme, "Tip jar", prices=[custom(minimum=300, preset=500)])
state.add_product(acme, "Team plan", prices=[seat_based((1, None, 1000))], recurring_interval="month")
"""

import re
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from agentpay.sandbox.polar import entities

PriceFields = dict[str, Any]
Row = TypeVar("Row", bound=entities.Entity)

SCOPES: Final = (
    "products:read",
    "products:write",
    "checkouts:read",
    "checkouts:write",
    "discounts:read",
    "discounts:write",
    "orders:read",
    "orders:write",
    "subscriptions:read",
    "subscriptions:write",
    "customers:read",
    "customers:write",
    "customer_sessions:write",
    "webhooks:read",
    "webhooks:write",
    "refunds:read",
    "refunds:write",
    "organizations:read",
    "organizations:write",
    "events:read",
)
"""Everything a service beside Polar could ask for."""

CAPABILITIES: Final = dict.fromkeys(
    ("checkout_payments", "subscription_renewals", "payouts", "refunds", "api_access", "dashboard_access"), True
)

FEATURES: Final[dict[str, Any]] = {
    "issue_funding_enabled": False,
    "seat_based_pricing_enabled": True,
    "unit_based_pricing_enabled": False,
    "wallets_enabled": False,
    "member_model_enabled": True,
    "checkout_localization_enabled": False,
    "overview_metrics": None,
    "reset_proration_behavior_enabled": False,
    "off_session_charges_enabled": False,
    "meter_cycling_enabled": False,
    "slack_benefit_enabled": False,
    "preview_access_enabled": False,
    "disputes_enabled": False,
    "sso_enabled": False,
    "dispute_auto_accept_enabled": False,
    "compass_enabled": False,
    "merchant_migration_enabled": False,
}

SUBSCRIPTION_SETTINGS: Final[dict[str, Any]] = {
    "allow_multiple_subscriptions": False,
    "proration_behavior": "prorate",
    "benefit_revocation_grace_period": 0,
    "prevent_trial_abuse": False,
    "allow_customer_updates": True,
}


def fixed(amount: int, currency: str = "usd", *, tax_behavior: str | None = None) -> PriceFields:
    """A price of `amount` minor units; 0 is a free product."""
    return {
        "amount_type": "fixed",
        "price_amount": amount,
        "price_currency": currency,
        "tax_behavior": tax_behavior,
    }


def custom(
    *, minimum: int = 50, maximum: int | None = None, preset: int | None = None, currency: str = "usd"
) -> PriceFields:
    """Pay what you want."""
    return {
        "amount_type": "custom",
        "price_currency": currency,
        "minimum_amount": minimum,
        "maximum_amount": maximum,
        "preset_amount": preset,
    }


def seat_based(*tiers: tuple[int, int | None, int], currency: str = "usd", tier_type: str = "volume") -> PriceFields:
    """Tiers of (first seat, last seat or None, price of a seat)."""
    return {
        "amount_type": "seat_based",
        "price_currency": currency,
        "seat_tiers": seat_tiers(
            tier_type, [dict(zip(("min_seats", "max_seats", "price_per_seat"), tier, strict=True)) for tier in tiers]
        ),
    }


def unit_based(
    *tiers: tuple[int | None, str], currency: str = "usd", tier_type: str = "volume", minimum: int | None = 1
) -> PriceFields:
    """Tiers of (last unit or None, decimal price of a unit in minor units)."""
    return {
        "amount_type": "unit_based",
        "price_currency": currency,
        "minimum_units": minimum,
        "tiers": {
            "type": tier_type,
            "tiers": [dict(zip(("bound", "unit_amount"), tier, strict=True)) for tier in tiers],
        },
    }


def seat_tiers(tier_type: str, tiers: list[dict[str, Any]]) -> dict[str, Any]:
    """The stored form: what was given plus the bounds that Polar derives from it."""
    return {
        "seat_tier_type": tier_type,
        "tiers": tiers,
        "minimum_seats": tiers[0]["min_seats"],
        "maximum_seats": tiers[-1]["max_seats"],
    }


def organization(name: str, *, now: datetime, **fields: Any) -> entities.Organization:
    """A merchant whose account is approved; nested maps in `fields` are merged key by key."""
    slug = fields.pop("slug", None) or re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    made = entities.Organization(
        id=fields.pop("id", None) or str(uuid.uuid4()),
        created_at=now,
        name=name,
        slug=slug,
        email=f"support@{slug}.example",
        account_id=str(uuid.uuid4()),
        payout_account_id=str(uuid.uuid4()),
        capabilities={**CAPABILITIES, **fields.pop("capabilities", {})},
        feature_settings={**FEATURES, **fields.pop("feature_settings", {})},
        subscription_settings={**SUBSCRIPTION_SETTINGS, **fields.pop("subscription_settings", {})},
    )
    return _with(made, fields)


def product(
    organization: entities.Organization, name: str, prices: Iterable[PriceFields], *, now: datetime, **fields: Any
) -> entities.Product:
    """A product with its prices; `recurring_interval="month"` makes it a subscription."""
    made = entities.Product(
        id=fields.pop("id", None) or str(uuid.uuid4()), created_at=now, organization_id=organization.id, name=name
    )
    made = _with(made, fields)
    if made.recurring_interval is not None and made.recurring_interval_count is None:
        made.recurring_interval_count = 1
    made.prices = [price(each, product_id=made.id, now=now, position=i) for i, each in enumerate(prices)]
    return made


def price(fields: PriceFields, *, product_id: str, now: datetime, position: int = 0, **more: Any) -> entities.Price:
    """`position` keeps prices of one product apart in time, as the database's clock does."""
    made = entities.Price(
        id=str(uuid.uuid4()),
        created_at=now + timedelta(microseconds=position),
        product_id=product_id,
        amount_type=fields["amount_type"],
    )
    return _with(made, {**fields, **more})


def benefit(organization: entities.Organization, description: str, *, now: datetime, **fields: Any) -> entities.Benefit:
    """What a buyer is granted; `properties={"note": …}` is the private text of a custom benefit."""
    made = entities.Benefit(
        id=str(uuid.uuid4()), created_at=now, organization_id=organization.id, description=description
    )
    return _with(made, fields)


def media(organization: entities.Organization, title: str, *, now: datetime) -> entities.Media:
    """A product picture, drawn on request by `images.py`."""
    name = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-") or "picture"
    return entities.Media(
        id=str(uuid.uuid4()), created_at=now, organization_id=organization.id, name=f"{name}.svg", title=title
    )


def custom_field(
    organization: entities.Organization, slug: str, *, now: datetime, type: str = "text", **fields: Any
) -> entities.CustomField:
    made = entities.CustomField(
        id=str(uuid.uuid4()),
        created_at=now,
        organization_id=organization.id,
        type=type,
        slug=slug,
        name=slug.replace("_", " ").capitalize(),
    )
    return _with(made, fields)


def _with(row: Row, fields: dict[str, Any]) -> Row:
    """The row with some fields replaced; an unknown name is a mistake of the caller."""
    return msgspec.structs.replace(row, **fields)
