"""Benefits that a purchase puts into a customer's hands, and that its end takes away."""

from typing import TYPE_CHECKING, Final

import msgspec

from agentpay.sandbox.polar import emitting, render_sales
from agentpay.sandbox.polar.entities import Customer, Grant, Order

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

GRANT_SECONDS: Final = 1.0


def schedule(state: "PolarState", order: Order) -> None:
    """Benefits follow the first order a little later, any time around its own events (contract § 6.6)."""
    if state.products.get(order.product_id).benefit_ids:
        state.schedule("benefits_granted", due=state.delayed(GRANT_SECONDS), order_id=order.id)


def benefits_granted(state: "PolarState", order_id: str) -> None:
    order = state.orders.get(order_id)
    customer = state.customers.get(order.customer_id)
    held = {grant.benefit_id for grant in state.grants.where("customer_id", customer.id) if grant.revoked_at is None}
    for benefit_id in state.products.get(order.product_id).benefit_ids:
        if benefit_id in held:
            continue
        grant = state.grants.put(
            Grant(
                id=state.new_id(),
                created_at=state.now(),
                benefit_id=benefit_id,
                customer_id=customer.id,
                order_id=order.id if order.subscription_id is None else None,
                subscription_id=order.subscription_id,
            )
        )
        _emit(state, "benefit_grant.created", grant, customer)


def revoke(state: "PolarState", customer_id: str, *, order_id: str | None, subscription_id: str | None) -> None:
    """Take away what this order or subscription granted."""
    customer = state.customers.get(customer_id)
    for grant in state.grants.where("customer_id", customer_id):
        source = grant.subscription_id if subscription_id is not None else grant.order_id
        if grant.revoked_at is None and source == (subscription_id or order_id):
            now = state.now()
            revoked = state.grants.put(msgspec.structs.replace(grant, revoked_at=now, modified_at=now))
            _emit(state, "benefit_grant.revoked", revoked, customer)


def _emit(state: "PolarState", type: str, grant: Grant, customer: Customer) -> None:
    emitting.emit(state, customer.organization_id, type, render_sales.grant(state, grant))
    emitting.emit_customer(state, "customer.state_changed", customer)
