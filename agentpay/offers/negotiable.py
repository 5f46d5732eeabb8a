"""May this product's price be negotiated at all, and how would Polar carry it? Pure: OFFERS.md D1 as a function.

A buyer holds the checkout's link and can change what a bound was computed for: seats, the price component, what he pays
where he may choose. So only what he cannot change is negotiated.
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from agentpay.catalog.prices import PriceFacts
from agentpay.offers.bound import Kind


class NotNegotiableReason(StrEnum):
    FREE = "free"
    PAY_WHAT_YOU_WANT = "pay_what_you_want"
    PER_UNIT = "not_negotiable_per_unit"  # seats and units: the buyer can lower them (8)(9)
    METERED = "not_negotiable_metered"
    SEVERAL_PRICES = "not_negotiable_several_prices"  # the buyer can drop the base fee (12)
    CURRENCY = "currency"  # no price in this currency
    UNKNOWN = "not_negotiable"  # a kind of price that this release does not know


class Negotiable(msgspec.Struct, frozen=True):
    """Recurring: a fixed amount off the first charge. One-time: a percentage, whose ratio survives a price change.

    `allow_trial` is always false: a trial would turn the deal into an order of 0 whose discount cannot be ended (18).
    """

    kind: Kind
    price_id: UUID
    list_amount: int
    currency: str
    allow_trial: bool = False


class NotNegotiable(msgspec.Struct, frozen=True):
    reason: NotNegotiableReason


def negotiable(facts: PriceFacts | None) -> Negotiable | NotNegotiable:
    """OFFERS.md D1 on a product's price in one currency (None = no price there); what it does not list is refused."""
    if facts is None:
        return NotNegotiable(NotNegotiableReason.CURRENCY)
    if facts.is_metered:
        return NotNegotiable(NotNegotiableReason.METERED)
    if facts.static_prices != 1:
        return NotNegotiable(NotNegotiableReason.SEVERAL_PRICES)
    match facts.amount_type:
        case "custom":
            return NotNegotiable(NotNegotiableReason.PAY_WHAT_YOU_WANT)
        case "seat_based" | "unit_based":
            return NotNegotiable(NotNegotiableReason.PER_UNIT)
        case "fixed" if facts.amount == 0:
            return NotNegotiable(NotNegotiableReason.FREE)
        case "fixed" if facts.amount is not None and facts.amount > 0 and facts.price_id is not None:
            kind: Kind = "fixed" if facts.is_recurring else "percentage"
            return Negotiable(kind, facts.price_id, facts.amount, facts.currency)
        case _:
            return NotNegotiable(NotNegotiableReason.UNKNOWN)
