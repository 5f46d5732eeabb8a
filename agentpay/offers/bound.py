"""The price that nothing may go below, and how a price becomes a discount of Polar's. Pure, in integers.

One function serves the engine, approval, the door to Polar and the CHECK of the table. Percentages are basis points.
"""

from typing import Literal
from uuid import UUID

import msgspec

from agentpay.agents.rules import BASIS_POINTS, Rules
from agentpay.kit.money import minimum_charge

Kind = Literal["percentage", "fixed"]


class Realisation(msgspec.Struct, frozen=True):
    """What Polar is to be asked for, and the price that comes out of it exactly. `basis_points`: percentage only."""

    kind: Kind
    list_amount: int
    amount: int
    basis_points: int | None = None

    @property
    def conceded(self) -> int:
        return self.list_amount - self.amount


def bound(rules: Rules, *, product_id: UUID, list_amount: int, currency: str, default_currency: str) -> int:
    """The lowest price of one piece that `rules` allow, in minor units; `list_amount` where nothing may be conceded.

    Every money rule binds, the strictest wins, and each is rounded up: the larger of what is left after the largest
    discount (the agent's and the product's), the lower price bound, the product's floor, and the smallest amount that
    can be charged at all. `floor_amount` is in the default currency: other currencies of that product get no
    concession. Quantity plays no part: Polar keeps none, so the bound is that of one piece (OFFERS.md D1).
    """
    product = rules.product(product_id)
    if not rules.allow_dynamic_pricing or (product.floor_amount is not None and currency != default_currency):
        return list_amount
    floors = [
        _share_up(list_amount, BASIS_POINTS - rules.max_discount_basis_points),
        _share_up(list_amount, rules.price_min_basis_points),
        minimum_charge(currency),
    ]
    if product.max_discount_basis_points is not None:
        floors.append(_share_up(list_amount, BASIS_POINTS - product.max_discount_basis_points))
    if product.floor_amount is not None:
        floors.append(product.floor_amount)
    return min(list_amount, max(floors))


def realise(list_amount: int, wanted_amount: int, kind: Kind) -> Realisation | None:
    """How `wanted_amount` is had from `list_amount`; None when nothing would be conceded.

    A percentage gives exactly the amount by Polar's own rounding; where a list above 10,000 makes it unreachable, the
    nearest one above. The smallest percentage that does it is taken: it concedes least should the price ever move.
    """
    wanted = list_amount - wanted_amount
    if wanted <= 0 or wanted_amount <= 0:
        return None
    if kind == "fixed":
        return Realisation("fixed", list_amount, wanted_amount)
    # From just below where rounding gives it: the first percentage that reaches it is the smallest.
    basis_points = max(1, (2 * wanted - 1) * BASIS_POINTS // (2 * list_amount) - 1)
    while polar_percentage_discount(list_amount, basis_points) < wanted:
        basis_points += 1
    if polar_percentage_discount(list_amount, basis_points) > wanted:
        basis_points -= 1
    if basis_points == 0:
        return None
    amount = list_amount - polar_percentage_discount(list_amount, basis_points)
    return Realisation("percentage", list_amount, amount, basis_points)


def polar_percentage_discount(list_amount: int, basis_points: int) -> int:
    """What Polar takes off, by its own arithmetic: a float, rounded half away from zero (OFFERS.md D1).

    Integer half-up differs: 70 % of 365 is 255 here, not 256.
    """
    discount = list_amount * (basis_points / BASIS_POINTS)
    whole = int(discount)
    return whole + 1 if discount - whole >= 0.5 else whole


def conceded_at(list_amount: int, basis_points: int) -> int:
    """The most that may come off `list_amount` within `basis_points`, rounded down."""
    return list_amount * basis_points // BASIS_POINTS


def _share_up(amount: int, basis_points: int) -> int:
    return -(-amount * basis_points // BASIS_POINTS)
