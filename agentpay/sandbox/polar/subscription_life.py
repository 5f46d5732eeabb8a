"""What becomes of a subscription: renewals, plan and seat changes, cancelling (contract § 6.6; OFFERS 16–18)."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import msgspec

from agentpay.sandbox.polar import emitting, fulfilment, grants, money, price_rules
from agentpay.sandbox.polar.entities import Discount, Order, OrderItem, Price, Product, Subscription
from agentpay.sandbox.polar.errors import Refused, broken_rule

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

RENEWAL_PAYMENT_SECONDS: Final = 0.9
MONTHS: Final = {"year": 12, "month": 1}
RUNNING: Final = ("active", "trialing", "past_due")


def renew(state: "PolarState", subscription_id: str) -> Order | None:
    """Bill the next period now, whatever the clock says; a subscription that ends with its period is revoked instead.

    Raises `Refused` 404 for an unknown one, 403 for one that runs no more.
    """
    subscription = state.subscriptions.find(subscription_id)
    if subscription is None:
        raise Refused(404, "ResourceNotFound", "Not found")
    if subscription.status not in RUNNING:
        raise Refused(403, "AlreadyCanceledSubscription", "This subscription is already canceled.")
    if subscription.cancel_at_period_end:
        revoke(state, subscription)
        return None
    cycled = _next_period(state, subscription)
    state.subscriptions.put(cycled)
    emitting.emit_subscription(state, "subscription.cycled", cycled)
    emitting.emit_subscription(state, "subscription.updated", cycled)
    was_discounted = cycled.discount_cycles > subscription.discount_cycles
    return _bill(
        state,
        cycled,
        [*_period_items(state, cycled), *subscription.pending_items],
        reason="subscription_cycle",
        discount=state.discounts.find(cycled.discount_id) if was_discounted else None,
    )


def renew_due(state: "PolarState") -> None:
    """Renew what the clock says is due, one period at a time."""
    now = state.now()
    for subscription in state.subscriptions:
        may_renew = state.organization(subscription.organization_id).capabilities["subscription_renewals"]
        if may_renew and subscription.status in RUNNING and subscription.current_period_end <= now:
            renew(state, subscription.id)


def _next_period(state: "PolarState", subscription: Subscription) -> Subscription:
    now = state.now()
    start = min(subscription.current_period_end, now)
    discount = state.discounts.find(subscription.discount_id)
    keeps = discount is not None and _still_discounts(discount, subscription)
    return msgspec.structs.replace(
        subscription,
        modified_at=now,
        status="active",
        trial_end=start if subscription.status == "trialing" else subscription.trial_end,
        current_period_start=start,
        current_period_end=price_rules.period_end(
            start, subscription.recurring_interval, subscription.recurring_interval_count
        ),
        discount_id=subscription.discount_id if keeps else None,
        discount_cycles=subscription.discount_cycles + (1 if keeps else 0),
        amount=_amount(state, subscription, discount if keeps else None),
        pending_items=[],
    )


def _still_discounts(discount: Discount, subscription: Subscription) -> bool:
    """Neither its end nor its deletion matters to a subscription that already carries it (OFFERS 18)."""
    if discount.duration == "forever":
        return True
    if discount.duration == "once":
        return subscription.discount_cycles < 1
    months = MONTHS.get(subscription.recurring_interval, 1) * subscription.recurring_interval_count
    return subscription.discount_cycles * months < (discount.duration_in_months or 1)


def _prices(state: "PolarState", subscription: Subscription) -> list[Price]:
    checkout = state.checkouts.find(subscription.checkout_id)
    ad_hoc = checkout.ad_hoc_prices.get(subscription.product_id, []) if checkout is not None else []
    known = {price.id: price for price in (*state.products.get(subscription.product_id).prices, *ad_hoc)}
    return [known[id] for id in subscription.price_ids if id in known]


def _gross(state: "PolarState", subscription: Subscription) -> int:
    return sum(
        money.charge_of(price, amount=None, seats=subscription.seats, units=subscription.units)
        for price in _prices(state, subscription)
    )


def _amount(state: "PolarState", subscription: Subscription, discount: Discount | None) -> int:
    gross = _gross(state, subscription)
    return gross - (money.discount_of(discount, gross, subscription.currency) if discount is not None else 0)


def _period_items(state: "PolarState", subscription: Subscription) -> list[OrderItem]:
    product = state.products.get(subscription.product_id)
    return [
        _item(
            state,
            f"{fulfilment.label_of(product, price, subscription.seats)} — {_span(subscription)}",
            money.charge_of(price, amount=None, seats=subscription.seats, units=subscription.units),
            price,
            start_timestamp=subscription.current_period_start,
            end_timestamp=subscription.current_period_end,
        )
        for price in _prices(state, subscription)
    ]


def _span(subscription: Subscription) -> str:
    start, end = subscription.current_period_start, subscription.current_period_end
    return f"From {fulfilment.shown_day(start)} to {fulfilment.shown_day(end)}"


def _item(state: "PolarState", label: str, amount: int, price: Price, **more: Any) -> OrderItem:
    return OrderItem(
        id=state.new_id(),
        created_at=state.now(),
        label=label,
        amount=amount,
        product_price_id=price.id,
        **more,
    )


def _bill(
    state: "PolarState",
    subscription: Subscription,
    items: list[OrderItem],
    *,
    reason: str,
    discount: Discount | None,
) -> Order:
    """A pending order, announced, and paid a moment later."""
    customer = state.customers.get(subscription.customer_id)
    subtotal = sum(item.amount for item in items)
    taken = money.discount_of(discount, subtotal, subscription.currency) if discount is not None else 0
    behavior = state.organization(subscription.organization_id).default_tax_behavior
    prices = _prices(state, subscription)
    if prices and prices[0].tax_behavior is not None:
        behavior = prices[0].tax_behavior
    due = subtotal - taken
    tax = money.tax_of(due, customer.billing_address, behavior) or money.Tax(due, 0, None)
    order = state.orders.put(
        Order(
            id=state.new_id(),
            created_at=state.now(),
            organization_id=subscription.organization_id,
            status="pending",
            billing_reason=reason,
            customer_id=customer.id,
            product_id=subscription.product_id,
            product_price_id=items[0].product_price_id if items else None,
            discount_id=subscription.discount_id if reason == "subscription_update" or discount is not None else None,
            subscription_id=subscription.id,
            currency=subscription.currency,
            subtotal_amount=subtotal,
            discount_amount=taken,
            net_amount=tax.net,
            tax_amount=tax.amount,
            total_amount=tax.net + tax.amount,
            billing_name=customer.billing_name or customer.name,
            billing_address=customer.billing_address,
            invoice_number=fulfilment.next_invoice_number(state, customer.id),
            seats=subscription.seats,
            units=subscription.units,
            metadata=subscription.metadata,
            custom_field_data=subscription.custom_field_data,
            items=items,
        )
    )
    emitting.emit_order(state, "order.created", order)
    state.schedule("renewal_paid", due=state.delayed(RENEWAL_PAYMENT_SECONDS), order_id=order.id)
    return order


def renewal_paid(state: "PolarState", order_id: str) -> None:
    order = state.orders.get(order_id)
    order = state.orders.put(msgspec.structs.replace(order, status="paid", modified_at=state.now()))
    emitting.emit_order(state, "order.updated", order)
    order = fulfilment.give_receipt(state, order)
    emitting.emit_order(state, "order.paid", order)
    fulfilment.schedule_fee(state, order)


def update(state: "PolarState", subscription: Subscription, form: dict[str, Any]) -> Subscription:
    """Apply a PATCH of the merchant's or the buyer's. Raises `Refused` for broken rules."""
    if subscription.status not in RUNNING:
        raise Refused(403, "AlreadyCanceledSubscription", "This subscription is already canceled.")
    if form.get("revoke"):
        return revoke(state, subscription)
    if form.get("cancel_at_period_end") is not None:
        return _set_cancel(state, subscription, form)
    changed = subscription
    if "discount_id" in form:
        changed = _set_discount(state, changed, form["discount_id"])
    if form.get("metadata") is not None:
        changed = msgspec.structs.replace(changed, metadata=form["metadata"])
    if form.get("product_id") is not None and form["product_id"] != subscription.product_id:
        changed = _switch(state, changed, form["product_id"])
    if form.get("seats") is not None:
        changed = _set_seats(state, changed, form["seats"])
    changed = state.subscriptions.put(msgspec.structs.replace(changed, modified_at=state.now()))
    emitting.emit_subscription(state, "subscription.updated", changed)
    return changed


def _set_discount(state: "PolarState", subscription: Subscription, discount_id: str | None) -> Subscription:
    discount = state.discounts.find(discount_id)
    if discount_id is not None and (discount is None or discount.organization_id != subscription.organization_id):
        raise broken_rule("discount_id", "Discount does not exist.", discount_id)
    return msgspec.structs.replace(
        subscription, discount_id=discount_id, discount_cycles=0, amount=_amount(state, subscription, discount)
    )


def _remaining(state: "PolarState", subscription: Subscription) -> Fraction:
    whole = (subscription.current_period_end - subscription.current_period_start).total_seconds()
    left = (subscription.current_period_end - state.now()).total_seconds()
    return Fraction(max(0.0, left)) / Fraction(max(1.0, whole))


def _switch(state: "PolarState", subscription: Subscription, product_id: str) -> Subscription:
    """Another plan keeps the discount, whatever products that was made for (OFFERS 17).

    Same interval: the difference goes on the next invoice. Another interval: a new period starts and is billed at once.
    """
    product = state.products.find(product_id)
    if product is None or product.organization_id != subscription.organization_id or not product.is_recurring:
        raise broken_rule("product_id", "Product does not exist.", product_id)
    found = money.prices_in(product.active_prices, subscription.currency)
    if found is None:
        raise broken_rule("product_id", "Product is not available in the specified currency.", product_id)
    old, credit = _prices(state, subscription)[0], _credit(state, subscription)
    seats = next((price.seat_tiers["minimum_seats"] for price in found[0] if price.seat_tiers is not None), None)
    switched = msgspec.structs.replace(
        subscription,
        product_id=product.id,
        price_ids=[price.id for price in found[0]],
        seats=seats,
        recurring_interval=product.recurring_interval or "month",
        recurring_interval_count=product.recurring_interval_count or 1,
    )
    switched.amount = _amount(state, switched, state.discounts.find(subscription.discount_id))
    return _prorate(state, subscription, switched, product, old, credit)


def _credit(state: "PolarState", subscription: Subscription) -> int:
    return -money.half_away(subscription.amount * _remaining(state, subscription))


def _prorate(
    state: "PolarState", before: Subscription, after: Subscription, product: Product, old: Price, credit: int
) -> Subscription:
    left = f"Remaining time on {state.products.get(before.product_id).name} — {_span(before)}"
    refund = _item(state, left, credit, old, proration=True)
    price = _prices(state, after)[0]
    if before.recurring_interval == after.recurring_interval:
        share = money.half_away(after.amount * _remaining(state, before))
        charge = _item(state, f"{product.name} — {_span(before)}", share, price, proration=True)
        return msgspec.structs.replace(after, pending_items=[*before.pending_items, refund, charge])
    now = state.now()
    after.current_period_start = now
    after.current_period_end = price_rules.period_end(now, after.recurring_interval, after.recurring_interval_count)
    charge = _item(state, f"{product.name} — {_span(after)}", after.amount, price, proration=True)
    state.subscriptions.put(after)
    _bill(state, after, [refund, charge], reason="subscription_update", discount=None)
    return after


def _set_seats(state: "PolarState", subscription: Subscription, seats: int) -> Subscription:
    """More seats cost their share of the period on the next invoice, less the discount (OFFERS 17)."""
    price = next((price for price in _prices(state, subscription) if price.seat_tiers is not None), None)
    if price is None or price.seat_tiers is None:
        raise broken_rule("seats", "Seats can only be set for seat-based pricing.", seats)
    least, most = price.seat_tiers["minimum_seats"], price.seat_tiers["maximum_seats"]
    if seats < least or (most is not None and seats > most):
        raise broken_rule("seats", "Seats are out of bounds.", seats)
    changed = msgspec.structs.replace(subscription, seats=seats)
    changed.amount = _amount(state, changed, state.discounts.find(subscription.discount_id))
    share = money.half_away((changed.amount - subscription.amount) * _remaining(state, subscription))
    name = state.products.get(subscription.product_id).name
    label = f"{name} ({seats - (subscription.seats or 0):+d} seats) — {_span(subscription)}"
    item = _item(state, label, share, price, proration=True)
    return msgspec.structs.replace(changed, pending_items=[*subscription.pending_items, item])


def _set_cancel(state: "PolarState", subscription: Subscription, form: dict[str, Any]) -> Subscription:
    cancels = bool(form["cancel_at_period_end"])
    changed = msgspec.structs.replace(
        subscription,
        modified_at=state.now(),
        cancel_at_period_end=cancels,
        canceled_at=state.now() if cancels else None,
        ends_at=subscription.current_period_end if cancels else None,
        customer_cancellation_reason=form.get("customer_cancellation_reason") if cancels else None,
        customer_cancellation_comment=form.get("customer_cancellation_comment") if cancels else None,
    )
    state.subscriptions.put(changed)
    emitting.emit_subscription(state, "subscription.updated", changed)
    emitting.emit_subscription(state, "subscription.canceled" if cancels else "subscription.uncanceled", changed)
    return changed


def revoke(state: "PolarState", subscription: Subscription) -> Subscription:
    """End it now."""
    now = state.now()
    changed = msgspec.structs.replace(
        subscription,
        modified_at=now,
        status="canceled",
        canceled_at=subscription.canceled_at or now,
        ends_at=subscription.ends_at or now,
        ended_at=now,
    )
    state.subscriptions.put(changed)
    for type in ("subscription.updated", "subscription.canceled", "subscription.revoked"):
        emitting.emit_subscription(state, type, changed)
    grants.revoke(state, changed.customer_id, order_id=None, subscription_id=changed.id)
    return changed
