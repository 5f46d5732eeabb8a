"""`/docs`: the contract as a page that a person reads, made from the OpenAPI document itself. No script, no request."""

import html
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}

METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
nav { columns: 2; font-size: .9rem; } nav a { display: block; break-inside: avoid; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
section { border: 1px solid var(--line); border-radius: .5rem; padding: .25rem 1rem 1rem; margin: 1rem 0; }
h3 { font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; } h3 b { text-transform: uppercase; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: left; vertical-align: top; padding: .25rem .5rem .25rem 0; border-top: 1px solid var(--line); }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
"""


def render(document: Mapping[str, Any]) -> str:
    """A whole HTML page. Everything from the document is escaped."""
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for path, methods in document.get("paths", {}).items():
        for method in METHODS:
            if method in methods:
                tag = (methods[method].get("tags") or ["other"])[0]
                groups[tag].append((method, path, methods[method]))
    title = f"{document['info']['title']} {document['info']['version']}"
    body = "".join(_group(tag, operations) for tag, operations in sorted(groups.items()))
    schemas = "".join(_schemas(document.get("components", {}).get("schemas", {})))
    links = "".join(
        f'<a href="#{_e(operation["operationId"])}">{_e(method.upper())} {_e(path)}</a>'
        for operations in groups.values()
        for method, path, operation in operations
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_e(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><h1>{_e(title)}</h1><p>The machine-readable document is <a href="/openapi.json">/openapi.json</a>.</p>'
        f"<nav>{links}</nav>{body}<h2>Objects</h2>{schemas}</body></html>"
    )


def _group(tag: str, operations: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    return f"<h2>{_e(tag)}</h2>" + "".join(_operation(*operation) for operation in operations)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parameters = "".join(
        "<tr>"
        f"<td><code>{_e(one['name'])}</code></td><td>{_e(one['in'])}</td><td>{_type(one.get('schema', {}))}</td>"
        "</tr>"
        for one in operation.get("parameters", ())
    )
    answers = "".join(
        f"<tr><td>{_e(status)}</td><td>{_e(answer.get('description', ''))}</td><td>{_content(answer)}</td></tr>"
        for status, answer in sorted(operation.get("responses", {}).items())
    )
    takes = _content(operation.get("requestBody", {}))
    return (
        f'<section id="{_e(operation["operationId"])}"><h3><b>{_e(method)}</b> {_e(path)}</h3>'
        f"<p>{_e(operation.get('description') or operation.get('summary') or '')}</p>"
        + (f"<p>Takes {takes}</p>" if takes else "")
        + (f"<table>{parameters}</table>" if parameters else "")
        + f"<table>{answers}</table></section>"
    )


def _schemas(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        rows = "".join(
            f"<tr><td><code>{_e(field)}</code></td><td>{_type(kind)}</td></tr>"
            for field, kind in schema.get("properties", {}).items()
        )
        values = ", ".join(_e(value) for value in schema.get("enum", ()))
        yield f'<section id="{_e(name)}"><h3>{_e(name)}</h3>{values}<table>{rows}</table></section>'


def _content(holder: Mapping[str, Any]) -> str:
    return ", ".join(_type(media.get("schema", {})) for media in holder.get("content", {}).values())


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f'<a href="#{_e(name)}">{_e(name)}</a>'
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            return " or ".join(_type(one) for one in schema[key])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return " · ".join(f"<code>{_e(value)}</code>" for value in schema["enum"])
    return _e(schema.get("format") or schema.get("type") or "anything")


def _e(value: Any) -> str:
    return html.escape(str(value), quote=True)
