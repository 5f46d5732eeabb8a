"""Quantities and sums of a checkout, shared by creating and changing one."""

from typing import TYPE_CHECKING

from agentpay.sandbox.polar import constants, money, price_rules, render_checkout
from agentpay.sandbox.polar.entities import Checkout, Price
from agentpay.sandbox.polar.errors import broken_rule

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState


def settle_amounts(state: "PolarState", checkout: Checkout) -> None:
    """Compute `net`, `tax` and its behaviour from amount, discount and address."""
    discount = state.discounts.find(checkout.discount_id)
    due = checkout.amount - render_checkout.discount_amount(checkout, discount)
    organization = state.organization(checkout.organization_id)
    price = render_checkout.find_price(state, checkout, checkout.product_price_id)
    behavior = (price.tax_behavior if price is not None else None) or organization.default_tax_behavior
    # The card form decides: without one nobody computes tax, with one it needs an address (recorded).
    needs_form = render_checkout.is_payment_setup_required(state, checkout) or (due > 0 and checkout.trial_end is None)
    tax: money.Tax | None = money.Tax(due, 0, None)
    if needs_form:
        tax = money.tax_of(due, checkout.customer_billing_address, behavior)
    checkout.net_amount = due if tax is None else tax.net
    checkout.tax_amount = None if tax is None else tax.amount
    checkout.tax_behavior = None if tax is None else tax.behavior


def quantity_price(prices: list[Price], noun: str) -> Price | None:
    kind = "seat_based" if noun == "seats" else "unit_based"
    return next((price for price in prices if price.amount_type == kind), None)


def quantity_bounds(price: Price, noun: str) -> tuple[int, int | None]:
    if noun == "seats" and price.seat_tiers is not None:
        return price.seat_tiers["minimum_seats"], price.seat_tiers["maximum_seats"]
    bound = price.tiers["tiers"][-1]["bound"] if price.tiers is not None else None
    return price.minimum_units or 1, bound


def check_quantity(noun: str, wanted: int, least: int, most: int | None) -> None:
    if wanted < least:
        message = f"Minimum {least} {noun} required."
        raise broken_rule(noun, message, wanted, kind="greater_than_equal")
    if most is not None and wanted > most:
        message = f"Maximum {most} {noun} allowed."
        raise broken_rule(noun, message, wanted, kind="less_than_equal")


def set_amount(checkout: Checkout, prices: list[Price], amount: int | None) -> None:
    custom = next((price for price in prices if price.amount_type == "custom"), None)
    if custom is not None and amount is not None:
        _check_amount(custom, amount)
    checkout.amount = sum(
        money.charge_of(price, amount=amount if price is custom else None, seats=checkout.seats, units=checkout.units)
        for price in prices
    )


def _check_amount(price: Price, amount: int) -> None:
    """Pay what you want, within what the price allows and the currency can charge."""
    least = price.minimum_amount or 0
    if amount < least:
        raise broken_rule("amount", "Amount is below minimum.", amount, kind="greater_than_equal")
    if price.maximum_amount is not None and amount > price.maximum_amount:
        raise broken_rule("amount", "Amount is above maximum.", amount, kind="less_than_equal")
    chargeable = constants.MINIMUM_CHARGE.get(price.price_currency, constants.MINIMUM_CHARGE_DEFAULT)
    if 0 < amount < chargeable:
        shown = money.shown_amount(chargeable, price.price_currency)
        raise broken_rule("amount", f"Amount must be 0 or at least {shown}.", amount, kind="greater_than_equal")


def locale_of(state: "PolarState", checkout: Checkout, wanted: str | None) -> str | None:
    """English, unless the organization switched localisation on."""
    features = state.organization(checkout.organization_id).feature_settings
    return wanted if features["checkout_localization_enabled"] else "en"


def set_trial_end(state: "PolarState", checkout: Checkout) -> None:
    interval, count = render_checkout.active_trial(checkout, state.products.get(checkout.product_id))
    checkout.trial_end = (
        price_rules.period_end(state.now(), interval, count) if interval is not None and count is not None else None
    )
