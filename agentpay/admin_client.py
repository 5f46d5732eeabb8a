"""The operator's calls to a running AgentPay, for the command line."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

ANSWER_SECONDS_MAX = 60
ANSWER_BYTES_MAX = 8 * 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class CallFailed(Exception):
    """No answer, or one that is not 2xx; the message is a sentence for the operator."""


class AdminClient:
    """Speaks the HTTP API with an admin key. `url` has no trailing slash."""

    def __init__(self, url: str, *, admin_key: str) -> None:
        self._url = url
        self._admin_key = admin_key
        # This machine is never behind a proxy.
        handlers = [urllib.request.ProxyHandler({})] if urlsplit(url).hostname in LOOPBACK else []
        self._opener = urllib.request.build_opener(*handlers)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON, None where it has none. Raises `CallFailed`."""
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._admin_key}", "Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS_MAX) as response:
                content = response.read(ANSWER_BYTES_MAX)
                return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            raise CallFailed(self._refusal(error)) from error
        except (OSError, ValueError) as error:
            raise CallFailed(f"AgentPay does not answer at {self._url}: {_reason(error)}.") from error

    def _refusal(self, error: urllib.error.HTTPError) -> str:
        try:
            detail = json.loads(error.read(ANSWER_BYTES_MAX))["detail"]
        except (OSError, ValueError, KeyError, TypeError):
            return f"{self._url} answered with status {error.code}."
        if isinstance(detail, list):
            return "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in detail)
        return f"{detail} (status {error.code})"


def _reason(error: OSError | ValueError) -> str:
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason)
