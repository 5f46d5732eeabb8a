"""`/docs`: the contract as a page that a person reads, made from the OpenAPI document itself. No script, no request."""

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}

METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 16%, transparent);
  --soft: color-mix(in srgb, currentColor 5%, transparent); --muted: color-mix(in srgb, currentColor 72%, transparent);
  --get: light-dark(#0b5cad, #7cb8f5); --post: light-dark(#17692f, #7fd497); --patch: light-dark(#8a5300, #eabb6b);
  --delete: light-dark(#a9231c, #f59a94); }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0; overflow-wrap: anywhere; }
a { color: var(--get); text-decoration-thickness: 1px; text-underline-offset: 2px; }
header, main { max-width: 56rem; padding: 0 1.25rem; }
nav { padding: 1rem 1.25rem; font-size: .875rem; border-bottom: 1px solid var(--line); max-height: 45vh;
  overflow-y: auto; }
nav summary { font-weight: 600; cursor: pointer; padding: .25rem 0; }
nav h2 { font-size: .75rem; letter-spacing: .06em; text-transform: uppercase; color: var(--muted);
  margin: 1rem 0 .25rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: flex; gap: .5rem; padding: .2rem 0; color: inherit; text-decoration: none; line-height: 1.35; }
nav li a:hover { text-decoration: underline; }
nav .m { flex: none; width: 3.3rem; text-align: center; align-self: start; }
h1 { font-size: 1.75rem; margin: 2rem 0 .5rem; }
main > h2 { margin: 3rem 0 1rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
section { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.25rem; margin: 0 0 1.25rem;
  scroll-margin-top: 1rem; }
section:target { outline: 2px solid var(--get); }
h3 { margin: 0; font: 600 1rem/1.5 ui-monospace, monospace; }
h4 { margin: 1rem 0 .25rem; font-size: .875rem; color: var(--muted); }
p { margin: .5rem 0; }
.what { font-size: 1.05rem; font-weight: 600; }
.m { display: inline-block; font: 700 .7rem/1.6 ui-monospace, monospace; text-transform: uppercase; padding: 0 .4em;
  border-radius: .3rem; color: var(--c); background: color-mix(in srgb, var(--c) 13%, transparent); }
.get { --c: var(--get); } .post, .put { --c: var(--post); } .patch { --c: var(--patch); }
.delete { --c: var(--delete); }
.who { font-size: .875rem; color: var(--muted); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td { vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); }
td:first-child { width: 14rem; }
td small { display: block; color: var(--muted); font-size: .85em; }
code { font: .9em ui-monospace, monospace; background: var(--soft); border-radius: .2rem; padding: .05em .25em; }
b.must { color: var(--delete); font-weight: 600; font-size: .8em; }
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 21rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; max-height: none; grid-row: 1 / span 2; border: 0;
    border-right: 1px solid var(--line); }
  header, main { grid-column: 2; padding: 0 2.5rem; }
}
@media (max-width: 40rem) {
  td, tr { display: block; } td:first-child { width: auto; }
  tr { border-top: 1px solid var(--line); padding: .35rem 0; }
  td { border: 0; padding: .05rem 0; } h3 { font-size: .9rem; }
}
"""

Operation = tuple[str, str, Mapping[str, Any]]
_CODE = re.compile(r"`([^`]+)`")
_BOUNDS = (("minLength", "maxLength", "characters"), ("minimum", "maximum", ""), ("minItems", "maxItems", "entries"),
           ("minProperties", "maxProperties", "keys"))  # fmt: skip


def render(document: Mapping[str, Any]) -> str:
    """A whole HTML page. Everything from the document is escaped."""
    info, components = document["info"], document.get("components", {})
    schemas = components.get("schemas", {})
    title = f"{info['title']} {info['version']}"
    groups = _groups(document.get("paths", {}))
    body = "".join(_group(tag, operations, schemas) for tag, operations in groups.items())
    objects = "".join(_objects(schemas))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_e(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f"{_nav(groups)}<header><h1>{_e(title)}</h1><p>{_prose(info.get('description', ''))}</p>"
        '<p>The machine-readable document is <a href="openapi.json">openapi.json</a>.</p></header>'
        f'<main><h2 id="credentials">Credentials</h2>{_credentials(components.get("securitySchemes", {}))}'
        f'<h2 id="refusals">Refusals</h2>{_refusals(groups)}'
        f'{body}<h2 id="objects">Objects</h2>{objects}</main></body></html>'
    )


def _groups(paths: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """Operations by their first tag, both in the document's order."""
    groups: dict[str, list[Operation]] = defaultdict(list)
    for path, methods in paths.items():
        for method in METHODS:
            if method in methods:
                groups[(methods[method].get("tags") or ["other"])[0]].append((method, path, methods[method]))
    return groups


def _nav(groups: Mapping[str, list[Operation]]) -> str:
    parts = []
    for tag, operations in groups.items():
        links = "".join(
            f'<li><a href="#{_e(operation["operationId"])}"><span class="m {method}">{method}</span>'
            f"<span>{_path(path)}</span></a></li>"
            for method, path, operation in operations
        )
        parts.append(f"<h2>{_e(tag)}</h2><ul>{links}</ul>")
    first = "".join(f'<li><a href="#{one.lower()}">{one}</a></li>' for one in ("Credentials", "Refusals", "Objects"))
    return f"<nav><details open><summary>Contents</summary><ul>{first}</ul>{''.join(parts)}</details></nav>"


def _credentials(schemes: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr id="{_e(name)}"><td><code>{_e(name)}</code></td><td>{_prose(scheme.get("description", ""))}</td></tr>'
        for name, scheme in schemes.items()
    )
    return f"<p>All of them travel as <code>Authorization: Bearer …</code>.</p><table>{rows}</table>"


def _refusals(groups: Mapping[str, list[Operation]]) -> str:
    """What every status of the fours and fives means, said once."""
    said: dict[str, str] = {}
    for operations in groups.values():
        for _, _, operation in operations:
            for status, answer in operation.get("responses", {}).items():
                if _is_common(status, answer):
                    said.setdefault(status, answer.get("description", ""))
    rows = "".join(
        f'<tr id="status-{_e(status)}"><td><code>{_e(status)}</code></td><td>{_prose(text)}</td></tr>'
        for status, text in sorted(said.items())
    )
    return f"<table>{rows}</table>"


def _is_common(status: str, answer: Mapping[str, Any]) -> bool:
    """Whether an answer is one of the refusals that many operations share: it holds nothing but the error."""
    return status >= "400" and ("ErrorPublic" in str(answer.get("content", {})))


def _group(tag: str, operations: list[Operation], schemas: Mapping[str, Any]) -> str:
    return f"<h2>{_e(tag)}</h2>" + "".join(_operation(operation, schemas) for operation in operations)


def _operation(one: Operation, schemas: Mapping[str, Any]) -> str:
    method, path, operation = one
    summary, more = _words(operation)
    body = operation.get("requestBody", {})
    fields = "".join(_parameter(each, schemas) for each in operation.get("parameters", ()))
    return (
        f'<section id="{_e(operation["operationId"])}">'
        f'<h3><span class="m {method}">{method}</span> {_path(path)}</h3>'
        f'<p class="what">{_prose(summary)}</p>{more}{_who(operation)}'
        + (f"<h4>Takes</h4><p>{_content(body, schemas)}</p>{_body_fields(body, schemas)}" if body else "")
        + (f"<h4>Parameters</h4><table>{fields}</table>" if fields else "")
        + f"{_answers(operation.get('responses', {}), schemas)}</section>"
    )


def _words(operation: Mapping[str, Any]) -> tuple[str, str]:
    """The first sentence, and what follows it as paragraphs."""
    summary, description = operation.get("summary") or "", operation.get("description") or ""
    rest = " ".join(description.split("\n\n")[0].split()).removeprefix(summary).lstrip(". ")
    paragraphs = [rest, *description.split("\n\n")[1:]]
    return summary, "".join(f"<p>{_prose(text)}</p>" for text in paragraphs if text.strip())


def _who(operation: Mapping[str, Any]) -> str:
    names = [name for way in operation.get("security", ()) for name in way]
    links = " or ".join(f'<a href="#{_e(name)}">{_e(name)}</a>' for name in names)
    return f'<p class="who">Credential: {links or "none"}</p>'


def _parameter(one: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    schema = one.get("schema", {})
    place = f"{_e(one['in'])}: {_type(schema, schemas)}{_limits(schema)}"
    return _row(one["name"], place, must=bool(one.get("required")), text=one.get("description") or "")


def _answers(responses: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    rows, refusals = [], []
    for status, answer in sorted(responses.items()):
        if _is_common(status, answer):
            refusals.append(f'<a href="#status-{_e(status)}">{_e(status)}</a>')
        else:
            said = _prose(_meaning(status, answer.get("description", "")))
            rows.append(f"<tr><td><code>{_e(status)}</code></td><td>{said} {_content(answer, schemas)}</td></tr>")
    refused = f"<p>Refusals: {' '.join(refusals)}</p>" if refusals else ""
    return f"<h4>Answers</h4><table>{''.join(rows)}</table>{refused}"


def _meaning(status: str, description: str) -> str:
    """The handler's words; where it has none, the status's name and not the standard library's sentence about it."""
    known = HTTPStatus(int(status)) if status.isdecimal() else None
    return known.phrase if known is not None and description in (known.description, "") else description


def _body_fields(body: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The fields of what is sent, where the reader is; the object's own section has them too."""
    names = [str(held["schema"].get("$ref", "")).rpartition("/")[2] for held in body.get("content", {}).values()]
    return "".join(_fields(schemas.get(name, {}), schemas) for name in names)


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """A table of an object's fields. What we send is never marked: all of it comes."""
    required = schema.get("required", ()) if schema.get("additionalProperties") is False else ()
    rows = "".join(
        _row(field, _type(kind, schemas) + _limits(kind), must=field in required, text=kind.get("description") or "")
        for field, kind in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>" if rows else ""


def _objects(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        values = " · ".join(f"<code>{_e(value)}</code>" for value in schema.get("enum", ()))
        about = "".join(f"<p>{_prose(text)}</p>" for text in (schema.get("description") or "").split("\n\n") if text)
        yield (
            f'<section id="{_e(name)}"><h3>{_e(schema.get("title") or name)}</h3>{about}'
            + (f"<p>{values}</p>" if values else "")
            + f"{_fields(schema, schemas)}</section>"
        )


def _row(name: str, kind: str, *, must: bool, text: str) -> str:
    mark = ' <b class="must">required</b>' if must else ""
    note = f"<small>{_prose(text)}</small>" if text else ""
    return f"<tr><td><code>{_e(name)}</code>{mark}</td><td>{kind}{note}</td></tr>"


def _content(holder: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    return ", or ".join(
        _e(media) if media == "text/event-stream" else _type(held.get("schema", {}), schemas)
        for media, held in holder.get("content", {}).items()
    )


def _type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f'<a href="#{_e(name)}">{_e(schemas.get(name, {}).get("title") or name)}</a>'
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            return " or ".join(_type(one, schemas) + _limits(one) for one in schema[key])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    if "enum" in schema:
        return " · ".join(f"<code>{'null' if value is None else _e(value)}</code>" for value in schema["enum"])
    return _e(schema.get("format") or schema.get("type") or "anything")


def _limits(schema: Mapping[str, Any]) -> str:
    """Bounds and default, as they would be said."""
    said = []
    for least, most, unit in _BOUNDS:
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            said.append(f"{_number(low)} to {_number(high)} {unit}".rstrip())
        elif low is not None or high is not None:
            said.append(f"{'≥' if high is None else '≤'} {_number(low if high is None else high)} {unit}".rstrip())
    default = schema.get("default")
    if default is not None and default not in ({}, []):
        shown = str(default).lower() if isinstance(default, bool) else default
        said.append(f"default <code>{_e(shown)}</code>")
    return f", {', '.join(said)}" if said else ""


def _number(value: Any) -> str:
    """`100.0` is 100; thousands are set apart."""
    return f"{value:,.10g}" if isinstance(value, int | float) else _e(value)


def _path(path: str) -> str:
    """A path that may break before its slashes."""
    return _e(path).replace("/", "<wbr>/")


def _prose(text: Any) -> str:
    """Escaped; what stands between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", _e(text))


def _e(value: Any) -> str:
    return html.escape(str(value), quote=True)
