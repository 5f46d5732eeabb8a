"""How a call travels to Polar: one connection pool, one deadline, retries only where nothing can happen twice."""

import asyncio
import logging
import random
import re
import ssl
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from agentpay.db.transaction import forbid_transaction
from agentpay.kit import faults
from agentpay.kit.spans import NO_TRACER, Tracer
from agentpay.polar import errors
from agentpay.polar.bucket import Bucket, Environment, Priority
from agentpay.polar.calls import Calls
from agentpay.polar.circuit import Circuit
from agentpay.polar.errors import PolarError

API_VERSION = "2026-10"
CALL_SECONDS_MAX = 15.0
CONNECT_SECONDS_MAX = 5.0
CONNECTIONS_MAX = 100
# Shorter than servers keep idle connections, so that a POST does not meet one that is just being closed.
IDLE_SECONDS_MAX = 4.0
ANSWER_BYTES_MAX = 16 * 1024 * 1024
ATTEMPTS_MAX = 3
RETRY_SECONDS = (0.1, 0.5)
RETRY_AFTER_SECONDS_MAX = 2.0
USER_AGENT = "AgentPay"
ANSWERED = "answered"

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_EXTERNAL_ID = re.compile(r"(/external/)[^/]+")

OnCall = Callable[[str, str, float | None], None]
"""Hears of each try: method, `answered` or the error's kind, and its seconds; None = nothing was sent."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Where one organization's Polar is and the token that opens it. Its repr tells neither."""

    base_url: str
    environment: Environment
    token: str

    def __repr__(self) -> str:
        return f"<Credential {self.environment}>"


class Http:
    """The connection pool of this process. Redirects are not followed: a wrong slash must show itself.

    `verify`: whose certificates are trusted, as httpx takes it.
    """

    def __init__(self, *, verify: ssl.SSLContext | bool = True) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes every URL at INFO
        self._client = httpx.AsyncClient(
            verify=verify,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS_MAX, pool=CONNECT_SECONDS_MAX),
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=CONNECTIONS_MAX,
                keepalive_expiry=IDLE_SECONDS_MAX,
            ),
            mounts={"all://127.0.0.1": None, "all://localhost": None},  # a local Polar is never behind a proxy
            headers={"Accept": "application/json", "Polar-Version": API_VERSION, "User-Agent": USER_AGENT},
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def exchange(
        self, credential: Credential, method: str, path: str, *, query: Sequence[tuple[str, str]], body: Any
    ) -> bytes:
        """Send one request and read the whole answer. Raises `PolarError` for everything but a complete 2xx."""
        sends = errors.changes(method)
        try:
            return await self._exchange(credential, method, path, query=query, body=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise PolarError("network") from None
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL):
            raise PolarError("route") from None
        except httpx.DecodingError:
            raise PolarError("unreadable", unknown_outcome=sends) from None
        except httpx.TimeoutException:
            raise PolarError("timeout", unknown_outcome=sends) from None
        except httpx.RequestError:
            raise PolarError("network", unknown_outcome=sends) from None

    async def _exchange(
        self, credential: Credential, method: str, path: str, *, query: Sequence[tuple[str, str]], body: Any
    ) -> bytes:
        headers = {"Authorization": f"Bearer {credential.token}"}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        url = credential.base_url.rstrip("/") + path
        async with self._client.stream(method, url, params=list(query), content=content, headers=headers) as answer:
            received = bytearray()
            async for part in answer.aiter_bytes():
                received += part
                if len(received) > ANSWER_BYTES_MAX:
                    raise PolarError("unreadable", unknown_outcome=errors.changes(method))
        if answer.is_success:
            return bytes(received)
        raise errors.error_of(method=method, status=answer.status_code, headers=answer.headers, body=bytes(received))


class Polar(Calls):
    """One organization's Polar. Made by `PolarGateway`; cheap, keeps nothing."""

    def __init__(
        self,
        http: Http,
        credential: Credential,
        *,
        circuit: Circuit,
        bucket: Bucket,
        key: str,
        priority: Priority,
        on_call: OnCall | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._http = http
        self._credential = credential
        self._circuit = circuit
        self._bucket = bucket
        self._key = key
        self._priority: Priority = priority
        self._on_call = on_call
        self._tracer = tracer

    def __repr__(self) -> str:
        return f"<Polar of {self._key}>"

    async def _call(self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), body: Any = None) -> bytes:
        """At most `CALL_SECONDS_MAX` from the first byte sent, retries included.

        Retried are calls that never left, reads that met trouble, and refusals that end within a moment.
        """
        forbid_transaction()
        template = template_of(path)
        attributes = {
            "http.request.method": method,
            "url.template": template,
            "agentpay.polar.key": self._key,
            "agentpay.polar.priority": self._priority,
        }
        with self._tracer.within(f"{method} {template}", kind="client", attributes=attributes) as span:
            try:
                return await self._tried(method, path, query=query, body=body)
            except PolarError as error:
                span.tell({"http.response.status_code": error.http_status})
                span.fail(error.kind)
                raise

    async def _tried(self, method: str, path: str, *, query: Sequence[tuple[str, str]], body: Any) -> bytes:
        deadline: float | None = None
        for attempt in range(1, ATTEMPTS_MAX + 1):
            sent_at: float | None = None
            try:
                await self._bucket.take(
                    key=self._key, environment=self._credential.environment, priority=self._priority
                )
                async with self._circuit.slot():
                    sent_at = asyncio.get_running_loop().time()
                    deadline = deadline or sent_at + CALL_SECONDS_MAX
                    answer = await self._within(deadline, method, path, query=query, body=body)
                self._tell(method, ANSWERED, sent_at)
                return answer
            except PolarError as error:
                self._tell(method, error.kind, sent_at)
                wait = seconds_until_retry(error, method=method, attempt=attempt)
                if wait is None or asyncio.get_running_loop().time() + wait > (deadline or 0):
                    raise
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _tell(self, method: str, outcome: str, sent_at: float | None) -> None:
        if self._on_call is not None:
            self._on_call(method, outcome, None if sent_at is None else asyncio.get_running_loop().time() - sent_at)

    async def _within(
        self, deadline: float, method: str, path: str, *, query: Sequence[tuple[str, str]], body: Any
    ) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                faults.call("before", method, path)
                answer = await self._http.exchange(self._credential, method, path, query=query, body=body)
                faults.call("after", method, path)
                return answer
        except TimeoutError:
            raise PolarError("timeout", unknown_outcome=errors.changes(method)) from None


def template_of(path: str) -> str:
    """A path without what differs from call to call: ids are Polar's, external ids the merchant's own."""
    return _EXTERNAL_ID.sub(r"\1{external_id}", _ID.sub("{id}", path))


def seconds_until_retry(error: PolarError, *, method: str, attempt: int) -> float | None:
    """How long to wait before the same call may be sent again, or None when it must not be."""
    if attempt >= ATTEMPTS_MAX or error.unknown_outcome:
        return None
    if error.kind == "rate_limited" and error.http_status is not None:
        hint = error.retry_hint
        return hint + RETRY_SECONDS[0] if hint is not None and hint <= RETRY_AFTER_SECONDS_MAX else None
    never_left = error.kind == "network"
    reads = not errors.changes(method) and error.kind in errors.TROUBLE - {"timeout"}
    return random.uniform(*RETRY_SECONDS) * attempt if never_left or reads else None
