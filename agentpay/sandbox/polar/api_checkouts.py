"""`/v1/checkouts`: the merchant's side and the buyer's (contract § 3)."""

from operator import attrgetter
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import (
    checkout_changing,
    checkout_creating,
    confirming,
    emitting,
    forms_checkout,
    render_checkout,
)
from agentpay.sandbox.polar.entities import Checkout
from agentpay.sandbox.polar.errors import Refused, not_found
from agentpay.sandbox.polar.reading import Query, among, body_of, id_of, like, page_of
from agentpay.sandbox.polar.wire import Answer, Request, answer_json

Json = dict[str, Any]

SORTS: Final = ("created_at", "expires_at", "status")
STATUSES: Final = ("open", "expired", "confirmed", "succeeded", "failed")


def create_checkout(request: Request) -> Answer:
    form = body_of(request, forms_checkout.checkout_create)
    checkout = checkout_creating.create(request.state, request.organization, form)
    request.state.checkouts.put(checkout)
    emitting.emit_checkout(request.state, "checkout.created", checkout)
    return answer_json(render_checkout.checkout(request.state, checkout), 201)


def list_checkouts(request: Request) -> Answer:
    """Unknown filters (metadata, dates) are ignored; one broken checkout breaks its whole page (OFFERS 30, 34)."""
    query = Query(request)
    organizations, products = query.ids("organization_id"), query.ids("product_id")
    customers, external = query.ids("customer_id"), query.texts("external_customer_id")
    status, email = query.enum("status", STATUSES, "CheckoutStatus"), query.text("query")
    listing = query.listing(SORTS)
    query.finish()
    linked = _customers_of(request, external)
    rows = (
        row
        for row in request.state.checkouts
        if row.organization_id == request.organization.id
        and among(row.organization_id, organizations)
        and among(row.product_id, products)
        and among(row.customer_id, customers)
        and among(row.customer_id, linked)
        and among(row.status, status)
        and (email is None or like(row.customer_email, email))
    )
    keys: dict[str, Any] = {name: attrgetter(name) for name in SORTS}
    return page_of(rows, listing, keys, lambda row: render_checkout.checkout(request.state, row))


def _customers_of(request: Request, external_ids: list[str] | None) -> list[str] | None:
    if external_ids is None:
        return None
    organization_id = request.organization.id
    found = (request.state.find_customer_by_external_id(id, organization_id=organization_id) for id in external_ids)
    return [customer.id for customer in found if customer is not None]


def get_checkout(request: Request) -> Answer:
    return answer_json(render_checkout.checkout(request.state, _own(request)))


def _own(request: Request) -> Checkout:
    checkout = request.state.checkouts.find(id_of(request))
    if checkout is None or checkout.organization_id != request.organization.id:
        raise not_found()
    return checkout


async def update_checkout(request: Request) -> Answer:
    """Past its time but still stored open, it is changed and flips to expired at once (contract § 3.3)."""
    checkout = _own(request)
    form = body_of(request, forms_checkout.checkout_update)
    return answer_json(render_checkout.checkout(request.state, await _update(request, checkout, form, is_buyer=False)))


async def _update(request: Request, checkout: Checkout, form: Json, *, is_buyer: bool) -> Checkout:
    state = request.state
    async with confirming.locked(state, checkout):
        changed = msgspec.structs.replace(checkout)
        checkout_changing.update(state, changed, form, is_buyer=is_buyer)
        changed.modified_at = state.now()
        if changed.expires_at <= state.now():
            changed.status = "expired"
        state.checkouts.put(changed)
    emitting.emit_checkout(state, "checkout.updated", changed)
    return changed


def get_client_checkout(request: Request) -> Answer:
    return answer_json(render_checkout.public_checkout(request.state, _by_secret(request)))


def _by_secret(request: Request) -> Checkout:
    checkout = request.state.find_checkout_by_secret(request.parameters["client_secret"])
    if checkout is None:
        raise not_found()
    if checkout.status == "expired" or (checkout.status == "open" and checkout.expires_at <= request.state.now()):
        raise Refused(410, "ExpiredCheckoutError", "This checkout session has expired.")
    return checkout


async def update_client_checkout(request: Request) -> Answer:
    checkout = _by_secret(request)
    form = body_of(request, forms_checkout.checkout_update_public)
    changed = await _update(request, checkout, form, is_buyer=True)
    return answer_json(render_checkout.public_checkout(request.state, changed))


async def confirm_client_checkout(request: Request) -> Answer:
    checkout = _by_secret(request)
    form = body_of(request, forms_checkout.checkout_confirm)
    confirmed, token = await confirming.confirm(request.state, checkout, form)
    shown = render_checkout.public_checkout(request.state, confirmed)
    return answer_json({**shown, "customer_session_token": token})
