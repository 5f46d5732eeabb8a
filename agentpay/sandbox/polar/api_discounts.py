"""`/v1/discounts` (contract § 4; OFFERS 27, 29, 30, 33, 35)."""

from operator import attrgetter
from typing import Any, Final

import msgspec

from agentpay.sandbox.polar import emitting, forms_catalog, render_catalog
from agentpay.sandbox.polar.entities import Discount
from agentpay.sandbox.polar.errors import broken_rule, not_found
from agentpay.sandbox.polar.reading import Query, among, body_of, id_of, like, page_of
from agentpay.sandbox.polar.wire import Answer, Request, answer_json, answer_nothing

Json = dict[str, Any]

SORTS: Final = ("created_at", "name", "code", "redemptions_count", "ends_at")
_FROZEN: Final = {"fixed": ("amount", "currency", "amounts"), "percentage": ("basis_points",)}
_PLAIN: Final = (
    "code",
    "starts_at",
    "ends_at",
    "max_redemptions",
    "max_redemptions_per_customer",
    "duration_in_months",
)


def list_discounts(request: Request) -> Answer:
    """`query` looks into name and code; there is no metadata filter, and one that is sent changes nothing."""
    query = Query(request)
    organizations, text = query.ids("organization_id"), query.text("query")
    listing = query.listing(SORTS)
    query.finish()
    rows = (
        row
        for row in request.state.discounts
        if row.organization_id == request.organization.id
        and row.deleted_at is None
        and among(row.organization_id, organizations)
        and (text is None or like(row.name, text) or like(row.code, text))
    )
    keys: dict[str, Any] = {name: attrgetter(name) for name in SORTS}
    keys["redemptions_count"] = lambda row: len(request.state.redemptions_of(row.id))
    return page_of(rows, listing, keys, lambda row: render_catalog.discount(request.state, row))


def get_discount(request: Request) -> Answer:
    return answer_json(render_catalog.discount(request.state, _own(request)))


def _own(request: Request) -> Discount:
    """Deleted ones are not found, though checkouts may still carry them (OFFERS 29)."""
    row = request.state.discounts.find(id_of(request))
    if row is None or row.organization_id != request.organization.id or row.deleted_at is not None:
        raise not_found()
    return row


def create_discount(request: Request) -> Answer:
    form = body_of(request, forms_catalog.discount_create)
    _check_code(request, form["code"], own_id=None)
    products = _known_products(request, form["products"] or [])
    amounts = form.get("amounts")
    if form["type"] == "fixed" and amounts is None:
        amounts = {form["currency"] or "usd": form["amount"]}
    state = request.state
    row = Discount(
        id=state.new_id(),
        created_at=state.now(),
        organization_id=request.organization.id,
        name=form["name"],
        type=form["type"],
        duration=form["duration"],
        basis_points=form.get("basis_points"),
        amounts=amounts,
        product_ids=products,
        metadata=form["metadata"],
        **{name: form[name] for name in _PLAIN},
    )
    state.discounts.put(row)
    emitting.emit_discount(state, "discount.created", row)
    return answer_json(render_catalog.discount(state, row), 201)


def _check_code(request: Request, code: str | None, *, own_id: str | None) -> None:
    """Unique in the organization whatever its case; deleted ones free theirs."""
    if code is None:
        return
    for row in request.state.discounts:
        if row.organization_id != request.organization.id or row.deleted_at is not None or row.id == own_id:
            continue
        if row.code is not None and row.code.casefold() == code.casefold():
            raise broken_rule("code", "Discount with this code already exists.", code)


def _known_products(request: Request, ids: list[str]) -> list[str]:
    for position, id in enumerate(ids):
        product = request.state.products.find(id)
        if product is None or product.organization_id != request.organization.id:
            raise broken_rule(("products", position), "Product not found.", id)
    return ids


def update_discount(request: Request) -> Answer:
    row = _own(request)
    form = body_of(request, forms_catalog.discount_update)
    state = request.state
    # Read before a confirm that is under way commits, the count of this answer is stale (OFFERS 27).
    redemptions = len(state.redemptions_of(row.id))
    _check_update(request, row, form, redemptions)
    changed = msgspec.structs.replace(row, **{name: form[name] for name in _PLAIN if name in form})
    for name in ("name", "metadata"):
        if form.get(name) is not None:
            setattr(changed, name, form[name])
    if form.get("products") is not None:
        changed.product_ids = _known_products(request, form["products"])
    if row.type == "fixed" and form.get("amounts") is not None:
        changed.amounts = form["amounts"]
    elif row.type == "fixed" and form.get("amount") is not None:
        changed.amounts = {form.get("currency") or next(iter(row.amounts or {"usd": 0})): form["amount"]}
    if row.type == "percentage" and form.get("basis_points") is not None:
        changed.basis_points = form["basis_points"]
    changed.modified_at = state.now()
    state.discounts.put(changed)
    emitting.emit_discount(state, "discount.updated", changed)
    return answer_json(render_catalog.discount(state, changed, redemptions=redemptions))


def _check_update(request: Request, row: Discount, form: Json, redemptions: int) -> None:
    for name in ("duration", "type"):
        if form.get(name) is not None and form[name] != getattr(row, name):
            raise broken_rule(name, f"{name.capitalize()} cannot be changed.", form[name])
    _check_code(request, form.get("code"), own_id=row.id)
    starts, ends = form.get("starts_at", row.starts_at), form.get("ends_at", row.ends_at)
    if starts is not None and ends is not None and starts >= ends:
        raise broken_rule("ends_at", "ends_at must be after starts_at.", ends)
    if redemptions == 0:
        return
    default = render_catalog.discount_on_order(request.state, row)
    for name in (*_FROZEN[row.type], "duration_in_months"):
        if form.get(name) is not None and form[name] != default.get(name):
            message = "This field cannot be changed because the discount has already been redeemed."
            raise broken_rule(name, message, default.get(name))


def delete_discount(request: Request) -> Answer:
    """Soft: checkouts that carry it keep it and can still be confirmed (OFFERS 29)."""
    row = _own(request)
    emitting.emit_discount(request.state, "discount.deleted", row)
    now = request.state.now()
    request.state.discounts.put(msgspec.structs.replace(row, deleted_at=now, modified_at=now))
    return answer_nothing()
