"""`/v1/orders`, `/v1/refunds`, `/v1/subscriptions` and plan changes in the customer portal (contract § 5)."""

from operator import attrgetter
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import customers, emitting, refunding, render_sales, subscription_life
from agentpay.sandbox.polar.entities import Order, Subscription
from agentpay.sandbox.polar.errors import Refused, TokenRefused, not_found
from agentpay.sandbox.polar.forms import metadata, optional
from agentpay.sandbox.polar.reading import Query, among, body_of, has_metadata, id_of, page_of
from agentpay.sandbox.polar.schema import INT32_MAX, boolean, integer, one_of, string, uuid4
from agentpay.sandbox.polar.schema_shapes import Field, model, nullable
from agentpay.sandbox.polar.wire import Answer, Request, answer_json

Json = dict[str, Any]

ORDER_SORTS: Final = (
    "created_at",
    "status",
    "invoice_number",
    "amount",
    "net_amount",
    "customer",
    "product",
    "discount",
    "subscription",
)
SUBSCRIPTION_SORTS: Final = ("started_at", "current_period_end", "status", "amount", "customer", "product")
ORDER_STATUSES: Final = ("draft", "pending", "paid", "refunded", "partially_refunded", "void")
REFUND_REASONS: Final = (
    "duplicate",
    "fraudulent",
    "customer_request",
    "service_disruption",
    "satisfaction_guarantee",
    "other",
)

_refund_create: Final = model(
    {
        "metadata": Field(metadata, {}),
        "order_id": Field(uuid4),
        "reason": Field(one_of(REFUND_REASONS)),
        "amount": Field(integer(gt=0)),
        "comment": Field(nullable(string()), None),
        "revoke_benefits": Field(boolean, False),
    }
)
_subscription_update: Final = model(
    {
        "metadata": optional(metadata),
        "product_id": optional(nullable(uuid4)),
        "discount_id": optional(nullable(uuid4)),
        "seats": optional(nullable(integer(ge=1, le=INT32_MAX))),
        "cancel_at_period_end": optional(nullable(boolean)),
        "revoke": optional(nullable(boolean)),
        "customer_cancellation_reason": optional(nullable(string())),
        "customer_cancellation_comment": optional(nullable(string())),
    }
)
_portal_update: Final = model(
    {
        "product_id": optional(nullable(uuid4)),
        "seats": optional(nullable(integer(ge=1, le=INT32_MAX))),
        "cancel_at_period_end": optional(nullable(boolean)),
    }
)


def list_orders(request: Request) -> Answer:
    query = Query(request)
    wanted = {
        name: query.ids(name)
        for name in ("organization_id", "product_id", "discount_id", "customer_id", "checkout_id", "subscription_id")
    }
    billing = query.enum("product_billing_type", ("one_time", "recurring"), "ProductBillingType")
    external = query.texts("external_customer_id")
    status = query.enum("status", ORDER_STATUSES, "OrderStatus")
    after, before = query.moment("created_after"), query.moment("created_before")
    labels = query.metadata()
    listing = query.listing(ORDER_SORTS)
    query.finish()
    state = request.state

    def passes(row: Order) -> bool:
        kind = "recurring" if state.products.get(row.product_id).is_recurring else "one_time"
        return (
            row.organization_id == request.organization.id
            and all(among(getattr(row, name), ids) for name, ids in wanted.items())
            and among(kind, billing)
            and among(state.customers.get(row.customer_id).external_id, external)
            and among(row.status, status)
            and (after is None or row.created_at > after)
            and (before is None or row.created_at < before)
            and has_metadata(row.metadata, labels)
        )

    keys: dict[str, Any] = {name: attrgetter(name) for name in ("created_at", "status", "invoice_number", "net_amount")}
    keys |= {
        "amount": attrgetter("net_amount"),
        "customer": lambda row: state.customers.get(row.customer_id).name,
        "product": lambda row: state.products.get(row.product_id).name,
        "discount": attrgetter("discount_id"),
        "subscription": attrgetter("subscription_id"),
    }
    return page_of(filter(passes, state.orders), listing, keys, lambda row: render_sales.order(state, row))


def get_order(request: Request) -> Answer:
    return answer_json(render_sales.order(request.state, _own_order(request)))


def _own_order(request: Request) -> Order:
    order = request.state.orders.find(id_of(request))
    if order is None or order.organization_id != request.organization.id:
        raise not_found()
    return order


def create_invoice(request: Request) -> Answer:
    """202; the file is ready at once here, and `order.updated` says so."""
    order = _own_order(request)
    if order.status in ("draft", "void", "pending"):
        raise Refused(409, "OrderNotEligibleForInvoice", f"Order {order.id} is not eligible for an invoice.")
    if order.billing_name is None or order.billing_address is None:
        message = "Billing name and address are required to generate an invoice."
        raise Refused(422, "MissingInvoiceBillingDetails", message)
    changed = msgspec.structs.replace(order, is_invoice_generated=True, modified_at=request.state.now())
    request.state.orders.put(changed)
    emitting.emit_order(request.state, "order.updated", changed)
    return answer_json(None, 202)


def get_invoice(request: Request) -> Answer:
    order = _own_order(request)
    if not order.is_invoice_generated:
        raise Refused(404, "InvoiceDoesNotExist", f"No invoice exists for order {order.id}.")
    return answer_json({"url": f"{request.state.settings.public_url}/files/{order.invoice_number}.txt"})


def get_receipt(request: Request) -> Answer:
    order = _own_order(request)
    if order.receipt_number is None:
        raise not_found()
    return answer_json({"url": f"{request.state.settings.public_url}/files/{order.receipt_number}.txt"})


def list_refunds(request: Request) -> Answer:
    query = Query(request)
    wanted = {name: query.ids(name) for name in ("id", "organization_id", "order_id", "subscription_id", "customer_id")}
    external, succeeded = query.texts("external_customer_id"), query.flag("succeeded")
    listing = query.listing(("created_at", "amount"))
    query.finish()
    state = request.state
    rows = (
        row
        for row in state.refunds
        if row.organization_id == request.organization.id
        and all(among(getattr(row, name), ids) for name, ids in wanted.items())
        and among(state.customers.get(row.customer_id).external_id, external)
        and succeeded in (None, row.status == "succeeded")
    )
    keys = {name: attrgetter(name) for name in ("created_at", "amount")}
    return page_of(rows, listing, keys, render_sales.refund)


def create_refund(request: Request) -> Answer:
    form = body_of(request, _refund_create)
    return answer_json(render_sales.refund(refunding.create(request.state, request.organization, form)), 201)


def list_subscriptions(request: Request) -> Answer:
    query = Query(request)
    wanted = {name: query.ids(name) for name in ("organization_id", "product_id", "customer_id", "discount_id")}
    external, active = query.texts("external_customer_id"), query.flag("active")
    labels = query.metadata()
    listing = query.listing(
        ("started_at", "current_period_end", "status", "amount", "customer", "product"), "-started_at"
    )
    query.finish()
    state = request.state
    rows = (
        row
        for row in state.subscriptions
        if row.organization_id == request.organization.id
        and all(among(getattr(row, name), ids) for name, ids in wanted.items())
        and among(state.customers.get(row.customer_id).external_id, external)
        and active in (None, row.status in subscription_life.RUNNING)
        and has_metadata(row.metadata, labels)
    )
    keys: dict[str, Any] = {name: attrgetter(name) for name in ("started_at", "current_period_end", "status", "amount")}
    keys |= {
        "customer": lambda row: state.customers.get(row.customer_id).name,
        "product": lambda row: state.products.get(row.product_id).name,
    }
    return page_of(rows, listing, keys, lambda row: render_sales.subscription(state, row))


def get_subscription(request: Request) -> Answer:
    return answer_json(render_sales.subscription(request.state, _own_subscription(request)))


def _own_subscription(request: Request) -> Subscription:
    row = request.state.subscriptions.find(id_of(request))
    if row is None or row.organization_id != request.organization.id:
        raise not_found()
    return row


def update_subscription(request: Request) -> Answer:
    row = _own_subscription(request)
    form = body_of(request, _subscription_update)
    changed = subscription_life.update(request.state, row, form)
    return answer_json(render_sales.subscription(request.state, changed))


def revoke_subscription(request: Request) -> Answer:
    row = subscription_life.revoke(request.state, _own_subscription(request))
    return answer_json(render_sales.subscription(request.state, row))


def update_portal_subscription(request: Request) -> Answer:
    """The buyer changes his own plan or seats, with a portal token."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    customer = customers.find_by_session(request.state, token)
    if customer is None:
        raise TokenRefused.invalid()
    row = request.state.subscriptions.find(id_of(request))
    if row is None or row.customer_id != customer.id:
        raise not_found()
    changed = subscription_life.update(request.state, row, body_of(request, _portal_update))
    return answer_json(render_sales.portal_subscription(request.state, changed))
