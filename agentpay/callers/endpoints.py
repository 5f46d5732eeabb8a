"""What the app gives to Litestar: dependency providers for callers, the request class, the exception handlers.

`DEPENDENCIES`, `EXCEPTION_HANDLERS` and `JsonRequest` go into `Litestar(...)`, an `Admission` into its `middleware`, a
`Gate` around it.
"""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException

from agentpay.callers import bodies, errors
from agentpay.callers.asgi import Call, call_of
from agentpay.kit import wire
from agentpay.kit.caller import Client, Member, Merchant, Operator, Page
from agentpay.kit.traces import trace_of

log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]


def provide_operator(request: AnyRequest) -> Operator:
    granted = _call(request).granted
    assert isinstance(granted, Operator)
    return granted


def provide_steward(request: AnyRequest) -> Operator | Merchant:
    granted = _call(request).granted
    assert isinstance(granted, Operator | Merchant)
    return granted


def provide_merchant(request: AnyRequest) -> Merchant:
    granted = _call(request).granted
    assert isinstance(granted, Merchant)
    return granted


def provide_page(request: AnyRequest) -> Page:
    granted = _call(request).granted
    assert isinstance(granted, Page)
    return granted


def provide_starter(request: AnyRequest) -> Page | Merchant:
    granted = _call(request).granted
    assert isinstance(granted, Page | Merchant)
    return granted


def provide_member(request: AnyRequest) -> Member:
    granted = _call(request).granted
    assert isinstance(granted, Member)
    return granted


def provide_client(request: AnyRequest) -> Client:
    call = _call(request)
    return Client(address=call.address, request_id=call.request_id)


def _call(request: AnyRequest) -> Call:
    return call_of(request.scope)  # type: ignore[arg-type] # Litestar's scope is a TypedDict


DEPENDENCIES: dict[str, Provide] = {
    "operator": Provide(provide_operator, sync_to_thread=False),
    "steward": Provide(provide_steward, sync_to_thread=False),
    "merchant": Provide(provide_merchant, sync_to_thread=False),
    "page": Provide(provide_page, sync_to_thread=False),
    "starter": Provide(provide_starter, sync_to_thread=False),
    "member": Provide(provide_member, sync_to_thread=False),
    "client": Provide(provide_client, sync_to_thread=False),
}


class JsonRequest(AnyRequest):
    """Bodies are decoded once, straight into the handler's `data` type, strictly: `"5"` is no integer.

    Raises `MediaTypeNotSupported`, `Unreadable` for malformed JSON, `Invalid` with the exact place for anything else.
    """

    async def json(self) -> Any:
        packed = self.headers.get("content-encoding", "identity").strip().lower() != "identity"
        if packed or not bodies.is_json(self.headers.get("content-type", "")):
            raise errors.MediaTypeNotSupported
        field = self.route_handler.parsed_data_field
        return bodies.decode(await self.body(), kind=field.annotation if field is not None else Any)


def answer_exception(request: AnyRequest, exception: Exception) -> Response[bytes]:
    """The one exception handler. What is a bug is logged here, once, with its trace and the request id."""
    call = _call(request)
    if isinstance(exception, HTTPException) and exception.status_code < 500:
        made = errors.framework_answer(exception, status=exception.status_code)
    else:
        made = errors.answer_to(exception, request_id=call.request_id)
    if made.is_bug:
        template = request.scope.get("path_template", "")
        log.error("request.failed", method=request.method, route=template, **trace_of(exception))
    elif made.status == 503 and errors.is_outage(exception):
        log.warning("database.unavailable", error=type(exception).__name__)
    return Response(
        wire.encode(made.body), status_code=made.status, headers=dict(made.headers), media_type="application/json"
    )


EXCEPTION_HANDLERS: dict[type[Exception] | int, Any] = {Exception: answer_exception}
