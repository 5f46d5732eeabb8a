"""Request forms of products and discounts."""

from typing import Any, Final

from agentpay.sandbox.polar.errors import Entry, Loc, entry
from agentpay.sandbox.polar.forms import (
    attached_field,
    currency,
    interval,
    metadata,
    optional,
    organization_id,
    price,
    trial_count,
)
from agentpay.sandbox.polar.schema import BAD, INT32_MAX, anything, boolean, integer, moment, one_of, string, uuid4
from agentpay.sandbox.polar.schema_shapes import Field, list_of, map_of, model, not_a_model, nullable, tagged

DISCOUNT_AMOUNT_MAX: Final = 999_999_999_999
_visibility: Final = one_of(("draft", "private", "public"))


def _name(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    # The real check trims first, so its complaint counts "items" of a "Value" (recorded).
    if not isinstance(value, str):
        complaints.append(entry(loc, "Input should be a valid string", value, kind="string_type"))
        return BAD
    trimmed = value.strip()
    for bound, kind, key, is_broken, word in (
        (3, "too_short", "min_length", len(trimmed) < 3, "least"),
        (64, "too_long", "max_length", len(trimmed) > 64, "most"),
    ):
        if is_broken:
            message = f"Value should have at {word} {bound} items after validation, not {len(trimmed)}"
            context = {"field_type": "Value", key: bound, "actual_length": len(trimmed)}
            complaints.append(entry(loc, message, value, kind=kind, context=context))
            return BAD
    return trimmed


_product: Final = {
    "metadata": Field(metadata, {}),
    "name": Field(_name),
    "description": Field(nullable(string()), None),
    "visibility": Field(_visibility, "public"),
    "prices": Field(list_of(price, min_length=1)),
    "medias": Field(nullable(list_of(uuid4)), None),
    "attached_custom_fields": Field(list_of(attached_field), []),
    "organization_id": Field(organization_id, None),
}
_one_time: Final = model(_product)
_recurring: Final = model(
    {
        **_product,
        "trial_interval": Field(nullable(interval), None),
        "trial_interval_count": Field(trial_count, None),
        "recurring_interval": Field(interval),
        "recurring_interval_count": Field(integer(ge=1, le=999), 1),
        "meter_interval": Field(nullable(interval), None),
        "meter_interval_count": Field(nullable(integer(ge=1, le=999)), None),
    }
)


def product_create(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    """One-time or recurring, told apart by whether `recurring_interval` is set."""
    if not isinstance(value, dict):
        complaints.append(not_a_model(loc, value))
        return BAD
    if value.get("recurring_interval") is None:
        return _one_time(value, (*loc, "one_time"), complaints)
    return _recurring(value, (*loc, "recurring"), complaints)


def _kept_or_new_price(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    if isinstance(value, dict) and set(value) == {"id"}:
        kept = uuid4(value["id"], (*loc, "ExistingProductPrice", "id"), complaints)
        return BAD if kept is BAD else {"id": kept}
    return price(value, loc, complaints)


product_update: Final = model(
    {
        "metadata": optional(metadata),
        "name": optional(nullable(_name)),
        "description": optional(nullable(string())),
        "recurring_interval": optional(nullable(interval)),
        "recurring_interval_count": optional(nullable(integer(ge=1, le=999))),
        "trial_interval": optional(nullable(interval)),
        "trial_interval_count": optional(trial_count),
        "is_archived": optional(nullable(boolean)),
        "visibility": optional(nullable(_visibility)),
        "prices": optional(nullable(list_of(_kept_or_new_price))),
        "medias": optional(nullable(list_of(uuid4))),
        "attached_custom_fields": optional(nullable(list_of(attached_field))),
    }
)

product_benefits: Final = model({"benefits": Field(list_of(uuid4))})

_duration: Final = one_of(("once", "forever", "repeating"))
_months: Final = nullable(integer(ge=1, le=999))
_count: Final = nullable(integer(ge=1, le=INT32_MAX))
_amount: Final = integer(ge=0, le=DISCOUNT_AMOUNT_MAX)
_amounts: Final = nullable(map_of(currency, _amount, min_length=1))
_code_text: Final = string(min_length=3, max_length=256)


def _code(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    if value is None:
        return None
    text = value.strip() if isinstance(value, str) else value
    if text == "":
        return None
    if isinstance(text, str) and not (text.isascii() and text.isalnum()):
        message = "Value error, Code must contain only alphanumeric characters."
        complaints.append(entry(loc, message, value, context={"error": {}}))
        return BAD
    return _code_text(text, loc, complaints)


def _discount_is_whole(value: dict[str, Any]) -> list[tuple[Loc, str, str]]:
    found: list[tuple[Loc, str, str]] = []
    starts, ends = value.get("starts_at"), value.get("ends_at")
    if starts is not None and ends is not None and starts >= ends:
        found.append(((), "value_error", "starts_at must be before ends_at"))
    if value["duration"] == "repeating" and value["duration_in_months"] is None:
        found.append(((), "value_error", "duration_in_months is required when duration is repeating."))
    if value["duration"] != "repeating" and value["duration_in_months"] is not None:
        found.append(((), "value_error", "duration_in_months must be omitted unless duration is repeating."))
    if value["type"] == "fixed" and (value["amount"] is None) == (value["amounts"] is None):
        found.append(((), "value_error", "Exactly one of amount or amounts must be provided."))
    return found


_discount: Final = {
    "metadata": Field(metadata, {}),
    "name": Field(string(min_length=1)),
    "type": Field(anything),
    "code": Field(_code, None),
    "starts_at": Field(nullable(moment), None),
    "ends_at": Field(nullable(moment), None),
    "max_redemptions": Field(_count, None),
    "max_redemptions_per_customer": Field(_count, None),
    "duration": Field(_duration),
    "duration_in_months": Field(_months, None),
    "products": Field(nullable(list_of(uuid4)), None),
    "organization_id": Field(organization_id, None),
}
discount_create: Final = tagged(
    "type",
    {
        "fixed": model(
            {
                **_discount,
                "amount": Field(nullable(_amount), None),
                "currency": Field(nullable(currency), "usd"),
                "amounts": Field(_amounts, None),
            },
            after=_discount_is_whole,
        ),
        "percentage": model({**_discount, "basis_points": Field(integer(ge=1, le=10_000))}, after=_discount_is_whole),
    },
)
discount_update: Final = model(
    {
        "metadata": optional(metadata),
        "name": optional(nullable(string(min_length=1))),
        "code": optional(_code),
        "starts_at": optional(nullable(moment)),
        "ends_at": optional(nullable(moment)),
        "max_redemptions": optional(_count),
        "max_redemptions_per_customer": optional(_count),
        "duration": optional(nullable(_duration)),
        "duration_in_months": optional(_months),
        "type": optional(nullable(one_of(("fixed", "percentage")))),
        "amount": optional(nullable(_amount)),
        "currency": optional(nullable(currency)),
        "amounts": optional(_amounts),
        "basis_points": optional(nullable(integer(ge=1, le=10_000))),
        "products": optional(nullable(list_of(uuid4))),
    }
)
