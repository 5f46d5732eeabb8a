"""A small app around some endpoints, with the caller already known: what the gate would have found out."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import ValidationException

from agentpay.kit.errors import ExpectedError


def answer_expected(_: Request[Any, Any, Any], error: ExpectedError) -> Response[Any]:
    return Response(error.body, status_code=error.status, headers=error.headers)


def answer_invalid(_: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    return Response({"error": "RequestValidationError", "detail": error.detail, "extra": error.extra}, status_code=422)


def client_of(handlers: Sequence[Any], dependencies: Mapping[str, Any]) -> httpx.AsyncClient:
    """A client of an app with `handlers`; `dependencies` are given by name, as the composition root does."""

    def giver(value: Any) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

    app = Litestar(
        list(handlers),
        dependencies={name: giver(value) for name, value in dependencies.items()},
        exception_handlers={ExpectedError: answer_expected, ValidationException: answer_invalid},
        openapi_config=None,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://acme")
