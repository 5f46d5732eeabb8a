"""`/v1/organizations`, `/v1/products` (contract § 2)."""

from operator import attrgetter
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import emitting, forms_catalog, price_rules, render_catalog, seeding
from agentpay.sandbox.polar.entities import AttachedField, Organization, Price, Product
from agentpay.sandbox.polar.errors import Refused, broken_rule, entry, not_found, rule_refused
from agentpay.sandbox.polar.forms import currency, optional, tax_behavior
from agentpay.sandbox.polar.reading import Query, among, body_of, has_metadata, id_of, like, page_of
from agentpay.sandbox.polar.schema import string
from agentpay.sandbox.polar.schema_shapes import list_of, model, nullable
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.wire import Answer, Request, answer_json, answer_nothing

Json = dict[str, Any]

PRODUCT_SORTS: Final = ("created_at", "name", "price_amount_type", "price_amount")
_organization_update: Final = model(
    {
        "name": optional(nullable(string(min_length=3))),
        "website": optional(nullable(string())),
        "embed_hosts": optional(nullable(list_of(string(min_length=1)))),
        "default_presentment_currency": optional(nullable(currency)),
        "default_tax_behavior": optional(nullable(tax_behavior)),
    }
)


def list_organizations(request: Request) -> Answer:
    query = Query(request)
    listing = query.listing(("created_at", "slug", "name"), default="created_at")
    slug = query.text("slug")
    query.finish()
    mine = [request.organization] if slug in (None, request.organization.slug) else []
    keys = {name: attrgetter(name) for name in ("created_at", "slug", "name")}
    return page_of(mine, listing, keys, render_catalog.full_organization)


def get_organization(request: Request) -> Answer:
    return answer_json(render_catalog.full_organization(_own_organization(request)))


def update_organization(request: Request) -> Answer:
    organization = _own_organization(request)
    form = body_of(request, _organization_update)
    kept = {name: value for name, value in form.items() if value is not None or name == "website"}
    changed = msgspec.structs.replace(organization, **kept, modified_at=request.state.now())
    request.state.organizations.put(changed)
    shown = render_catalog.full_organization(changed)
    emitting.emit(request.state, changed.id, "organization.updated", shown)
    return answer_json(shown)


def _own_organization(request: Request) -> Organization:
    if id_of(request) != request.organization.id:
        raise not_found()
    return request.organization


def list_products(request: Request) -> Answer:
    query = Query(request)
    ids, organizations = query.ids("id"), query.ids("organization_id")
    benefits = query.ids("benefit_id")
    visibility = query.enum("visibility", ("draft", "private", "public"), "ProductVisibility")
    archived, recurring = query.flag("is_archived"), query.flag("is_recurring")
    name, metadata = query.text("query"), query.metadata()
    listing = query.listing(PRODUCT_SORTS)
    query.finish()
    rows = (
        row
        for row in request.state.products
        if row.organization_id == request.organization.id
        and among(row.id, ids)
        and among(row.organization_id, organizations)
        and among(row.visibility, visibility)
        and archived in (None, row.is_archived)
        and recurring in (None, row.is_recurring)
        and (name is None or like(row.name, name))
        and (benefits is None or set(benefits) & set(row.benefit_ids))
        and has_metadata(row.metadata, metadata)
    )
    keys: dict[str, Any] = {
        "created_at": lambda row: row.created_at,
        "name": lambda row: row.name,
        "price_amount_type": lambda row: _oldest_price(row, "amount_type"),
        "price_amount": lambda row: _first(_oldest_price(row, "price_amount"), _oldest_price(row, "minimum_amount")),
    }
    return page_of(rows, listing, keys, lambda row: render_catalog.product(request.state, row))


def _oldest_price(product: Product, field: str) -> Any:
    """Price sorts look at the oldest active price alone (contract § 2.1)."""
    prices = product.active_prices
    return getattr(prices[0], field) if prices else None


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def get_product(request: Request) -> Answer:
    return answer_json(render_catalog.product(request.state, _own_product(request)))


def _own_product(request: Request) -> Product:
    product = request.state.products.find(id_of(request))
    if product is None or product.organization_id != request.organization.id:
        raise not_found()
    return product


def create_product(request: Request) -> Answer:
    form = body_of(request, forms_catalog.product_create)
    state, organization = request.state, request.organization
    is_recurring = form.get("recurring_interval") is not None
    complaints = price_rules.complaints(organization, form["prices"], is_recurring=is_recurring, loc=("body", "prices"))
    if complaints:
        raise rule_refused(*complaints)
    product = seeding.product(
        organization,
        form["name"],
        form["prices"],
        now=state.now(),
        **{
            name: form[name]
            for name in ("description", "visibility", "metadata", "recurring_interval", "recurring_interval_count")
            if name in form
        },
        **{name: form.get(name) for name in ("trial_interval", "trial_interval_count")},
        **{name: form.get(name) for name in ("meter_interval", "meter_interval_count")},
    )
    product.media_ids = _known_medias(state, organization, form["medias"] or [])
    product.attached_fields = _known_fields(state, organization, form["attached_custom_fields"])
    state.products.put(product)
    emitting.emit_product(state, "product.created", product)
    return answer_json(render_catalog.product(state, product), 201)


def update_product(request: Request) -> Answer:
    product = _own_product(request)
    form = body_of(request, forms_catalog.product_update)
    state, organization = request.state, request.organization
    changed = msgspec.structs.replace(product)
    plain = ("name", "visibility", "is_archived", "metadata", "trial_interval", "trial_interval_count")
    for name in plain:
        if name in form and (form[name] is not None or name.startswith("trial")):
            setattr(changed, name, form[name])
    if "description" in form:
        changed.description = form["description"]
    if form.get("recurring_interval") not in (None, product.recurring_interval):
        message = "Recurring interval cannot be changed."
        raise broken_rule("recurring_interval", message, form["recurring_interval"])
    if form.get("prices") is not None:
        changed.prices = _new_prices(state, organization, product, form["prices"])
    if form.get("medias") is not None:
        changed.media_ids = _known_medias(state, organization, form["medias"])
    if form.get("attached_custom_fields") is not None:
        changed.attached_fields = _known_fields(state, organization, form["attached_custom_fields"])
    # A change of prices alone does not touch the product's own time (contract § 2.2).
    if set(form) - {"prices"}:
        changed.modified_at = state.now()
    state.products.put(changed)
    emitting.emit_product(state, "product.updated", changed)
    return answer_json(render_catalog.product(state, changed))


def _new_prices(state: PolarState, organization: Organization, product: Product, sent: list[Json]) -> list[Price]:
    """The old prices, archived unless kept by id, and the new ones: a changed price is another price."""
    kept = {fields["id"] for fields in sent if "id" in fields}
    for position, fields in enumerate(sent):
        if "id" in fields and all(price.id != fields["id"] for price in product.active_prices):
            raise broken_rule(("prices", position), "Price does not exist.", fields["id"])
    added = [fields for fields in sent if "id" not in fields]
    staying = [msgspec.structs.asdict(price) for price in product.active_prices if price.id in kept]
    complaints = price_rules.complaints(
        organization, [*staying, *added], is_recurring=product.is_recurring, loc=("body", "prices")
    )
    if complaints:
        raise rule_refused(*complaints)
    now = state.now()
    old = [
        price
        if price.is_archived or price.id in kept
        else msgspec.structs.replace(price, is_archived=True, modified_at=now)
        for price in product.prices
    ]
    return [*old, *(seeding.price(each, product_id=product.id, now=now, position=i) for i, each in enumerate(added))]


def _known_medias(state: PolarState, organization: Organization, ids: list[str]) -> list[str]:
    for position, id in enumerate(ids):
        media = state.medias.find(id)
        if media is None or media.organization_id != organization.id:
            raise broken_rule(("medias", position), "File does not exist or is not yet uploaded.", id)
    return ids


def _known_fields(state: PolarState, organization: Organization, sent: list[Json]) -> list[AttachedField]:
    for position, attached in enumerate(sent):
        field = state.custom_fields.find(attached["custom_field_id"])
        if field is None or field.organization_id != organization.id:
            loc = ("attached_custom_fields", position, "custom_field_id")
            raise broken_rule(loc, "Custom field does not exist.", attached["custom_field_id"])
    return [msgspec.convert(attached, AttachedField) for attached in sent]


def update_product_benefits(request: Request) -> Answer:
    product = _own_product(request)
    form = body_of(request, forms_catalog.product_benefits)
    for position, id in enumerate(form["benefits"]):
        benefit = request.state.benefits.find(id)
        if benefit is None or benefit.organization_id != request.organization.id:
            raise rule_refused(entry(("body", "benefits", position), "Benefit does not exist.", id))
    changed = msgspec.structs.replace(product, benefit_ids=form["benefits"], modified_at=request.state.now())
    request.state.products.put(changed)
    emitting.emit_product(request.state, "product.updated", changed)
    return answer_json(render_catalog.product(request.state, changed))


def delete_product(request: Request) -> Answer:
    """Newer than the recorded server, which answered 405; refused for anything ever sold (contract § 2)."""
    product = _own_product(request)
    in_use = any(product.id in checkout.product_ids for checkout in request.state.checkouts)
    if in_use or request.state.orders.where("product_id", product.id):
        raise Refused(409, "ProductNotDeletable", "This product is in use and cannot be deleted.")
    request.state.products.drop(product.id)
    return answer_nothing()
