"""What may be changed on a checkout, by the merchant and by the buyer (contract § 3.4; OFFERS 5–15)."""

from typing import TYPE_CHECKING, Any

import msgspec

from agentpay.sandbox.polar import checkout_sums as sums
from agentpay.sandbox.polar import custom_fields, discount_rules, money, render_checkout
from agentpay.sandbox.polar.entities import Address, Checkout, Price
from agentpay.sandbox.polar.errors import Refused, broken_rule

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

Json = dict[str, Any]


def update(state: "PolarState", checkout: Checkout, form: Json, *, is_buyer: bool, is_confirm: bool = False) -> None:
    """Apply a PATCH, or the fields of a confirm, to `checkout`: give a copy, store it when this returns.

    Raises `Refused`: 403 when the checkout is not open, 422 for broken rules.
    """
    if checkout.status != "open":
        raise Refused(403, "NotOpenCheckout", f"Checkout {checkout.id} is not open: {checkout.status}")
    _reselect(state, checkout, form, currency=None if is_buyer else form.get("currency"))
    _drop_foreign_discount(state, checkout)
    _change_quantities(state, checkout, form)
    _change_amount(state, checkout, form)
    _change_discount(state, checkout, form, is_buyer=is_buyer)
    _change_buyer(checkout, form)
    product = state.products.get(checkout.product_id)
    if form.get("custom_field_data") is not None or is_confirm:
        sent = form.get("custom_field_data") or checkout.custom_field_data
        checkout.custom_field_data = custom_fields.accepted(state, product, sent, require=is_confirm)
    _change_plain(state, checkout, form, is_buyer=is_buyer)
    sums.set_trial_end(state, checkout)
    sums.settle_amounts(state, checkout)
    _check_only_subscription(state, checkout)


def _check_only_subscription(state: "PolarState", checkout: Checkout) -> None:
    """A customer has one subscription, unless the organization allows more (OFFERS 38)."""
    rules = state.organization(checkout.organization_id).subscription_settings
    product = state.products.get(checkout.product_id)
    if not product.is_recurring or checkout.subscription_id is not None or rules["allow_multiple_subscriptions"]:
        return
    customer = state.customers.find(checkout.customer_id)
    if customer is None and checkout.customer_email is not None:
        customer = state.find_customer_by_email(checkout.customer_email, organization_id=checkout.organization_id)
    running = ("active", "trialing", "past_due")
    if customer is not None and any(
        row.customer_id == customer.id and row.status in running for row in state.subscriptions
    ):
        raise Refused(403, "AlreadyActiveSubscriptionError", "You already have an active subscription.")


def _reselect(state: "PolarState", checkout: Checkout, form: Json, *, currency: str | None) -> None:
    """Choosing a product, even the same one, falls back to the catalogue's price and least quantity (OFFERS 8, 11)."""
    product_id = form.get("product_id")
    if product_id is None:
        if currency is not None:
            _choose_currency(state, checkout, currency)
        return
    product = state.products.find(product_id) if product_id in checkout.product_ids else None
    if product is None:
        raise broken_rule("product_id", "Product is not available in this checkout.", product_id)
    if product.is_archived:
        raise broken_rule("product_id", "Product is archived.", product_id)
    checkout.product_id = product.id
    price_id = form.get("product_price_id")
    if price_id is not None:
        candidates = (*render_checkout.prices_of(state, checkout, product.id), *product.active_prices)
        chosen = next((price for price in candidates if price.id == price_id), None)
        if chosen is None:
            raise broken_rule("product_price_id", "Price is not available in this checkout.", price_id)
        _take_prices(checkout, [chosen], chosen.price_currency)
        return
    default = state.organization(checkout.organization_id).default_presentment_currency
    wanted = (currency,) if currency is not None else (checkout.currency, default)
    found = money.prices_in(product.active_prices, *wanted)
    if found is None:
        raise broken_rule("currency", "Product is not available in the specified currency.", currency)
    _take_prices(checkout, *found)


def _choose_currency(state: "PolarState", checkout: Checkout, currency: str) -> None:
    found = money.prices_in(state.products.get(checkout.product_id).active_prices, currency)
    if found is None:
        raise broken_rule("currency", "Product is not available in the specified currency.", currency)
    _take_prices(checkout, *found)


def _take_prices(checkout: Checkout, prices: list[Price], currency: str) -> None:
    checkout.currency = currency
    checkout.product_price_id = money.default_price(prices).id
    for noun in ("seats", "units"):
        price = sums.quantity_price(prices, noun)
        setattr(checkout, noun, sums.quantity_bounds(price, noun)[0] if price is not None else None)
    sums.set_amount(checkout, prices, None)


def _drop_foreign_discount(state: "PolarState", checkout: Checkout) -> None:
    """Silently: that is how an edited discount vanishes at confirm (OFFERS 7, 30)."""
    discount = state.discounts.find(checkout.discount_id)
    if discount is not None and not discount_rules.applies(discount, checkout.product_id, checkout.currency):
        checkout.discount_id = None


def _current_prices(state: "PolarState", checkout: Checkout) -> list[Price]:
    prices = render_checkout.prices_of(state, checkout, checkout.product_id)
    found = money.prices_in(prices, checkout.currency)
    return found[0] if found is not None else []


def _change_quantities(state: "PolarState", checkout: Checkout, form: Json) -> None:
    for noun in ("seats", "units"):
        wanted = form.get(noun)
        if wanted is None:
            continue
        prices = _current_prices(state, checkout)
        price = sums.quantity_price(prices, noun)
        if price is None:
            kind = "seat-based" if noun == "seats" else "unit-based"
            raise broken_rule(noun, f"{noun.capitalize()} can only be set for {kind} pricing.", wanted)
        least, most = sums.quantity_bounds(price, noun)
        own_least, own_most = getattr(checkout, f"min_{noun}"), getattr(checkout, f"max_{noun}")
        most = min((bound for bound in (most, own_most) if bound is not None), default=None)
        sums.check_quantity(noun, wanted, max(least, own_least or least), most)
        setattr(checkout, noun, wanted)
        sums.set_amount(checkout, prices, None)


def _change_amount(state: "PolarState", checkout: Checkout, form: Json) -> None:
    """Only for pay what you want, and judged by the checkout's own prices: an ad-hoc price silences it (OFFERS 11)."""
    amount = form.get("amount")
    prices = _current_prices(state, checkout)
    if amount is not None and any(price.amount_type == "custom" for price in prices):
        sums.set_amount(checkout, prices, amount)


def _change_discount(state: "PolarState", checkout: Checkout, form: Json, *, is_buyer: bool) -> None:
    field = "discount_code" if is_buyer else "discount_id"
    if field not in form or (is_buyer and not checkout.allow_discount_codes):
        return
    if form[field] is None:
        checkout.discount_id = None
        return
    product = state.products.get(checkout.product_id)
    chosen = discount_rules.usable(
        state, product, checkout.currency, organization_id=checkout.organization_id, **{field: form[field]}
    )
    checkout.discount_id = chosen.id


def _change_buyer(checkout: Checkout, form: Json) -> None:
    address = form.get("customer_billing_address")
    if address is not None:
        checkout.customer_billing_address = msgspec.convert(address, Address)
    if form.get("customer_tax_id") is not None and checkout.customer_billing_address is None:
        message = "Country is required to validate tax ID."
        raise broken_rule("customer_billing_address", message, kind="missing")
    for field in ("customer_name", "customer_billing_name", "customer_tax_id"):
        if field in form:
            setattr(checkout, field, form[field])
    if "customer_email" in form and checkout.customer_id is None:
        checkout.customer_email = form["customer_email"]
    if form.get("is_business_customer") is not None:
        checkout.is_business_customer = form["is_business_customer"]


def _change_plain(state: "PolarState", checkout: Checkout, form: Json, *, is_buyer: bool) -> None:
    merchants = ("allow_discount_codes", "require_billing_address", "trial_interval", "trial_interval_count")
    texts = ("metadata", "customer_metadata", "customer_ip_address", "success_url", "return_url", "embed_origin")
    nullable = {"trial_interval", "trial_interval_count", "customer_ip_address", "success_url", "return_url"}
    for field in () if is_buyer else (*merchants, *texts):
        if field in form and (form[field] is not None or field in nullable | {"embed_origin"}):
            setattr(checkout, field, form[field])
    if form.get("allow_trial") is not None:
        checkout.allow_trial = form["allow_trial"]
    checkout.locale = sums.locale_of(state, checkout, form.get("locale", checkout.locale))
