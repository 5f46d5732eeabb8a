"""`/widget.js` and its parts (API § 11). Public: any page may load them, they hold nothing of anybody's."""

from functools import cache
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath

from agentpay.kit.errors import NotFound
from agentpay.widget import parts
from agentpay.widget.parts import Part, Parts

LOADER_SECONDS: Final = 300
"""How long a page may go on with an older `/widget.js`: the time in which a release reaches everybody."""
PART_SECONDS: Final = 365 * 24 * 3600
OLD_PART_SECONDS: Final = 60

_PUBLIC: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}


@get("/widget.js", status_code=200, operation_id="get_widget_script", include_in_schema=False, sync_to_thread=False)
def widget_script(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The loader: short-cached under its stable address."""
    caching = f"public, max-age={LOADER_SECONDS}, stale-while-revalidate={24 * 3600}"
    return _answer(request, _parts().loader, caching=caching)


@get(
    "/widget/{version:str}/{path:path}",
    status_code=200,
    operation_id="get_widget_part",
    include_in_schema=False,
    sync_to_thread=False,
)
def widget_part(request: Request[Any, Any, Any], version: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """One part, for ever the same under its version. Raises NotFound.

    While a release rolls out, a page with the old loader may ask a new replica, and the other way round: it gets what
    this replica has, cached for a moment only.
    """
    served = _parts()
    part = served.others.get(path.lstrip("/"))
    if part is None:
        raise NotFound
    is_this = version == served.version
    caching = f"public, max-age={PART_SECONDS}, immutable" if is_this else f"public, max-age={OLD_PART_SECONDS}"
    return _answer(request, part, caching=caching)


@cache
def _parts() -> Parts:
    """The files of this release: read once, on the first request."""
    return parts.load()


def _answer(request: Request[Any, Any, Any], part: Part, *, caching: str) -> Response[bytes]:
    headers = {**_PUBLIC, "Cache-Control": caching, "ETag": part.etag}
    if part.etag in _listed(request.headers.get("if-none-match", "")):
        return Response(b"", status_code=304, media_type=part.kind, headers=headers)
    if not accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(part.body, media_type=part.kind, headers=headers)
    return Response(part.gzipped, media_type=part.kind, headers={**headers, "Content-Encoding": "gzip"})


def accepts_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` allows gzip (RFC 9110 § 12.5.3)."""
    for each in accepted.lower().split(","):
        coding, _, parameters = each.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _listed(header: str) -> list[str]:
    return [each.strip().removeprefix("W/") for each in header.split(",")]


HANDLERS: list[Any] = [widget_script, widget_part]
