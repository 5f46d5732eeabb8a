"""The OpenAPI document, made to agree with what the gate does.

Litestar knows paths, parameters and declared answers; msgspec knows the bodies (`StructSchemas` hands them over); this
module adds what is true of whole kinds of routes: credentials, refusals, idempotency keys, streams, headers.
Handlers say it by the callers they take, by `opt` and by `media_type`; `opt={"event_stream": True}` marks a route that
answers JSON or, when asked for it, a stream; `opt={"keyed": True}` one that keeps idempotency keys by itself;
`opt={"refuses": (403,)}` refusals that do not follow from the rest.
"""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Reference, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from agentpay.callers.access import ADMITTED, Requirement
from agentpay.callers.admission import wanted_by
from agentpay.kit import limits
from agentpay.kit.caller import Caller, Merchant, Operator, Page, Visitor

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator

Json = dict[str, Any]

REFERENCE = "#/components/schemas/"
_PLACEHOLDER = re.compile(re.escape(REFERENCE) + r"struct-(\d+)")
_SENTENCE = re.compile(r".+?\.(?=\s|$)|.+")
STREAM = "text/event-stream"
REQUEST_ID = {"$ref": "#/components/headers/X-Request-Id"}
DESCRIPTION = (
    "Errors have the shape of ErrorPublic, refused input that of ValidationErrorPublic. Every answer carries"
    " X-Request-Id. Lists take limit and cursor. No text holds the NUL character. Clients ignore fields and values that"
    " they do not know."
)

SCHEMES: dict[type[Caller], tuple[str, str]] = {
    Operator: ("adminKey", "The operator's key, from AGENTPAY_ADMIN_KEYS. Never from a browser."),
    Merchant: ("secretKey", "`ap_sk_…`, held by the merchant's server. Never from a browser."),
    Page: ("publishableKey", "`ap_pk_…`, public; needs an Origin among the organization's allowed_origins."),
    Visitor: ("conversationToken", "`ap_ct_…`, held by one visitor's browser: that one conversation."),
}
DESCRIPTIONS = {
    400: "Malformed request",
    401: "No credential, or one that is unknown, expired or revoked",
    403: "The credential or its Origin may not do this",
    404: "Absent, or somebody else's",
    409: "The state forbids it now; `error` names the conflict",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The input is refused, each problem at its place",
    429: "Too often; Retry-After says when to come back",
    503: "Temporarily unavailable; Retry-After says when to come back",
}
HEADERS_BY_STATUS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "How to authenticate"},
    429: {"Retry-After": "Whole seconds"},
    503: {"Retry-After": "Whole seconds"},
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Kept for 24 hours: the same key and request get the first answer again. Ignored with a publishable"
    " key.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": limits.IDEMPOTENCY_KEY_CHARACTERS_MAX,
        "pattern": r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$",
    },
}


class ErrorPublic(msgspec.Struct):
    """`error` names the kind, `detail` says it in a sentence."""

    error: str
    detail: str


class ProblemPublic(msgspec.Struct):
    """`loc` is the path to the value, beginning with body, query, path or header."""

    type: str
    loc: list[str | int]
    msg: str


class ValidationErrorPublic(msgspec.Struct):
    """What is wrong with the input."""

    error: str
    detail: list[ProblemPublic]


class StructSchemas(OpenAPISchemaPlugin):
    """Give one to Litestar's `plugins`: structs are described by msgspec, which checks them, and not by guesswork."""

    def __init__(self) -> None:
        self._types: list[Any] = [ErrorPublic, ValidationErrorPublic]

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return not field_definition.is_union and field_definition.is_subclass_of(msgspec.Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: "SchemaCreator") -> Schema:
        kind = field_definition.annotation
        if kind not in self._types:
            self._types.append(kind)
        # Litestar wants a schema where a reference is meant: `resolved` unwraps it.
        return Schema(all_of=[Reference(ref=f"{REFERENCE}struct-{self._types.index(kind)}")])

    def described(self) -> tuple[list[str], dict[str, Json]]:
        """References by the order in which the types were met, and all component schemas."""
        schemas, components = msgspec.json.schema_components(self._types, ref_template=REFERENCE + "{name}")
        return [schema["$ref"] for schema in schemas], components


def document(app: Litestar, *, structs: StructSchemas, enums: Mapping[str, Sequence[str]] | None = None) -> Json:
    """The whole document, as JSON values. `enums` are named here although handlers know them as plain words."""
    made: Json = app.openapi_schema.to_schema()
    for path, method, handler in routes_of(app):
        operation = made["paths"].get(path, {}).get(method)
        if operation is not None:
            complete(operation, path=path, method=method, handler=handler)
    references, components = structs.described()
    named = {name: {"type": "string", "enum": list(values)} for name, values in (enums or {}).items()}
    made["components"] = {
        **made.get("components", {}),
        "schemas": {**named, **made.get("components", {}).get("schemas", {}), **components},
        "securitySchemes": {
            name: {"type": "http", "scheme": "bearer", "description": text} for name, text in SCHEMES.values()
        },
        "headers": {"X-Request-Id": {"description": "Mention it when you ask about this call.", "schema": TEXT}},
    }
    made["info"]["description"] = DESCRIPTION
    settled: Json = resolved(made, references=references)
    return settled


TEXT = {"type": "string"}


def routes_of(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Every path template, method in lower case, and its handler."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                yield route.path_format, method.lower(), handler


def complete(operation: Json, *, path: str, method: str, handler: HTTPRouteHandler) -> None:
    """Add to one operation what the gate does to it."""
    wanted = wanted_by(handler)
    keeps_keys = wanted.is_idempotent or bool(handler.opt.get("keyed"))
    tell(operation, handler=handler)
    operation["security"] = [{name: []} for name in scheme_names(wanted.requirement)]
    responses = operation["responses"]
    responses.pop("400", None)  # Litestar's own shape, which nobody gets
    statuses = refusals(
        wanted.requirement,
        has_path_parameters="{" in path,
        has_body="requestBody" in operation,
        has_parameters=bool(operation.get("parameters")),
        changes=method != "get",
        keeps_keys=keeps_keys,
        is_api=path.startswith("/v1/"),
    ) | set(handler.opt.get("refuses", ()))
    for status in sorted(statuses):
        responses.setdefault(str(status), refusal(status, keeps_keys=keeps_keys))
    if keeps_keys:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    for status, response in responses.items():
        response.setdefault("headers", {})["X-Request-Id"] = REQUEST_ID
        if keeps_keys and status.startswith("2"):
            response["headers"]["Idempotency-Replayed"] = {"description": "true for a replay", "schema": TEXT}
    stream(responses, handler=handler)


def tell(operation: Json, *, handler: HTTPRouteHandler) -> None:
    """Summary and description from the handler's docstring: its first sentence, and all of it."""
    text = inspect.getdoc(handler.fn)
    if text is None:
        return
    first = _SENTENCE.match(" ".join(text.split("\n\n")[0].split()))
    operation["summary"] = first[0].rstrip(".") if first else handler.handler_name
    operation["description"] = text


def scheme_names(requirement: Requirement | None) -> list[str]:
    return [SCHEMES[kind][0] for kind in ADMITTED[requirement]] if requirement else []


def refusals(
    requirement: Requirement | None,
    *,
    has_path_parameters: bool,
    has_body: bool,
    has_parameters: bool,
    changes: bool,
    keeps_keys: bool,
    is_api: bool,
) -> set[int]:
    """The statuses with which the gate, or the database behind it, may refuse."""
    statuses: set[int] = set()
    if requirement is not None:
        statuses |= {401, 403, 422}
        if requirement != "operator":
            statuses.add(429)
        if keeps_keys or (changes and has_path_parameters):
            statuses.add(409)
    if has_path_parameters:
        statuses.add(404)
    if has_parameters:
        statuses.add(422)
    if has_body:
        statuses |= {400, 415, 422}
    if changes:
        statuses.add(413)
    if is_api:
        statuses.add(503)
    return statuses


def refusal(status: int, *, keeps_keys: bool) -> Json:
    """One documented refusal. 422 is also what a key gets that was used for another request."""
    plain, invalid = {"$ref": f"{REFERENCE}struct-0"}, {"$ref": f"{REFERENCE}struct-1"}
    schema: Json = plain
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        schema = {"anyOf": [invalid, plain]} if keeps_keys else invalid
    made: Json = {"description": DESCRIPTIONS[status], "content": {"application/json": {"schema": schema}}}
    headers = HEADERS_BY_STATUS.get(status)
    if headers is not None:
        made["headers"] = {name: {"description": text, "schema": TEXT} for name, text in headers.items()}
    return made


def stream(responses: Mapping[str, Json], *, handler: HTTPRouteHandler) -> None:
    """Streams are text to a reader of JSON schemas; their events are described in the prose."""
    described = {STREAM: {"schema": {"type": "string", "description": "Server-sent events"}}}
    if handler.media_type == STREAM:
        responses["200"]["content"] = described
    elif handler.opt.get("event_stream"):
        responses["200"].setdefault("content", {}).update(described)


def resolved(value: Any, *, references: list[str]) -> Any:
    """`value` with the placeholders of structs replaced by references."""
    if isinstance(value, dict):
        if "allOf" in value and len(value["allOf"]) == 1:
            return resolved(value["allOf"][0], references=references)
        return {key: resolved(entry, references=references) for key, entry in value.items()}
    if isinstance(value, list):
        return [resolved(entry, references=references) for entry in value]
    if isinstance(value, str):
        match = _PLACEHOLDER.fullmatch(value)
        return references[int(match[1])] if match else value
    return value
