"""`/v1/customers` and `/v1/customer-sessions` (contract §§ 5.3, 5.4)."""

from operator import attrgetter
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import customers, emitting, render_sales
from agentpay.sandbox.polar.entities import Address, Customer
from agentpay.sandbox.polar.errors import broken_rule, not_found
from agentpay.sandbox.polar.forms import address, email, metadata, name_of_person, optional, organization_id
from agentpay.sandbox.polar.reading import Query, among, body_of, has_metadata, id_of, like, page_of
from agentpay.sandbox.polar.schema import one_of, string, url, uuid4
from agentpay.sandbox.polar.schema_shapes import Field, either, model, nullable
from agentpay.sandbox.polar.wire import Answer, Request, answer_json, answer_nothing

Json = dict[str, Any]

SORTS: Final = ("created_at", "email", "name")
_create: Final = model(
    {
        "metadata": Field(metadata, {}),
        "external_id": Field(nullable(string()), None),
        "name": Field(name_of_person, None),
        "billing_address": Field(nullable(address), None),
        "tax_id": Field(nullable(string()), None),
        "locale": Field(nullable(string()), None),
        "organization_id": Field(organization_id, None),
        "type": Field(one_of(("individual", "team")), "individual"),
        "email": Field(email),
    }
)
_update: Final = model(
    {
        "metadata": optional(metadata),
        "email": optional(nullable(email)),
        "name": optional(name_of_person),
        "billing_address": optional(nullable(address)),
        "tax_id": optional(nullable(string())),
        "locale": optional(nullable(string())),
        "external_id": optional(nullable(string())),
    }
)
_return_url: Final = Field(nullable(url(("http", "https"))), None)
_member: Final = {
    "member_id": Field(nullable(uuid4), None),
    "external_member_id": Field(nullable(string()), None),
    "return_url": _return_url,
}
_session: Final = either(
    ("CustomerSessionCustomerIDCreate", model({**_member, "customer_id": Field(uuid4)})),
    ("CustomerSessionCustomerExternalIDCreate", model({**_member, "external_customer_id": Field(string())})),
)


def list_customers(request: Request) -> Answer:
    query = Query(request)
    organizations, wanted, text = query.ids("organization_id"), query.text("email"), query.text("query")
    active, labels = query.flag("active"), query.metadata()
    listing = query.listing(SORTS)
    query.finish()
    subscribed = {row.customer_id for row in request.state.subscriptions if row.status in ("active", "trialing")}
    rows = (
        row
        for row in request.state.customers
        if row.organization_id == request.organization.id
        and row.deleted_at is None
        and among(row.organization_id, organizations)
        and (wanted is None or (row.email or "").casefold() == wanted.casefold())
        and (text is None or _mentions(row, text))
        and active in (None, row.id in subscribed)
        and has_metadata(row.metadata, labels)
    )
    keys: dict[str, Any] = {name: attrgetter(name) for name in SORTS}
    return page_of(rows, listing, keys, render_sales.customer)


def _mentions(row: Customer, text: str) -> bool:
    """Anywhere in name, e-mail or billing name; the external id must begin with it."""
    begins = row.external_id is not None and row.external_id.casefold().startswith(text.casefold())
    return begins or any(like(value, text) for value in (row.name, row.email, row.billing_name))


def get_customer(request: Request) -> Answer:
    return answer_json(render_sales.customer(_own(request)))


def get_customer_state(request: Request) -> Answer:
    return answer_json(render_sales.customer_state(request.state, _own(request)))


def _own(request: Request) -> Customer:
    if "external_id" in request.parameters:
        customer = request.state.find_customer_by_external_id(
            request.parameters["external_id"], organization_id=request.organization.id
        )
    else:
        customer = request.state.customers.find(id_of(request))
    if customer is None or customer.organization_id != request.organization.id or customer.deleted_at is not None:
        raise not_found()
    return customer


def create_customer(request: Request) -> Answer:
    form = body_of(request, _create)
    state, organization = request.state, request.organization
    _check_unique(request, form, own_id=None)
    tax_id = form["tax_id"]
    if tax_id is not None and form["billing_address"] is None:
        raise broken_rule("billing_address", "Country is required to validate tax ID.", kind="missing")
    customer = state.customers.put(
        Customer(
            id=state.new_id(),
            created_at=state.now(),
            organization_id=organization.id,
            email=form["email"],
            external_id=form["external_id"],
            type=form["type"],
            name=form["name"],
            billing_address=_address(form["billing_address"]),
            tax_id=_tax_id(form["billing_address"], tax_id),
            locale=form["locale"],
            metadata=form["metadata"],
            number=customers.new_number(),
        )
    )
    customers.announce(state, customer, is_new=True)
    return answer_json(render_sales.customer(customer), 201)


def _address(sent: Json | None) -> Address | None:
    return msgspec.convert(sent, Address) if sent is not None else None


def _tax_id(sent: Json | None, tax_id: str | None) -> list[str] | None:
    if tax_id is None or sent is None:
        return None
    return [tax_id, "us_ein" if sent["country"] == "US" else "eu_vat"]


def _check_unique(request: Request, form: Json, *, own_id: str | None) -> None:
    state, organization = request.state, request.organization
    if form.get("email") is not None:
        found = state.find_customer_by_email(form["email"], organization_id=organization.id)
        if found is not None and found.id != own_id:
            raise broken_rule("email", "A customer with this email address already exists.", form["email"])
    if form.get("external_id") is not None:
        found = state.find_customer_by_external_id(form["external_id"], organization_id=organization.id)
        if found is not None and found.id != own_id:
            message = "A customer with this external ID already exists."
            raise broken_rule("external_id", message, form["external_id"])


def update_customer(request: Request) -> Answer:
    customer = _own(request)
    form = body_of(request, _update)
    _check_unique(request, form, own_id=customer.id)
    if "external_id" in form and customer.external_id not in (None, form["external_id"]):
        message = "Customer external ID cannot be updated."
        raise broken_rule("external_id", message, form["external_id"])
    plain = {name: form[name] for name in ("name", "locale", "external_id") if name in form}
    kept = {name: form[name] for name in ("metadata", "email") if form.get(name) is not None}
    changed = msgspec.structs.replace(customer, **plain, **kept, modified_at=request.state.now())
    if "billing_address" in form:
        changed.billing_address = _address(form["billing_address"])
    if "tax_id" in form:
        country = {"country": changed.billing_address.country} if changed.billing_address is not None else None
        changed.tax_id = _tax_id(country, form["tax_id"])
    request.state.customers.put(changed)
    emitting.emit_customer(request.state, "customer.updated", changed)
    return answer_json(render_sales.customer(changed))


def delete_customer(request: Request) -> Answer:
    customer = _own(request)
    deleted = msgspec.structs.replace(customer, deleted_at=request.state.now(), modified_at=request.state.now())
    request.state.customers.put(deleted)
    emitting.emit_customer(request.state, "customer.deleted", deleted)
    return answer_nothing()


def create_customer_session(request: Request) -> Answer:
    """A portal link of one hour. An unknown customer is 422, not 404."""
    form = body_of(request, _session)
    state, organization = request.state, request.organization
    if "customer_id" in form:
        field = "customer_id"
        customer = state.customers.find(form[field])
    else:
        field = "external_customer_id"
        customer = state.find_customer_by_external_id(form[field], organization_id=organization.id)
    if customer is None or customer.organization_id != organization.id or customer.deleted_at is not None:
        raise broken_rule(field, "Customer does not exist.", form[field])
    session = customers.open_session(state, customer, return_url=form["return_url"])
    return answer_json(render_sales.customer_session(state, session), 201)
