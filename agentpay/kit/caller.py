"""Who calls. Made by `callers/`, taken by every endpoint; a type says what its holder may do (API § 2).

Tagged, because msgspec, which checks what handlers are given, takes no union of untagged structs.
"""

from uuid import UUID

import msgspec


class Operator(msgspec.Struct, frozen=True, tag=True):
    """Holds an admin key: organizations and their keys."""

    key_hash: str

    @property
    def idempotency_caller(self) -> str:
        return f"admin:{self.key_hash[:16]}"


class Merchant(msgspec.Struct, frozen=True, tag=True):
    """Holds a secret key: everything of its organization."""

    organization_id: UUID
    key_id: UUID

    @property
    def idempotency_caller(self) -> str:
        return f"organization:{self.organization_id}"


class Page(msgspec.Struct, frozen=True, tag=True):
    """A storefront page with a publishable key and an allowed Origin: asks about the widget, starts conversations."""

    organization_id: UUID
    key_id: UUID
    origin: str


class Visitor(msgspec.Struct, frozen=True, tag=True):
    """Holds a conversation token: that one conversation."""

    organization_id: UUID
    conversation_id: UUID
    token_hash: bytes
    origin: str | None = None

    @property
    def idempotency_caller(self) -> str:
        return f"conversation:{self.conversation_id}"


Caller = Operator | Merchant | Page | Visitor


class Member(msgspec.Struct, frozen=True):
    """Whoever may act in one conversation: its visitor, or the organization's secret key."""

    organization_id: UUID
    conversation_id: UUID
    is_staff: bool
    caller: Merchant | Visitor


class Client(msgspec.Struct, frozen=True):
    """Where the call came from, as far as trusted proxies tell."""

    address: str
    """A hash of the client address (IPv6 by /64), for counting only."""
    request_id: str
