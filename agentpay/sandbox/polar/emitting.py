"""Telling endpoints what happened: an event row per endpoint, and a delivery job per event (contract § 6)."""

import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec

from agentpay.sandbox.polar import entities, render_catalog, render_checkout, render_sales
from agentpay.sandbox.polar.errors import Broken

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

LAG_SECONDS: Final = 0.5
"""From what happened to the first attempt, on an idle server (OFFERS § 2)."""


def emit(state: "PolarState", organization_id: str, type: str, data: Any) -> None:
    """Record the event for every enabled endpoint that asked for it, with the data as it is now."""
    endpoints = [
        endpoint
        for endpoint in state.endpoints
        if endpoint.organization_id == organization_id and endpoint.enabled and type in endpoint.events
    ]
    fates = state.webhook_plan.fates(type) if endpoints else []
    if not fates:
        return
    for endpoint in endpoints:
        event = _record(state, endpoint, type, data)
        for fate in fates:
            in_turn = fate is None
            due = state.delayed(LAG_SECONDS) if fate is None else state.later(fate)
            state.schedule("deliver", due=due, event_id=event.id, in_turn=in_turn)


def _record(state: "PolarState", endpoint: entities.Endpoint, type: str, data: Any) -> entities.WebhookEvent:
    now = state.now()
    payload: dict[str, Any] = {"type": type, "timestamp": now, "api_version": endpoint.api_version, "data": data}
    if endpoint.format != "raw":
        payload = {"content" if endpoint.format == "discord" else "text": type}
    return state.webhook_events.put(
        entities.WebhookEvent(
            id=state.new_id(),
            created_at=now,
            endpoint_id=endpoint.id,
            type=type,
            api_version=endpoint.api_version,
            payload=msgspec.json.encode(payload).decode(),
        )
    )


def emit_checkout(state: "PolarState", type: str, checkout: entities.Checkout) -> None:
    """Nothing when the checkout cannot be shown any more (OFFERS 30)."""
    try:
        data = render_checkout.checkout(state, checkout)
    except Broken:
        return
    emit(state, checkout.organization_id, type, data)


def emit_product(state: "PolarState", type: str, product: entities.Product) -> None:
    emit(state, product.organization_id, type, render_catalog.product(state, product))


def emit_discount(state: "PolarState", type: str, discount: entities.Discount) -> None:
    emit(state, discount.organization_id, type, render_catalog.discount(state, discount))


def emit_order(state: "PolarState", type: str, order: entities.Order) -> None:
    emit(state, order.organization_id, type, render_sales.order(state, order))


def emit_subscription(state: "PolarState", type: str, subscription: entities.Subscription) -> None:
    emit(state, subscription.organization_id, type, render_sales.subscription(state, subscription))


def emit_refund(state: "PolarState", type: str, refund: entities.Refund) -> None:
    emit(state, refund.organization_id, type, render_sales.refund(refund))


def emit_customer(state: "PolarState", type: str, customer: entities.Customer) -> None:
    data = render_sales.customer_state(state, customer) if type == "customer.state_changed" else None
    emit(state, customer.organization_id, type, data or render_sales.customer(customer))


def emit_member(state: "PolarState", type: str, customer: entities.Customer) -> None:
    """Every customer has one member, its owner, under the member model."""
    data = {
        "id": str(uuid.uuid5(uuid.UUID(customer.id), "owner")),
        "created_at": customer.created_at,
        "modified_at": None,
        "customer_id": customer.id,
        "email": customer.email,
        "name": customer.name,
        "external_id": None,
        "role": "owner",
    }
    emit(state, customer.organization_id, type, data)
