"""Request forms of checkouts, on the merchant's side and on the buyer's."""

from typing import Any, Final

from agentpay.sandbox.polar.errors import Loc
from agentpay.sandbox.polar.forms import (
    address,
    amount,
    currency,
    custom_field_data,
    email,
    interval,
    metadata,
    name_of_person,
    optional,
    price,
    seats,
    trial_count,
    units,
)
from agentpay.sandbox.polar.schema import address_of_ip, boolean, only, string, url, uuid4
from agentpay.sandbox.polar.schema_shapes import Field, either, list_of, map_of, model, nullable

_web_url: Final = nullable(url(("http", "https")))


def _label(name: str) -> str:
    """The real server's label of a union branch: long, internal, and part of every complaint's place."""
    return (
        "function-after[_validate_unit_constraints(), function-after[_validate_seat_constraints(), "
        f"function-after[is_complete_configuration(), {name}]]]"
    )


def _create_is_whole(value: dict[str, Any]) -> list[tuple[Loc, str, str]]:
    found: list[tuple[Loc, str, str]] = []
    if (value["trial_interval"] is None) != (value["trial_interval_count"] is None):
        message = "Both trial_interval and trial_interval_count must be set together."
        found.append(((), "value_error", message))
    for noun in ("seats", "units"):
        least, most, wanted = value[f"min_{noun}"], value[f"max_{noun}"], value[noun]
        if least is not None and most is not None and least > most:
            found.append(((), "value_error", f"min_{noun} must be less than or equal to max_{noun}."))
        elif wanted is not None and least is not None and wanted < least:
            found.append(((), "value_error", f"{noun} must be greater than or equal to min_{noun}."))
        elif wanted is not None and most is not None and wanted > most:
            found.append(((), "value_error", f"{noun} must be less than or equal to max_{noun}."))
    return found


_create: Final = {
    "trial_interval": Field(nullable(interval), None),
    "trial_interval_count": Field(trial_count, None),
    "metadata": Field(metadata, {}),
    "custom_field_data": Field(custom_field_data, {}),
    "discount_id": Field(nullable(uuid4), None),
    "allow_discount_codes": Field(boolean, True),
    "require_billing_address": Field(boolean, False),
    "amount": Field(amount, None),
    "seats": Field(seats, None),
    "min_seats": Field(seats, None),
    "max_seats": Field(seats, None),
    "units": Field(units, None),
    "min_units": Field(units, None),
    "max_units": Field(units, None),
    "allow_trial": Field(boolean, True),
    "customer_id": Field(nullable(uuid4), None),
    "is_business_customer": Field(boolean, False),
    "external_customer_id": Field(nullable(string()), None),
    "customer_name": Field(name_of_person, None),
    "customer_email": Field(nullable(email), None),
    "customer_ip_address": Field(nullable(address_of_ip), None),
    "customer_billing_name": Field(nullable(string()), None),
    "customer_billing_address": Field(nullable(address), None),
    "customer_tax_id": Field(nullable(string()), None),
    "customer_metadata": Field(metadata, {}),
    "subscription_id": Field(nullable(uuid4), None),
    "success_url": Field(_web_url, None),
    "return_url": Field(_web_url, None),
    "embed_origin": Field(nullable(string()), None),
    "locale": Field(nullable(string()), None),
}
_currency: Final = {"currency": Field(nullable(currency), None)}
checkout_create: Final = either(
    (
        _label("CheckoutProductsCreate"),
        model(
            {
                **_create,
                **_currency,
                "products": Field(list_of(uuid4, min_length=1, unique_message="Product IDs must be unique.")),
                "prices": Field(nullable(map_of(uuid4, list_of(price, min_length=1))), None),
            },
            after=_create_is_whole,
        ),
    ),
    (
        _label("CheckoutProductCreate"),
        model({**_create, **_currency, "product_id": Field(uuid4)}, after=_create_is_whole),
    ),
    (_label("CheckoutPriceCreate"), model({**_create, "product_price_id": Field(uuid4)}, after=_create_is_whole)),
)

_update: Final = {
    "custom_field_data": optional(nullable(custom_field_data)),
    "product_id": optional(nullable(uuid4)),
    "product_price_id": optional(nullable(uuid4)),
    "amount": optional(amount),
    "seats": optional(seats),
    "units": optional(units),
    "is_business_customer": optional(nullable(boolean)),
    "customer_name": optional(name_of_person),
    "customer_email": optional(nullable(email)),
    "customer_billing_name": optional(nullable(string())),
    "customer_billing_address": optional(nullable(address)),
    "customer_tax_id": optional(nullable(string())),
    "locale": optional(nullable(string())),
}
checkout_update: Final = model(
    {
        **_update,
        "trial_interval": optional(nullable(interval)),
        "trial_interval_count": optional(trial_count),
        "metadata": optional(metadata),
        "currency": optional(nullable(currency)),
        "discount_id": optional(nullable(uuid4)),
        "allow_discount_codes": optional(nullable(boolean)),
        "require_billing_address": optional(nullable(boolean)),
        "allow_trial": optional(nullable(boolean)),
        "customer_ip_address": optional(nullable(address_of_ip)),
        "customer_metadata": optional(nullable(metadata)),
        "success_url": optional(_web_url),
        "return_url": optional(_web_url),
        "embed_origin": optional(nullable(string())),
    }
)
_public: Final = {
    **_update,
    "payment_method_type": optional(nullable(string())),
    "discount_code": optional(nullable(string())),
    "allow_trial": optional(nullable(only(False))),
}
checkout_update_public: Final = model(_public)
checkout_confirm: Final = model({**_public, "confirmation_token_id": optional(nullable(string()))})
