"""Customers, orders, subscriptions and refunds as the API shows them (contract §§ 5.1–5.4)."""

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from agentpay.sandbox.polar import render_catalog
from agentpay.sandbox.polar.entities import Customer, CustomerSession, Grant, Order, OrderItem, Refund, Subscription
from agentpay.sandbox.polar.render_checkout import address

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

Json = dict[str, Any]


def customer(row: Customer) -> Json:
    return {
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "metadata": row.metadata,
        "external_id": row.external_id,
        "email": row.email,
        "email_verified": False,
        "type": row.type,
        "name": row.name,
        "billing_name": row.billing_name or row.name,
        "billing_address": address(row.billing_address),
        "tax_id": row.tax_id,
        "locale": row.locale,
        "organization_id": row.organization_id,
        "default_payment_method_id": None,
        "deleted_at": row.deleted_at,
        "first_user_event_at": None,
        "avatar_url": _avatar(row),
    }


def _avatar(row: Customer) -> str:
    digest = hashlib.sha256((row.email or "").casefold().encode()).hexdigest()
    return f"https://www.gravatar.com/avatar/{digest}?d=404"


def _legacy_user(row: Customer) -> Json:
    return {
        "id": row.id,
        "email": row.email,
        "public_name": (row.name or row.email or "?")[0],
        "avatar_url": _avatar(row),
        "github_username": None,
    }


def customer_state(state: "PolarState", row: Customer) -> Json:
    active = [
        _state_subscription(each)
        for each in state.subscriptions
        if each.customer_id == row.id and each.status in ("active", "trialing")
    ]
    return {
        **customer(row),
        "active_subscriptions": active,
        "granted_benefits": _granted(state, row),
        "active_meters": [],
    }


def _state_subscription(row: Subscription) -> Json:
    return {
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "custom_field_data": row.custom_field_data,
        "metadata": row.metadata,
        "status": row.status,
        "amount": row.amount,
        "currency": row.currency,
        "recurring_interval": row.recurring_interval,
        "current_period_start": row.current_period_start,
        "current_period_end": row.current_period_end,
        "trial_start": row.trial_start,
        "trial_end": row.trial_end,
        "cancel_at_period_end": row.cancel_at_period_end,
        "canceled_at": row.canceled_at,
        "started_at": row.started_at,
        "ends_at": row.ends_at,
        "product_id": row.product_id,
        "discount_id": row.discount_id,
        "seats": row.seats,
        "units": row.units,
        "meters": [],
    }


def _granted(state: "PolarState", row: Customer) -> list[Json]:
    return [
        {
            "id": grant.id,
            "created_at": grant.created_at,
            "modified_at": grant.modified_at,
            "granted_at": grant.created_at,
            "benefit_id": grant.benefit_id,
            "benefit_type": state.benefits.get(grant.benefit_id).type,
            "benefit_metadata": state.benefits.get(grant.benefit_id).metadata,
            "properties": {},
        }
        for grant in state.grants.where("customer_id", row.id)
        if grant.revoked_at is None
    ]


def grant(state: "PolarState", row: Grant) -> Json:
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "granted_at": row.created_at,
        "is_granted": row.revoked_at is None,
        "revoked_at": row.revoked_at,
        "is_revoked": row.revoked_at is not None,
        "subscription_id": row.subscription_id,
        "order_id": row.order_id,
        "customer_id": row.customer_id,
        "member_id": None,
        "benefit_id": row.benefit_id,
        "error": None,
        "customer": customer(state.customers.get(row.customer_id)),
        "member": None,
        "benefit": render_catalog.benefit(state.benefits.get(row.benefit_id)),
        "properties": {},
        "previous_properties": None,
    }


def customer_session(state: "PolarState", row: CustomerSession) -> Json:
    owner = state.customers.get(row.customer_id)
    query = urlencode({"customer_session_token": row.token, "email": owner.email or ""})
    slug = state.organization(owner.organization_id).slug
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "token": row.token,
        "expires_at": row.expires_at,
        "return_url": row.return_url,
        "customer_portal_url": f"{state.settings.public_url}/{slug}/portal?{query}",
        "customer_id": row.customer_id,
        "customer": customer(owner),
    }


def order(state: "PolarState", row: Order) -> Json:
    """With the hidden legacy keys of real payloads (contract § 5.1)."""
    buyer = state.customers.get(row.customer_id)
    product = state.products.get(row.product_id)
    discount = state.discounts.find(row.discount_id)
    subscription = state.subscriptions.find(row.subscription_id)
    return {
        "id": row.id,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "status": row.status,
        "paid": row.status in ("paid", "refunded", "partially_refunded"),
        **_order_sums(row),
        **_order_facts(row),
        "customer": customer(buyer),
        "user_id": buyer.id,
        "user": _legacy_user(buyer),
        "product": render_catalog.product_reference(product),
        "product_price": _price(state, row),
        "discount": render_catalog.discount_on_order(state, discount) if discount is not None else None,
        "subscription": _order_subscription(subscription) if subscription is not None else None,
        "items": [_order_item(item) for item in row.items],
        "description": product.name,
        "amount": row.net_amount,
        "from_balance_amount": row.applied_balance_amount,
        "refundable_amount": row.net_amount - row.refunded_amount,
        "refundable_tax_amount": row.tax_amount - row.refunded_tax_amount,
    }


def _price(state: "PolarState", row: Order) -> Json | None:
    """The price that it names: of its product, of one that was left (OFFERS 17), or ad-hoc."""
    checkout = state.checkouts.find(row.checkout_id)
    if checkout is None and (subscription := state.subscriptions.find(row.subscription_id)) is not None:
        checkout = state.checkouts.find(subscription.checkout_id)
    ad_hoc = [price for prices in checkout.ad_hoc_prices.values() for price in prices] if checkout else []
    catalogue = (price for product in state.products for price in product.prices)
    for price in (*ad_hoc, *catalogue):
        if price.id == row.product_price_id:
            return render_catalog.price(price, state.products.get(price.product_id))
    return None


def _order_sums(row: Order) -> Json:
    return {
        "subtotal_amount": row.subtotal_amount,
        "discount_amount": row.discount_amount,
        "net_amount": row.net_amount,
        "tax_amount": row.tax_amount,
        "total_amount": row.total_amount,
        "applied_balance_amount": row.applied_balance_amount,
        "due_amount": max(0, row.total_amount + row.applied_balance_amount),
        "refunded_amount": row.refunded_amount,
        "refunded_tax_amount": row.refunded_tax_amount,
        "currency": row.currency,
    }


def _order_facts(row: Order) -> Json:
    return {
        "billing_reason": row.billing_reason,
        "billing_name": row.billing_name,
        "billing_address": address(row.billing_address),
        "invoice_number": row.invoice_number,
        "is_invoice_generated": row.is_invoice_generated,
        "receipt_number": row.receipt_number,
        "seats": row.seats,
        "units": row.units,
        "customer_id": row.customer_id,
        "product_id": row.product_id,
        "product_price_id": row.product_price_id,
        "discount_id": row.discount_id,
        "subscription_id": row.subscription_id,
        "checkout_id": row.checkout_id,
        "next_payment_attempt_at": None,
        "metadata": row.metadata,
        "custom_field_data": row.custom_field_data,
        "platform_fee_amount": row.platform_fee_amount,
        "platform_fee_currency": row.platform_fee_currency,
    }


def _order_item(row: OrderItem) -> Json:
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "label": row.label,
        "amount": row.amount,
        "tax_amount": row.tax_amount,
        "proration": row.proration,
        "product_price_id": row.product_price_id,
        "start_timestamp": row.start_timestamp,
        "end_timestamp": row.end_timestamp,
    }


def _subscription_facts(row: Subscription) -> Json:
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "amount": row.amount,
        "currency": row.currency,
        "recurring_interval": row.recurring_interval,
        "recurring_interval_count": row.recurring_interval_count,
        "status": row.status,
        "current_period_start": row.current_period_start,
        "current_period_end": row.current_period_end,
        "current_meter_period_start": None,
        "current_meter_period_end": None,
        "trial_start": row.trial_start,
        "trial_end": row.trial_end,
        "cancel_at_period_end": row.cancel_at_period_end,
        "canceled_at": row.canceled_at,
        "started_at": row.started_at,
        "ends_at": row.ends_at,
        "ended_at": row.ended_at,
        "past_due_at": None,
        "pause_at_period_end": False,
        "paused_at": None,
        "resumes_at": None,
        "customer_id": row.customer_id,
        "product_id": row.product_id,
        "discount_id": row.discount_id,
        "checkout_id": row.checkout_id,
        "seats": row.seats,
        "units": row.units,
        "customer_cancellation_reason": row.customer_cancellation_reason,
        "customer_cancellation_comment": row.customer_cancellation_comment,
        "price_id": row.price_ids[0],
    }


def _order_subscription(row: Subscription) -> Json:
    return {"metadata": row.metadata, **_subscription_facts(row), "user_id": row.customer_id}


def _subscription_prices(state: "PolarState", row: Subscription) -> list[Json]:
    product = state.products.get(row.product_id)
    checkout = state.checkouts.find(row.checkout_id)
    ad_hoc = checkout.ad_hoc_prices.get(row.product_id, []) if checkout is not None else []
    known = {price.id: price for price in (*product.prices, *ad_hoc)}
    return [render_catalog.price(known[id], product) for id in row.price_ids if id in known]


def subscription(state: "PolarState", row: Subscription) -> Json:
    buyer = state.customers.get(row.customer_id)
    discount = state.discounts.find(row.discount_id)
    prices = _subscription_prices(state, row)
    return {
        **_subscription_facts(row),
        "metadata": row.metadata,
        "custom_field_data": row.custom_field_data,
        "customer": customer(buyer),
        "user_id": buyer.id,
        "user": _legacy_user(buyer),
        "product": render_catalog.product(state, state.products.get(row.product_id)),
        "discount": render_catalog.discount_on_order(state, discount) if discount is not None else None,
        "price": prices[0] if prices else None,
        "prices": prices,
        "meters": [],
        "pending_update": None,
    }


def portal_subscription(state: "PolarState", row: Subscription) -> Json:
    """As its buyer sees it in the customer portal."""
    product = state.products.get(row.product_id)
    prices = _subscription_prices(state, row)
    organization = render_catalog.portal_organization(state.organization(row.organization_id))
    return {
        **_subscription_facts(row),
        "user_id": row.customer_id,
        "product": {**render_catalog.product_on_checkout(state, product), "organization": organization},
        "price": prices[0] if prices else None,
        "prices": prices,
        "meters": [],
        "pending_update": None,
    }


def refund(row: Refund) -> Json:
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "metadata": row.metadata,
        "status": row.status,
        "reason": row.reason,
        "amount": row.amount,
        "tax_amount": row.tax_amount,
        "currency": row.currency,
        "organization_id": row.organization_id,
        "order_id": row.order_id,
        "subscription_id": row.subscription_id,
        "customer_id": row.customer_id,
        "revoke_benefits": row.revoke_benefits,
        "dispute": None,
    }
