"""Whose purchase it is, and the portal sessions of customers (contract §§ 5.3, 5.4)."""

import secrets
import string
from typing import TYPE_CHECKING, Final

import msgspec

from agentpay.sandbox.polar import constants, emitting
from agentpay.sandbox.polar.entities import Checkout, Customer, CustomerSession
from agentpay.sandbox.polar.errors import Refused

if TYPE_CHECKING:
    from agentpay.sandbox.polar.state import PolarState

NUMBER_CHARACTERS: Final = 10
ANNOUNCE_SECONDS: Final = 0.2


def new_number() -> str:
    return "".join(secrets.choice(string.ascii_uppercase) for _ in range(NUMBER_CHARACTERS))


def of_checkout(state: "PolarState", checkout: Checkout) -> tuple[Customer, bool]:
    """The linked customer, else the one with this e-mail (external id untouched), else a new one; and whether new.

    Raises `Refused` 422 when the external id belongs to somebody with another e-mail.
    """
    customer = state.customers.find(checkout.customer_id)
    email = checkout.customer_email
    if customer is None and email is not None:
        customer = state.find_customer_by_email(email, organization_id=checkout.organization_id)
    is_new = customer is None
    if customer is None:
        _check_external_id(state, checkout)
        customer = Customer(
            id=state.new_id(),
            created_at=state.now(),
            organization_id=checkout.organization_id,
            email=email,
            external_id=checkout.external_customer_id,
            name=checkout.customer_billing_name or checkout.customer_name,
            number=new_number(),
        )
    changed = msgspec.structs.replace(
        customer,
        billing_name=checkout.customer_billing_name or customer.billing_name,
        billing_address=checkout.customer_billing_address or customer.billing_address,
        locale=checkout.locale or customer.locale,
        metadata={**customer.metadata, **checkout.customer_metadata},
        modified_at=None if is_new else state.now(),
    )
    return state.customers.put(changed), is_new


def _check_external_id(state: "PolarState", checkout: Checkout) -> None:
    external_id = checkout.external_customer_id
    if external_id is None:
        return
    if state.find_customer_by_external_id(external_id, organization_id=checkout.organization_id) is not None:
        message = "A customer with this external ID already exists with another email address."
        raise Refused(422, "CheckoutCustomerExternalIdMismatch", message)


def announce(state: "PolarState", customer: Customer, *, is_new: bool) -> None:
    """Have the customer's events sent a little later, as the real server's queue does."""
    due = state.delayed(ANNOUNCE_SECONDS)
    state.schedule("customer_events", due=due, customer_id=customer.id, is_new=is_new)


def emit_events(state: "PolarState", customer_id: str, *, is_new: bool) -> None:
    customer = state.customers.get(customer_id)
    if is_new:
        emitting.emit_customer(state, "customer.created", customer)
        emitting.emit_member(state, "member.created", customer)
        emitting.emit_customer(state, "customer.state_changed", customer)
    else:
        emitting.emit_customer(state, "customer.updated", customer)


def open_session(state: "PolarState", customer: Customer, *, return_url: str | None = None) -> CustomerSession:
    """A portal credential of one hour."""
    return state.customer_sessions.put(
        CustomerSession(
            id=state.new_id(),
            created_at=state.now(),
            customer_id=customer.id,
            token=state.new_secret("polar_cst_"),
            expires_at=state.later(constants.CUSTOMER_SESSION_SECONDS),
            return_url=return_url,
        )
    )


def find_by_session(state: "PolarState", token: str) -> Customer | None:
    """Whose portal credential it is, while it lives."""
    now = state.now()
    live = (row for row in state.customer_sessions.where("token", token) if row.expires_at > now)
    return next((state.customers.find(row.customer_id) for row in live), None)
