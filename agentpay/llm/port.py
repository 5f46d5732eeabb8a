"""The one shape all providers have."""

from collections.abc import AsyncIterator
from typing import Protocol

from agentpay.llm.types import Reply, Request, Words


class ProviderFailed(Exception):
    """The provider gave no usable answer. `permanent`: the same question will fail again. `spoke`: words went out."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class Provider(Protocol):
    name: str

    def reply(self, request: Request) -> AsyncIterator[Words | Reply]:
        """Yield `Words` as they come, then exactly one `Reply`. Raises `ProviderFailed`."""
        ...
