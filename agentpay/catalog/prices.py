"""What a product costs in a currency, in whole minor units. Pure; `price_text.py` puts it into words.

Polar lets a product combine, per currency: one fixed price, one per seat or unit, metered ones; pay what you want
stands alone (polar/API.md § 2.3). Legacy products may have several fixed prices to choose from.
"""

import hashlib
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal
from uuid import UUID

import msgspec

from agentpay.catalog import sellable
from agentpay.polar.types import Price, Product

AmountType = Literal["fixed", "custom", "seat_based", "unit_based", "metered"]
LADDERS = frozenset({"seat_based", "unit_based"})


class Trial(msgspec.Struct, frozen=True):
    """`count` intervals (day, week, month, year) without charge."""

    interval: str
    interval_count: int


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """A price per seat or unit. Amounts in minor units, exact where Polar allows fractions of them."""

    minimum: int
    maximum: int | None
    lowest: Decimal
    """Per piece, at the best tier."""
    is_flat: bool
    """Every piece costs the same, however many."""
    total_at_minimum: int


class PriceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One product's list price in one currency: what offers, checkouts and cards decide from."""

    product_id: UUID
    currency: str
    amount_type: AmountType
    """Of the leading price: pay what you want, per seat, per unit, fixed; `metered` when there is nothing else."""
    price_id: UUID | None
    """The static price; None when there are several, or metered ones only."""
    amount: int | None
    """What the smallest purchase costs up front. None = not known beforehand (metered only, unreadable tiers)."""
    is_from: bool
    """The buyer may come to pay more than `amount`, by seats, units or choice."""
    static_prices: int
    is_metered: bool
    recurring_interval: str | None
    recurring_interval_count: int | None
    trial: Trial | None
    minimum_amount: int | None = None
    maximum_amount: int | None = None
    preset_amount: int | None = None
    ladder: Ladder | None = None

    @property
    def has_trial(self) -> bool:
        return self.trial is not None

    @property
    def is_recurring(self) -> bool:
        return self.recurring_interval is not None

    @property
    def carries_discount(self) -> bool:
        """Whether Polar can hold an agreed price for it: exactly one fixed price, not free (OFFERS.md D1)."""
        return self.amount_type == "fixed" and self.static_prices == 1 and not self.is_metered and bool(self.amount)


def price_facts(product: Product, *, currency: str) -> PriceFacts | None:
    """The price of `product` in `currency`; None when it has none there, or one of a kind that we do not know."""
    if currency not in sellable.currencies_of(product):
        return None
    prices = sellable.prices_in(product, currency=currency)
    static = [price for price in prices if price.amount_type not in sellable.METERED_TYPES]
    leading = _leading(static)
    ladder = ladder_of(leading) if leading is not None else None
    kind: Any = leading.amount_type if leading is not None else "metered"
    several_fixed = sum(price.amount_type == "fixed" for price in static) > 1
    return PriceFacts(
        product_id=product.id,
        currency=currency,
        amount_type=kind,
        price_id=static[0].id if len(static) == 1 else None,
        amount=None if kind in LADDERS and ladder is None else _smallest_purchase(static, ladder),
        is_from=kind == "custom" or ladder is not None or several_fixed,
        static_prices=len(static),
        is_metered=len(static) < len(prices),
        recurring_interval=product.recurring_interval,
        recurring_interval_count=product.recurring_interval_count,
        trial=_trial(product),
        minimum_amount=(leading.minimum_amount or 0) if leading is not None and kind == "custom" else None,
        maximum_amount=leading.maximum_amount if leading is not None and kind == "custom" else None,
        preset_amount=leading.preset_amount if leading is not None and kind == "custom" else None,
        ladder=ladder,
    )


def smallest_amounts(product: Product) -> dict[str, int]:
    """What the smallest purchase costs up front in each currency that has such a price."""
    found = {currency: price_facts(product, currency=currency) for currency in sellable.currencies_of(product)}
    return {
        currency: facts.amount for currency, facts in found.items() if facts is not None and facts.amount is not None
    }


def fingerprint(product: Product) -> str:
    """Changes exactly when an active price does: a hash of ids and all amounts, in a fixed order (OFFERS.md D3)."""
    prints = sorted(_print_of(price) for price in product.prices if not price.is_archived)
    return hashlib.sha256(b"\n".join(prints)).hexdigest()


def ladder_of(price: Price) -> Ladder | None:
    """The tiers of a seat or unit price; None for other prices and for tiers that cannot be read."""
    steps = _seat_steps(price) if price.seat_tiers is not None else _unit_steps(price)
    if not steps:
        return None
    minimum = max(1, (price.seat_tiers.minimum_seats if price.seat_tiers else price.minimum_units) or 1)
    is_graduated = (price.seat_tiers.seat_tier_type if price.seat_tiers else price.tiers.get("type")) == "graduated"
    amounts = [amount for _, amount in steps]
    return Ladder(
        minimum=minimum,
        maximum=price.seat_tiers.maximum_seats if price.seat_tiers else price.maximum_units,
        lowest=min(amounts),
        is_flat=len(set(amounts)) == 1,
        total_at_minimum=_total(steps, count=minimum, is_graduated=is_graduated),
    )


def _leading(static: Sequence[Price]) -> Price | None:
    for kind in ("custom", "seat_based", "unit_based", "fixed"):
        found = next((price for price in static if price.amount_type == kind), None)
        if found is not None:
            return found
    return None


def _smallest_purchase(static: Sequence[Price], ladder: Ladder | None) -> int | None:
    if not static:
        return None
    fixed = [price.price_amount or 0 for price in static if price.amount_type == "fixed"]
    custom = sum(price.minimum_amount or 0 for price in static if price.amount_type == "custom")
    # Several fixed prices are alternatives (legacy), never a sum.
    return min(fixed, default=0) + custom + (ladder.total_at_minimum if ladder else 0)


def _trial(product: Product) -> Trial | None:
    if product.trial_interval is None or not product.trial_interval_count:
        return None
    return Trial(product.trial_interval, product.trial_interval_count)


Step = tuple[int | None, Decimal]
"""Up to which count (None = any) a piece costs how much."""


def _seat_steps(price: Price) -> list[Step]:
    assert price.seat_tiers is not None
    tiers = sorted(price.seat_tiers.tiers, key=lambda tier: tier.min_seats)
    return [(tier.max_seats, Decimal(tier.price_per_seat)) for tier in tiers]


def _unit_steps(price: Price) -> list[Step]:
    """From `tiers {type, tiers[{bound, unit_amount "decimal text"}]}`, which Polar may yet change: read with care."""
    tiers = price.tiers.get("tiers") if isinstance(price.tiers, dict) else None
    steps: list[Step] = []
    for tier in tiers if isinstance(tiers, list) else ():
        amount = decimal_of(tier.get("unit_amount")) if isinstance(tier, dict) else None
        if amount is None:
            return []
        bound = tier.get("bound")
        steps.append((bound if isinstance(bound, int) else None, amount))
    return steps


def _total(steps: Sequence[Step], *, count: int, is_graduated: bool) -> int:
    """The charge for `count` pieces: volume = all at the tier that `count` reaches, graduated = tier by tier."""
    total, counted = Decimal(0), 0
    for index, (bound, amount) in enumerate(steps):
        reach = count if bound is None or index == len(steps) - 1 else min(count, bound)
        if is_graduated:
            total += amount * max(0, reach - counted)
            counted = max(counted, reach)
        elif reach == count:
            total = amount * count
        if reach == count:
            break
    return int(total.to_integral_value(ROUND_HALF_UP))


def decimal_of(value: object) -> Decimal | None:
    """Polar's decimal text (cents) as a finite Decimal; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _print_of(price: Price) -> bytes:
    numbers = (price.price_amount, price.minimum_amount, price.maximum_amount, price.preset_amount, price.cap_amount)
    units = (price.unit_amount, price.seat_tiers, price.tiers, price.minimum_units, price.maximum_units)
    return msgspec.json.encode((price.id, price.amount_type, price.price_currency, numbers, units), order="sorted")
