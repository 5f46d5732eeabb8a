"""Money back (contract § 5.2; OFFERS 25, § 2)."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import msgspec

from agentpay.sandbox.polar import emitting, grants, money
from agentpay.sandbox.polar.entities import Order, Organization, Refund
from agentpay.sandbox.polar.errors import Refused, broken_rule

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

SETTLED_SECONDS: Final = 1.1


def create(state: "PolarState", organization: Organization, form: dict[str, Any]) -> Refund:
    """Refund `amount` net of tax; the matching tax is added. A refund frees no discount. Raises `Refused`."""
    order = state.orders.find(form["order_id"])
    if order is None or order.organization_id != organization.id:
        raise broken_rule("order_id", "Order not found", form["order_id"])
    _check(organization, order, form)
    left, left_tax = order.net_amount - order.refunded_amount, order.tax_amount - order.refunded_tax_amount
    amount = form["amount"]
    tax = left_tax if amount == left else money.half_away(Fraction(order.tax_amount * amount, order.net_amount))
    refund = state.refunds.put(
        Refund(
            id=state.new_id(),
            created_at=state.now(),
            organization_id=organization.id,
            order_id=order.id,
            customer_id=order.customer_id,
            subscription_id=order.subscription_id,
            status="succeeded",
            reason=form["reason"],
            amount=amount,
            tax_amount=tax,
            currency=order.currency,
            comment=form["comment"],
            revoke_benefits=form["revoke_benefits"],
            metadata=form["metadata"],
        )
    )
    emitting.emit_refund(state, "refund.created", refund)
    order = _take_from(state, order, refund)
    emitting.emit_order(state, "order.updated", order)
    emitting.emit_order(state, "order.refunded", order)
    if refund.revoke_benefits:
        grants.revoke(state, order.customer_id, order_id=order.id, subscription_id=None)
    refund = state.refunds.put(msgspec.structs.replace(refund, modified_at=state.now()))
    state.schedule("refund_settled", due=state.delayed(SETTLED_SECONDS), refund_id=refund.id)
    return refund


def _check(organization: Organization, order: Order, form: dict[str, Any]) -> None:
    if not organization.capabilities["refunds"]:
        raise Refused(403, "RefundsBlocked", f"Refunds are blocked for order: {order.id}")
    if order.status == "refunded":
        raise Refused(403, "RefundedAlready", f"Order is already fully refunded: {order.id}")
    if form["revoke_benefits"] and order.subscription_id is not None:
        message = "Subscription benefits can only be revoked upon cancellation"
        raise Refused(400, "RevokeSubscriptionBenefitsProhibited", message)
    if order.total_amount == 0 or order.status not in ("paid", "partially_refunded"):
        raise Refused(404, "RefundUnknownPayment", f"Refund issued for unknown payment: {order.id}")
    if form["amount"] > order.net_amount - order.refunded_amount:
        raise broken_rule("amount", "Refund amount exceeds refundable amount", form["amount"])


def _take_from(state: "PolarState", order: Order, refund: Refund) -> Order:
    refunded = order.refunded_amount + refund.amount
    return state.orders.put(
        msgspec.structs.replace(
            order,
            refunded_amount=refunded,
            refunded_tax_amount=order.refunded_tax_amount + refund.tax_amount,
            status="refunded" if refunded == order.net_amount else "partially_refunded",
            modified_at=state.now(),
        )
    )


def refund_settled(state: "PolarState", refund_id: str) -> None:
    """The card back end reports twice, and Polar tells it twice (recorded)."""
    refund = state.refunds.get(refund_id)
    emitting.emit_refund(state, "refund.updated", refund)
    emitting.emit_refund(state, "refund.updated", refund)
