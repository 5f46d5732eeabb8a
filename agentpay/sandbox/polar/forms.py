"""Parts that several request forms share: metadata, addresses, e-mail, prices."""

import itertools
import re
from typing import Any, Final

from agentpay.sandbox.polar import constants, seeding
from agentpay.sandbox.polar.errors import Entry, Loc, entry
from agentpay.sandbox.polar.money import shown_amount
from agentpay.sandbox.polar.schema import BAD, INT32_MAX, Check, boolean, integer, number, one_of, string, uuid4
from agentpay.sandbox.polar.schema_shapes import (
    ABSENT,
    Field,
    either,
    list_of,
    map_of,
    model,
    nullable,
    tagged,
)

NULL_MX_DOMAINS: Final = frozenset({"example.com", "example.org", "example.net"})
RESERVED_TOP_DOMAINS: Final = frozenset({"test", "local", "localhost", "invalid", "example", "onion", "arpa"})
_LOCAL_PART: Final = re.compile(r"^[^\s@,;<>()\[\]\\\"]+$")
_DOMAIN: Final = re.compile(r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$", re.I)

currency: Final = one_of(constants.CURRENCIES)
interval: Final = one_of(("day", "week", "month", "year"))
tax_behavior: Final = one_of(("location", "inclusive", "exclusive"))
seats: Final = nullable(integer(ge=1, le=10_000))
units: Final = nullable(integer(ge=1, le=INT32_MAX))
amount: Final = nullable(integer(ge=0))
name_of_person: Final = nullable(string(max_length=256))
trial_count: Final = nullable(integer(ge=1, le=1000))

_metadata_text: Final = string(min_length=1, max_length=500)
_metadata_union: Final = either(
    ("constrained-str", _metadata_text), ("int", integer()), ("float", number), ("bool", boolean)
)


def _metadata_value(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    # The real union prefers the exact type, so a number stays what it is and `true` does not become 1.
    if isinstance(value, bool | int | float):
        return value
    return _metadata_union(value, loc, complaints)


metadata: Final = map_of(string(min_length=1, max_length=40), _metadata_value, max_length=50)

_custom_value: Final = nullable(either(("str", string()), ("int", integer()), ("bool", boolean)))


def _custom_field_value(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    return value if isinstance(value, bool | int | str) else _custom_value(value, loc, complaints)


custom_field_data: Final = map_of(string(), _custom_field_value)


def email(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    """A deliverable address: the real server asks the DNS whether the domain takes mail (contract § 3.1)."""
    if not isinstance(value, str):
        complaints.append(entry(loc, "Input should be a valid string", value, kind="string_type"))
        return BAD
    reason = _email_problem(value)
    if reason is None:
        return value
    context = {"reason": reason}
    shown = "value"
    if reason.startswith("The domain name"):
        context, shown = {"email": value, "reason": reason}, value
    complaints.append(entry(loc, f"{shown} is not a valid email address: {reason}", value, context=context))
    return BAD


def _email_problem(value: str) -> str | None:
    local, at, domain = value.rpartition("@")
    if not at:
        return "An email address must have an @-sign."
    if not local:
        return "There must be something before the @-sign."
    if not domain:
        return "There must be something after the @-sign."
    if not _LOCAL_PART.match(local) or ".." in local or local.startswith(".") or local.endswith("."):
        return "The email address contains invalid characters before the @-sign."
    domain = domain.lower()
    if "." not in domain:
        return "The part after the @-sign is not valid. It should have a period."
    if domain.rsplit(".", 1)[-1] in RESERVED_TOP_DOMAINS:
        return "The part after the @-sign is a special-use or reserved name that cannot be used with email."
    if not _DOMAIN.match(domain):
        return "The part after the @-sign contains invalid characters."
    if domain in NULL_MX_DOMAINS:
        return f"The domain name {domain} does not accept email."
    return None


def _address_is_whole(value: dict[str, Any]) -> list[tuple[Loc, str, str]]:
    """US and CA states are written with or without the country, and must look like one."""
    if value["country"] not in constants.STATES_REQUIRED or value["state"] is None:
        return []
    state = str(value["state"]).upper()
    state = state if "-" in state else f"{value['country']}-{state}"
    if not re.fullmatch(rf"{value['country']}-[A-Z]{{2}}", state):
        return [(("state",), "value_error", "Invalid state")]
    value["state"] = state
    return []


address: Final = model(
    {
        "line1": Field(nullable(string()), None),
        "line2": Field(nullable(string()), None),
        "postal_code": Field(nullable(string()), None),
        "city": Field(nullable(string()), None),
        "state": Field(nullable(string()), None),
        "country": Field(one_of(constants.COUNTRIES)),
    },
    after=_address_is_whole,
)


def organization_id(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    """Never in a body when the token already says whose it is (contract § 1.2)."""
    if value is None:
        return None
    message = "Setting organization_id is disallowed when using an organization token."
    complaints.append(entry(loc, message, value, kind="organization_token"))
    return BAD


def _chargeable(value: dict[str, Any], *fields: str) -> list[tuple[Loc, str, str]]:
    code = value["price_currency"]
    least = constants.MINIMUM_CHARGE.get(code, constants.MINIMUM_CHARGE_DEFAULT)
    found: list[tuple[Loc, str, str]] = []
    for field in fields:
        sent = value[field]
        if sent is None or sent == 0:
            continue
        if sent < least:
            message = f"Amount must be at least {shown_amount(least, code)} or 0 for free pricing"
            found.append(((field,), "minimum_price", message))
        elif sent > constants.AMOUNT_MAX:
            message = f"Amount must be at most {shown_amount(constants.AMOUNT_MAX, code)}"
            found.append(((field,), "maximum_price", message))
    return found


def _custom_is_ordered(value: dict[str, Any]) -> list[tuple[Loc, str, str]]:
    found = _chargeable(value, "minimum_amount", "maximum_amount", "preset_amount")
    least, most, preset = value["minimum_amount"], value["maximum_amount"], value["preset_amount"]
    if most is not None and most < least:
        found.append((("maximum_amount",), "value_error", "maximum_amount must be at least minimum_amount"))
    if preset is not None and preset and (preset < least or (most is not None and preset > most)):
        found.append((("preset_amount",), "value_error", "preset_amount must be within the bounds"))
    return found


def _seat_tiers_are_whole(value: dict[str, Any]) -> list[tuple[Loc, str, str]]:
    tiers = sorted(value["tiers"], key=lambda tier: int(tier["min_seats"]))
    for before, after in itertools.pairwise(tiers):
        if before["max_seats"] is None or after["min_seats"] != before["max_seats"] + 1:
            return [(("tiers",), "value_error", "Seat tiers must be contiguous, and only the last may be open-ended")]
    value.update(seeding.seat_tiers(value["seat_tier_type"], tiers))
    return []


_price_base: Final = {
    "amount_type": Field(string()),
    "price_currency": Field(currency, "usd"),
    "tax_behavior": Field(nullable(tax_behavior), None),
}
_seat_tier: Final = model(
    {
        "min_seats": Field(integer(ge=1)),
        "max_seats": Field(nullable(integer(ge=1)), None),
        "price_per_seat": Field(integer(ge=0)),
    }
)
_tier: Final = model({"bound": Field(nullable(integer(ge=1)), None), "unit_amount": Field(string(min_length=1))})


def _price_options() -> dict[str, Check]:
    return {
        "fixed": model(
            {**_price_base, "price_amount": Field(integer(ge=0))},
            after=lambda value: _chargeable(value, "price_amount"),
        ),
        "custom": model(
            {
                **_price_base,
                "minimum_amount": Field(integer(ge=0), 50),
                "maximum_amount": Field(nullable(integer(ge=1)), None),
                "preset_amount": Field(nullable(integer(ge=0)), None),
            },
            after=_custom_is_ordered,
        ),
        "seat_based": model(
            {
                **_price_base,
                "seat_tiers": Field(
                    model(
                        {
                            "seat_tier_type": Field(one_of(("volume", "graduated")), "volume"),
                            "tiers": Field(list_of(_seat_tier, min_length=1)),
                        },
                        after=_seat_tiers_are_whole,
                    )
                ),
            }
        ),
        "unit_based": model(
            {
                **_price_base,
                "tiers": Field(
                    model(
                        {
                            "type": Field(one_of(("volume", "graduated"))),
                            "tiers": Field(list_of(_tier, min_length=1)),
                        }
                    )
                ),
                "minimum_units": Field(nullable(integer(ge=1)), None),
                "unit_label": Field(nullable(map_of(string(), map_of(string(), string()))), None),
            }
        ),
        "metered_unit": model(
            {
                **_price_base,
                "meter_id": Field(uuid4),
                "unit_amount": Field(_decimal),
                "cap_amount": Field(nullable(integer(ge=0, le=INT32_MAX)), None),
            }
        ),
    }


def _decimal(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    found = number(value, loc, complaints)
    return BAD if found is BAD else str(value)


_price: Final = tagged("amount_type", _price_options())


def price(value: Any, loc: Loc, complaints: list[Entry]) -> Any:
    """A price to create. `free` is still rewritten to a fixed price of 0 (contract § 2.3)."""
    if isinstance(value, dict) and value.get("amount_type") == "free":
        value = {**value, "amount_type": "fixed", "price_amount": 0}
    return _price(value, loc, complaints)


attached_field: Final = model({"custom_field_id": Field(uuid4), "required": Field(boolean)})


def optional(check: Check) -> Field:
    """A field of a PATCH: absent means unchanged."""
    return Field(check, ABSENT)
