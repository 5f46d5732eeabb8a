"""When a discount may be used (contract §§ 3.6, 4; OFFERS 3, 21, 29, 30)."""

from datetime import datetime
from typing import TYPE_CHECKING

from agentpay.sandbox.polar.entities import Checkout, Discount, Product
from agentpay.sandbox.polar.errors import broken_rule

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState


def applies(discount: Discount, product_id: str, currency: str) -> bool:
    """To this product, in this currency. A fixed discount needs an amount in it."""
    if discount.product_ids and product_id not in discount.product_ids:
        return False
    return discount.type == "percentage" or currency in (discount.amounts or {})


def is_running(discount: Discount, ends_at: datetime | None, now: datetime) -> bool:
    if discount.starts_at is not None and discount.starts_at > now:
        return False
    return ends_at is None or ends_at >= now


def has_room(state: "PolarState", discount: Discount) -> bool:
    if discount.max_redemptions is None:
        return True
    return len(state.redemptions_of(discount.id)) < discount.max_redemptions


def has_room_for(state: "PolarState", discount: Discount, checkout: Checkout) -> bool:
    """Per customer: by id, or by e-mail without `+alias`."""
    if discount.max_redemptions_per_customer is None:
        return True
    email = plain_email(checkout.customer_email)
    used = [
        row
        for row in state.redemptions_of(discount.id)
        if (row.customer_id is not None and row.customer_id == checkout.customer_id)
        or (email is not None and plain_email(row.email) == email)
    ]
    return len(used) < discount.max_redemptions_per_customer


def plain_email(email: str | None) -> str | None:
    if email is None:
        return None
    local, _, domain = email.casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def usable(
    state: "PolarState",
    product: Product,
    currency: str,
    *,
    organization_id: str,
    discount_id: str | None = None,
    discount_code: str | None = None,
) -> Discount:
    """The discount by id or code, if a checkout may carry it now. Raises `Refused` 422 at that field.

    Polar says "does not exist" for all of unknown, deleted, ended, used up, other product and other currency.
    """
    field = "discount_id" if discount_id is not None else "discount_code"
    if all(price.amount_type == "fixed" and not price.price_amount for price in product.active_prices):
        raise broken_rule(field, "Discounts are not applicable to this product.", discount_id)
    discount = next(
        (
            row
            for row in state.discounts
            if row.organization_id == organization_id
            and row.deleted_at is None
            and (row.id == discount_id if discount_id is not None else _has_code(row, discount_code))
        ),
        None,
    )
    if (
        discount is None
        or not applies(discount, product.id, currency)
        or not is_running(discount, discount.ends_at, state.now())
        or not has_room(state, discount)
    ):
        raise broken_rule(field, "Discount does not exist.", discount_id)
    return discount


def _has_code(row: Discount, code: str | None) -> bool:
    return code is not None and row.code is not None and row.code.casefold() == code.casefold()
