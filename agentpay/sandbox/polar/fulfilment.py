"""What a payment brings: order, subscription, receipt, fee (contract §§ 5.1, 6.6; OFFERS 2, 16, 18, 24)."""

from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import msgspec

from agentpay.sandbox.polar import emitting, grants, money, price_rules
from agentpay.sandbox.polar.entities import Checkout, Order, OrderItem, Price, Product, Subscription
from agentpay.sandbox.polar.render_checkout import discount_amount, prices_of, total_amount

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

SUCCEEDED_SECONDS: Final = 1.4
FEE_SECONDS: Final = 2.0
FEE_RATE: Final = Fraction(5, 100)
FEE_FIXED: Final = 50


def payment_succeeded(state: "PolarState", checkout_id: str) -> None:
    """Turn a confirmed checkout into an order; one reopened meanwhile stays charged and without order (OFFERS 24)."""
    checkout = state.checkouts.find(checkout_id)
    if checkout is None or checkout.status != "confirmed":
        return
    product = state.products.get(checkout.product_id)
    _make_a_team(state, checkout)
    subscription = _subscribe(state, checkout, product) if product.is_recurring else None
    order = state.orders.put(_order_of(state, checkout, product, subscription))
    for type in ("subscription.created", "subscription.active", "subscription.updated"):
        if subscription is not None:
            emitting.emit_subscription(state, type, subscription)
    emitting.emit_order(state, "order.created", order)
    emitting.emit_order(state, "order.updated", order)
    order = give_receipt(state, order)
    emitting.emit_order(state, "order.paid", order)
    processed = {**checkout.payment_processor_metadata, "intent_status": "succeeded"}
    state.checkouts.put(
        msgspec.structs.replace(
            checkout, status="succeeded", modified_at=state.now(), payment_processor_metadata=processed
        )
    )
    state.schedule("checkout_updated", due=state.delayed(SUCCEEDED_SECONDS), checkout_id=checkout.id)
    schedule_fee(state, order)
    grants.schedule(state, order)


def _make_a_team(state: "PolarState", checkout: Checkout) -> None:
    """Who buys seats is a team from then on, under the member model (recorded)."""
    customer = state.customers.find(checkout.customer_id)
    features = state.organization(checkout.organization_id).feature_settings
    if customer is not None and checkout.seats is not None and features["member_model_enabled"]:
        state.customers.put(msgspec.structs.replace(customer, type="team", modified_at=state.now()))


def checkout_updated(state: "PolarState", checkout_id: str) -> None:
    emitting.emit_checkout(state, "checkout.updated", state.checkouts.get(checkout_id))


def current_prices(state: "PolarState", checkout: Checkout) -> list[Price]:
    """The checkout's own price set, whatever single price the buyer picked from it (OFFERS 12, 37)."""
    found = money.prices_in(prices_of(state, checkout, checkout.product_id), checkout.currency)
    return found[0] if found is not None else []


def _subscribe(state: "PolarState", checkout: Checkout, product: Product) -> Subscription:
    now = state.now()
    interval, count = product.recurring_interval or "month", product.recurring_interval_count or 1
    discount = state.discounts.find(checkout.discount_id)
    ends = checkout.trial_end or price_rules.period_end(now, interval, count)
    is_trial = checkout.trial_end is not None
    gross = sum(item.amount for item in _items(state, checkout, product))
    taken = money.discount_of(discount, gross, checkout.currency) if discount is not None else 0
    return state.subscriptions.put(
        Subscription(
            id=state.new_id(),
            created_at=now,
            organization_id=checkout.organization_id,
            customer_id=checkout.customer_id or "",
            product_id=product.id,
            price_ids=[price.id for price in current_prices(state, checkout)] or [checkout.product_price_id],
            checkout_id=checkout.id,
            discount_id=checkout.discount_id,
            status="trialing" if is_trial else "active",
            amount=gross - taken,
            currency=checkout.currency,
            recurring_interval=interval,
            recurring_interval_count=count,
            current_period_start=now,
            current_period_end=ends,
            trial_start=now if is_trial else None,
            trial_end=checkout.trial_end,
            started_at=now,
            seats=checkout.seats,
            units=checkout.units,
            discount_cycles=0 if is_trial or discount is None else 1,
            metadata=checkout.metadata,
            custom_field_data=checkout.custom_field_data,
        )
    )


def _order_of(state: "PolarState", checkout: Checkout, product: Product, subscription: Subscription | None) -> Order:
    is_trial = subscription is not None and subscription.status == "trialing"
    discount = state.discounts.find(checkout.discount_id)
    items = (
        [_trial_item(state, product, subscription)]
        if is_trial and subscription is not None
        else _items(state, checkout, product)
    )
    order = Order(
        id=state.new_id(),
        created_at=state.now(),
        organization_id=checkout.organization_id,
        status="paid",
        billing_reason="purchase" if subscription is None else "subscription_create",
        customer_id=checkout.customer_id or "",
        product_id=product.id,
        product_price_id=items[0].product_price_id if items else None,
        discount_id=None if is_trial else checkout.discount_id,
        subscription_id=subscription.id if subscription is not None else None,
        checkout_id=checkout.id,
        currency=checkout.currency,
        subtotal_amount=0 if is_trial else checkout.amount,
        discount_amount=0 if is_trial else discount_amount(checkout, discount),
        net_amount=0 if is_trial else checkout.net_amount,
        tax_amount=0 if is_trial else checkout.tax_amount or 0,
        total_amount=0 if is_trial else total_amount(checkout),
        billing_name=checkout.customer_billing_name or checkout.customer_name,
        billing_address=checkout.customer_billing_address,
        invoice_number=next_invoice_number(state, checkout.customer_id or ""),
        seats=checkout.seats,
        units=checkout.units,
        metadata=checkout.metadata,
        custom_field_data=checkout.custom_field_data,
        items=items,
    )
    if order.total_amount > 0:
        order.modified_at = state.now()
    return order


def _items(state: "PolarState", checkout: Checkout, product: Product) -> list[OrderItem]:
    return [
        OrderItem(
            id=state.new_id(),
            created_at=state.now(),
            label=label_of(product, price, checkout.seats),
            amount=money.charge_of(price, amount=checkout.amount, seats=checkout.seats, units=checkout.units),
            product_price_id=price.id,
        )
        for price in current_prices(state, checkout)
        if not price.amount_type.startswith("metered")
    ]


def label_of(product: Product, price: Price, seats: int | None) -> str:
    if price.amount_type == "seat_based" and seats is not None:
        return f"{product.name} ({seats} seat{'' if seats == 1 else 's'})"
    return product.name


def _trial_item(state: "PolarState", product: Product, subscription: Subscription) -> OrderItem:
    span = f"{shown_day(subscription.current_period_start)} - {shown_day(subscription.current_period_end)}"
    return OrderItem(
        id=state.new_id(), created_at=state.now(), label=f"Trial period for {product.name} ({span})", amount=0
    )


def shown_day(moment: datetime) -> str:
    """`Nov 23, 2026`."""
    return f"{moment:%b} {moment.day}, {moment.year}"


def next_invoice_number(state: "PolarState", customer_id: str) -> str:
    customer = state.customers.get(customer_id)
    slug = state.organization(customer.organization_id).slug.upper()
    count = len(state.orders.where("customer_id", customer_id))
    return f"{slug}-{customer.number}-{count + 1:04d}"


def give_receipt(state: "PolarState", order: Order) -> Order:
    """The receipt number that `order.paid` carries; nothing was paid for an order of 0."""
    if order.total_amount == 0:
        return order
    customer = state.customers.get(order.customer_id)
    count = sum(row.receipt_number is not None for row in state.orders.where("customer_id", order.customer_id))
    number = f"RCPT-{customer.number}-{count + 1:04d}"
    return state.orders.put(msgspec.structs.replace(order, receipt_number=number, modified_at=state.now()))


def schedule_fee(state: "PolarState", order: Order) -> None:
    """The platform fee is known later, and told by one more `order.updated`."""
    if order.total_amount > 0:
        state.schedule("order_fee", due=state.delayed(FEE_SECONDS), order_id=order.id)


def order_fee(state: "PolarState", order_id: str) -> None:
    order = state.orders.get(order_id)
    fee = money.half_away(order.total_amount * FEE_RATE + FEE_FIXED)
    changed = msgspec.structs.replace(
        order, platform_fee_amount=fee, platform_fee_currency=order.currency, modified_at=state.now()
    )
    emitting.emit_order(state, "order.updated", state.orders.put(changed))
