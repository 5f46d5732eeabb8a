"""Where a call came from, as far as trusted proxies tell; pure. Only a hash of it is ever kept (API § 10)."""

import hmac
import ipaddress
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV6_PREFIX_BITS = 64  # what one household or machine usually gets
HASH_CHARACTERS = 32
HOPS_MAX = 32
UNKNOWN = "unknown"


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """`AGENTPAY_TRUSTED_PROXIES`, parsed. Raises ValueError."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def client_address(*, peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> Address | None:
    """The right-most address that no trusted proxy vouches for another.

    `forwarded` are the X-Forwarded-For headers in order. Whoever connects from an untrusted address may write into them
    what they like, so that they count only as far as each hop, from the right, is trusted.
    """
    address = parse(peer or "")
    hops = [hop for line in forwarded for hop in line.split(",")][-HOPS_MAX:]
    while hops and address is not None and is_trusted(address, trusted):
        before = parse(hops.pop())
        if before is None:
            break
        address = before
    return address


def parse(text: str) -> Address | None:
    """An address with or without port, brackets, zone; IPv4 in IPv6 becomes IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def counted_as(address: Address | None) -> str:
    """The address, or the /64 around an IPv6 address: what counts as one visitor's place."""
    if address is None:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, IPV6_PREFIX_BITS), strict=False))
    return str(address)


def address_hash(address: Address | None, *, key: bytes) -> str:
    """What is kept: an HMAC-SHA-256 under `key`, shortened. Addresses are too few for a plain hash to hide one."""
    return hmac.digest(key, counted_as(address).encode(), "sha256").hex()[:HASH_CHARACTERS]
