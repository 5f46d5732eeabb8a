"""Every call of the OpenAPI document, with the smallest body that its schema calls valid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

METHODS = ("get", "post", "patch", "delete", "put")
SAMPLES = {"uuid": str(UUID(int=1)), "uri": "https://acme.example/", "date-time": "2026-11-01T00:00:00Z"}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    parameters: tuple[str, ...]
    """Of the path."""
    body: Any
    """None where the call takes none."""
    schemes: frozenset[str]
    """Names of the credentials it takes; empty = anybody."""

    def url(self, ids: Mapping[str, str]) -> str:
        return self.path.format(**ids)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def routes_of(document: Mapping[str, Any]) -> list[Route]:
    return list(_routes(document))


def _routes(document: Mapping[str, Any]) -> Iterator[Route]:
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
                yield Route(
                    method,
                    path,
                    tuple(each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"),
                    None if schema is None else smallest(schema, document),
                    frozenset(name for entry in operation.get("security", ()) for name in entry),
                )


def smallest(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """A value with nothing in it but what the schema requires."""
    if "$ref" in schema:
        return smallest(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return smallest(schema[key][0], document)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "object":
        return {name: smallest(schema["properties"][name], document) for name in schema.get("required", ())}
    if kind == "array":
        return []
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    return SAMPLES.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))
