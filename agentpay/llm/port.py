"""The one shape all providers have."""

from collections.abc import AsyncIterator
from typing import Protocol

from agentpay.llm.types import Reply, Request, Usage, Words


class ProviderFailed(Exception):
    """The provider gave no usable answer. Holds a short machine reason (`llm/failures.py`), never a text, key or body.

    `permanent`: the same question will fail again. `spoke`: words went out before. `retry_after`: seconds that the
    provider asked us to stay away. `usage`: what was counted before it failed, to be paid all the same, and
    `lost_micros` what failed tries before this one cost.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        spoke: bool = False,
        retry_after: float | None = None,
        usage: Usage | None = None,
        provider: str = "",
        model: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.spoke = spoke
        self.retry_after = retry_after
        self.usage = usage or Usage()
        self.provider = provider
        self.model = model
        self.lost_micros = 0


class Provider(Protocol):
    name: str

    def reply(self, request: Request) -> AsyncIterator[Words | Reply]:
        """Yield `Words` as they come, then exactly one `Reply`. Raises `ProviderFailed`."""
        ...
