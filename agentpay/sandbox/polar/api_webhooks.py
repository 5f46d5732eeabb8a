"""`/v1/webhooks` (contract § 6.1). Paths here end without a slash."""

import ipaddress
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from agentpay.sandbox.polar import constants, signing
from agentpay.sandbox.polar.entities import Delivery, Endpoint, WebhookEvent
from agentpay.sandbox.polar.errors import Entry, Loc, entry, not_found, schema_refused
from agentpay.sandbox.polar.forms import optional, organization_id
from agentpay.sandbox.polar.reading import Query, among, body_of, id_of, like, page_of
from agentpay.sandbox.polar.schema import BAD, anything, aware_moment, boolean, one_of, string, url
from agentpay.sandbox.polar.schema_shapes import Field, list_of, model, nullable
from agentpay.sandbox.polar.wire import Answer, Request, answer_json, answer_nothing

Json = dict[str, Any]

FORMATS: Final = ("raw", "discord", "slack")
CODE_CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")
_events: Final = list_of(one_of(constants.EVENT_TYPES))
_version: Final = one_of(constants.VERSIONS)
_fields: Final = {
    "url": Field(anything),
    "name": Field(nullable(string()), None),
    "format": Field(one_of(FORMATS)),
    "events": Field(_events),
    "organization_id": Field(organization_id, None),
    "api_version": Field(nullable(_version), None),
}
_create: Final = model(_fields)
_create_with_secret: Final = model({**_fields, "secret": Field(nullable(string(min_length=32)), None)})
"""Undocumented: a secret of the merchant's choice, in the deprecated version only (contract § 1.3)."""
_update: Final = model(
    {
        "url": optional(anything),
        "name": optional(nullable(string())),
        "format": optional(nullable(one_of(FORMATS))),
        "events": optional(nullable(_events)),
        "enabled": optional(nullable(boolean)),
        "api_version": optional(nullable(_version)),
    }
)


def create_endpoint(request: Request) -> Answer:
    form = body_of(request, _create_with_secret if request.version == "2026-04" else _create)
    own_secret = form.get("secret")
    address = _accepted_url(request, form["url"])
    state = request.state
    old = state.settings.old_secrets
    endpoint = state.endpoints.put(
        Endpoint(
            id=state.new_id(),
            created_at=state.now(),
            organization_id=request.organization.id,
            url=address,
            name=form["name"],
            format=form["format"],
            api_version=form["api_version"] or state.settings.default_version,
            secret=own_secret or signing.new_secret(old=old),
            events=form["events"],
            standard_signature=own_secret is None and not old,
        )
    )
    return answer_json(shown(endpoint), 201)


def _accepted_url(request: Request, value: Any) -> str:
    complaints: list[Entry] = []
    insecure = request.state.settings.insecure_endpoints
    found = url(("https", "http") if insecure else ("https",))(value, ("body", "url"), complaints)
    if found is not BAD and not insecure:
        _check_host(found, ("body", "url"), complaints)
    if complaints:
        raise schema_refused(complaints)
    return str(found)


def _check_host(value: str, loc: Loc, complaints: list[Entry]) -> None:
    host = urlsplit(value).hostname or ""
    try:
        is_private = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_private = host == "localhost" or host.endswith(".localhost")
    if is_private:
        message = "Value error, Webhook URLs cannot point to localhost or private IP addresses."
        complaints.append(entry(loc, message, value, context={"error": {}}))


def shown(row: Endpoint) -> Json:
    """`api_version` and the flag of the signing scheme are newer than the recorded server."""
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "url": row.url,
        "name": row.name,
        "api_version": row.api_version,
        "format": row.format,
        "secret": row.secret,
        "organization_id": row.organization_id,
        "events": row.events,
        "enabled": row.enabled,
        "uses_standard_webhook_signature": row.standard_signature,
    }


def list_endpoints(request: Request) -> Answer:
    query = Query(request)
    organizations = query.ids("organization_id")
    listing = query.listing(("created_at",))
    query.finish()
    rows = (
        row
        for row in request.state.endpoints
        if row.organization_id == request.organization.id and among(row.organization_id, organizations)
    )
    return page_of(rows, listing, {"created_at": lambda row: row.created_at}, shown)


def get_endpoint(request: Request) -> Answer:
    return answer_json(shown(_own(request)))


def _own(request: Request) -> Endpoint:
    endpoint = request.state.endpoints.find(id_of(request))
    if endpoint is None or endpoint.organization_id != request.organization.id:
        raise not_found()
    return endpoint


def update_endpoint(request: Request) -> Answer:
    """Null changes nothing; a new `api_version` counts for later events only."""
    endpoint = _own(request)
    form = body_of(request, _update)
    kept = {name: value for name, value in form.items() if value is not None}
    if "url" in kept:
        kept["url"] = _accepted_url(request, kept["url"])
    changed = msgspec.structs.replace(endpoint, **kept, modified_at=request.state.now())
    return answer_json(shown(request.state.endpoints.put(changed)))


def delete_endpoint(request: Request) -> Answer:
    request.state.endpoints.drop(_own(request).id)
    return answer_nothing()


def rotate_secret(request: Request) -> Answer:
    """A new secret at once, always of the new scheme."""
    changed = msgspec.structs.replace(
        _own(request), secret=signing.new_secret(), standard_signature=True, modified_at=request.state.now()
    )
    return answer_json(shown(request.state.endpoints.put(changed)))


def list_deliveries(request: Request) -> Answer:
    """One row per attempt, newest first."""
    query = Query(request)
    endpoints = query.ids("endpoint_id")
    since, until = query.moment("start_timestamp", aware_moment), query.moment("end_timestamp", aware_moment)
    succeeded, text = query.flag("succeeded"), query.text("query")
    classes = query.enum("http_code_class", CODE_CLASSES, "HTTPCodeClass")
    types = query.enum("event_type", constants.EVENT_TYPES, "WebhookEventType")
    listing = query.listing(("created_at",))
    query.finish()
    state = request.state
    own = {row.id for row in state.endpoints if row.organization_id == request.organization.id}

    def passes(row: Delivery) -> bool:
        event = state.webhook_events.get(row.webhook_event_id)
        return (
            row.endpoint_id in own
            and among(row.endpoint_id, endpoints)
            and (since is None or row.created_at > since)
            and (until is None or row.created_at < until)
            and succeeded in (None, row.succeeded)
            and among(f"{(row.http_code or 0) // 100}xx", classes)
            and among(event.type, types)
            and (text is None or event.id == text or like(event.payload, text))
        )

    keys = {"created_at": lambda row: row.created_at}
    return page_of(filter(passes, state.deliveries), listing, keys, lambda row: _delivery(request, row))


def _delivery(request: Request, row: Delivery) -> Json:
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "succeeded": row.succeeded,
        "http_code": row.http_code,
        "response": row.response,
        "webhook_event": _event(request.state.webhook_events.get(row.webhook_event_id)),
    }


def _event(row: WebhookEvent) -> Json:
    return {
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "last_http_code": row.last_http_code,
        "succeeded": row.succeeded,
        "skipped": row.skipped,
        "payload": row.payload,
        "type": row.type,
        "api_version": row.api_version,
        "is_archived": False,
    }


def redeliver(request: Request) -> Answer:
    """One more attempt of the stored body under the same id (contract § 6.5)."""
    state = request.state
    event = state.webhook_events.find(id_of(request))
    endpoint = state.endpoints.find(event.endpoint_id) if event is not None else None
    if event is None or endpoint is None or endpoint.organization_id != request.organization.id:
        raise not_found()
    state.schedule("deliver", due=state.now(), event_id=event.id, in_turn=False, is_redelivery=True)
    return answer_json(None, 202)
