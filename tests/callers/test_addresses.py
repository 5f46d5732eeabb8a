"""Where a call came from: only as far as trusted proxies tell, and never kept in clear."""

import ipaddress

import httpx
import pytest

from agentpay.callers.addresses import address_hash, client_address, counted_as, networks
from tests.callers.cast import Shop, bearing
from tests.callers.conftest import House

PROXY = "10.0.0.1"
TRUSTED = ("10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # who connects directly may write what they like
        (PROXY, [], PROXY),
        (PROXY, ["203.0.113.7"], "203.0.113.7"),
        (PROXY, ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the left part came from the client
        (PROXY, ["198.51.100.1, 203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        (PROXY, ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (PROXY, ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        (PROXY, ["203.0.113.7, garbage"], PROXY),
        (PROXY, ["203.0.113.7:5123"], "203.0.113.7"),
        (PROXY, ["[2001:db8::7]:443"], "2001:db8::7"),
        (PROXY, ['"[2001:db8::7]"'], "2001:db8::7"),
        (PROXY, ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("fd00::1%eth0", ["2001:db8::7"], "2001:db8::7"),
        (None, ["203.0.113.7"], None),
    ],
)
def test_the_client_is_the_right_most_address_that_nobody_trusted_vouches_for_another(
    peer: str | None, forwarded: list[str], address: str | None
) -> None:
    found = client_address(peer=peer, forwarded=forwarded, trusted=networks(TRUSTED))
    assert (str(found) if found else None) == address


def test_an_ipv6_visitor_counts_by_the_64() -> None:
    first, second, other = (ipaddress.ip_address(text) for text in ("2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1"))
    assert counted_as(first) == counted_as(second) != counted_as(other)


def test_what_is_kept_is_a_keyed_hash() -> None:
    address = ipaddress.ip_address("203.0.113.7")
    kept = address_hash(address, key=b"one")
    assert kept == address_hash(address, key=b"one")
    assert kept != address_hash(address, key=b"two")
    assert "203" not in kept or len(kept) == 32
    assert address_hash(None, key=b"one") != kept


async def hash_seen(client: httpx.AsyncClient, shop: Shop, **headers: str) -> str:
    answer = await client.get("/v1/orders", headers=bearing(shop.secret_key, **headers))
    return str(answer.json()["address"])


async def test_forwarded_addresses_count_only_from_a_trusted_proxy(house: House, acme: Shop) -> None:
    house.reset(trusted_proxies=TRUSTED)
    async with house.client(address="203.0.113.7") as direct, house.client(address=PROXY) as proxied:
        sam = await hash_seen(direct, acme)
        assert await hash_seen(direct, acme, X_Forwarded_For="198.51.100.1") == sam
        assert await hash_seen(proxied, acme, X_Forwarded_For="198.51.100.1, 203.0.113.7") == sam
        assert await hash_seen(proxied, acme) != sam
    house.reset()
    async with house.client(address=PROXY) as untrusting:
        assert await hash_seen(untrusting, acme, X_Forwarded_For="203.0.113.7") != sam
