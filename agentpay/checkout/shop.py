"""What of an organization and a conversation a purchase needs, and where Polar sends the buyer back."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.kit.errors import NotFound

URL_CHARACTERS_MAX = 2_000
DEFAULT_PORTS = {"http": 80, "https": 443}
# Polar appends it on the way back: a portal credential that must not travel on (polar/API.md § 3.7).
SESSION_PARAMETERS = frozenset({"customer_session_token"})


class Shop(msgspec.Struct, frozen=True):
    default_currency: str
    allowed_origins: list[str]
    success_url: str | None
    capabilities: dict[str, Any]

    @property
    def takes_payments(self) -> bool:
        """Unknown counts as yes: Polar is asked anyway."""
        return self.capabilities.get("checkout_payments") is not False


async def get_shop(source: Database | Tx, *, organization_id: UUID) -> Shop:
    row = await source.one(
        "select default_currency, allowed_origins, success_url, capabilities from organizations where id = %(id)s",
        {"id": organization_id},
    )
    if row is None:
        raise NotFound
    return Shop(**row)


def success_url(shop: Shop, *, context: Mapping[str, Any]) -> str | None:
    """The organization's own, else the page where the conversation runs if its Origin is allowed, else None.

    The page is the visitor's claim: only its Origin is trusted, and what Polar added on an earlier way back is cut off.
    """
    if shop.success_url:
        return shop.success_url
    page = context.get("page_url")
    if not isinstance(page, str) or len(page) > URL_CHARACTERS_MAX or not page.isprintable() or " " in page:
        return None
    try:
        parts = urlsplit(page)
        if _origin(parts.scheme, parts.hostname, parts.port) not in _allowed(shop.allowed_origins):
            return None
    except ValueError:
        return None
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True)]
    kept = urlencode([(key, value) for key, value in query if key not in SESSION_PARAMETERS])
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, kept, ""))


def embed_origin(shop: Shop, *, context: Mapping[str, Any]) -> str | None:
    """The Origin of a page that shows Polar's checkout inside itself, if it is one of the organization's; else None.

    Polar's page speaks to no other (polar/API.md § 3.7). The page says so itself, with `data-checkout="embed"`.
    """
    origin = context.get("embed_origin")
    return origin if isinstance(origin, str) and origin in shop.allowed_origins else None


def visitor_key(conversation: Mapping[str, Any]) -> str:
    """`sub:<proven id>` or `session:<session id>`: the same visitor, for offers and budgets (API § 2)."""
    proven = conversation["external_customer_id"]
    return f"sub:{proven}" if proven else f"session:{conversation['session_id']}"


def customer_of(conversation: Mapping[str, Any]) -> dict[str, str]:
    """What Polar may be told of the buyer: only what the merchant's server signed."""
    if not conversation["external_customer_id"]:
        return {}
    identity = conversation["identity"]
    known = {
        "external_customer_id": conversation["external_customer_id"],
        "customer_email": identity.get("email"),
        "customer_name": identity.get("name"),
    }
    return {key: value for key, value in known.items() if isinstance(value, str) and value}


def _allowed(origins: Sequence[str]) -> set[str]:
    parts = (urlsplit(origin) for origin in origins)
    return {_origin(each.scheme, each.hostname, each.port) for each in parts}


def _origin(scheme: str, host: str | None, port: int | None) -> str:
    if scheme not in DEFAULT_PORTS or not host:
        return ""
    return f"{scheme}://{host.lower()}:{port or DEFAULT_PORTS[scheme]}"
