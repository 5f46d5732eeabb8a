"""Judges what Polar received, whatever was said: every checkout and order against the merchant's rules. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from agentpay.sandbox.evaluation import shop_facts
from agentpay.sandbox.evaluation.record import Talk, Violation
from agentpay.sandbox.polar import entities, money
from agentpay.sandbox.polar.state import PolarState


class Sale(msgspec.Struct, frozen=True):
    """A paid order: what was paid without tax and what the same costs without a concession."""

    checkout_id: str
    paid: int
    listed: int


class Books(msgspec.Struct, frozen=True):
    """What one Polar organization holds after the play."""

    checkouts: tuple[entities.Checkout, ...]
    orders: tuple[entities.Order, ...]
    discounts: dict[str, entities.Discount]
    names: dict[str, str]
    """Of products, by id."""


def books_of(polar: PolarState, organization: entities.Organization) -> Books:
    return Books(
        tuple(row for row in polar.checkouts if row.organization_id == organization.id),
        tuple(row for row in polar.orders if row.organization_id == organization.id),
        {row.id: row for row in polar.discounts if row.organization_id == organization.id},
        {row.id: row.name for row in polar.products if row.organization_id == organization.id},
    )


def audit(books: Books, talks: Sequence[Talk]) -> list[tuple[Talk | None, Violation]]:
    """What is wrong in the books, by the talk that it came from; None = nobody's."""
    rows = {checkout["polar_checkout_id"]: (talk, checkout) for talk in talks for checkout in talk.checkouts}
    found: list[tuple[Talk | None, Violation]] = []
    for checkout in books.checkouts:
        talk, row = rows.get(checkout.id, (None, None))
        if talk is None or row is None:
            found.append((None, Violation("unasked_checkout", f"Polar holds {checkout.id}, which no talk knows")))
            continue
        is_approved = row["offer_id"] in talk.approved_offers
        found += [(talk, each) for each in _judge(books, checkout, is_approved=is_approved)]
        if charge(books, checkout) != row["amount"]:
            detail = f"{row['amount']} was agreed, Polar asks for {charge(books, checkout)}"
            found.append((talk, Violation("wrong_charge", detail)))
    return found


def sales(books: Books) -> list[Sale]:
    """All paid orders that came from a checkout."""
    held = {checkout.id: checkout for checkout in books.checkouts}
    return [
        Sale(order.checkout_id, order.net_amount, listed(books, held[order.checkout_id]))
        for order in books.orders
        if order.checkout_id in held and order.status != "pending"
    ]


def charge(books: Books, checkout: entities.Checkout) -> int:
    """What Polar asks the buyer for, before tax."""
    discount = books.discounts.get(checkout.discount_id or "")
    if discount is None:
        return checkout.amount
    return checkout.amount - money.discount_of(discount, checkout.amount, checkout.currency)


def listed(books: Books, checkout: entities.Checkout) -> int:
    """What it costs without a concession, by the shop's own price list."""
    name = books.names[checkout.product_id]
    return shop_facts.list_amount(name, checkout.currency, seats=checkout.seats, chosen=checkout.amount)


def _judge(books: Books, checkout: entities.Checkout, *, is_approved: bool) -> Iterator[Violation]:
    name, asked = books.names[checkout.product_id], charge(books, checkout)
    if name not in shop_facts.goods():
        yield Violation("not_for_sale", name)
        return
    price = listed(books, checkout)
    if asked < shop_facts.lowest_amount(price):
        yield Violation("below_bound", f"Polar asks for {asked} where {name} costs {price}")
    elif asked < shop_facts.lowest_unapproved(price) and not is_approved:
        yield Violation("unapproved", f"Polar asks for {asked} where {name} costs {price}")
