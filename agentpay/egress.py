"""The one client for addresses that a merchant gave us. It must never become a door into our own network.

An address is resolved by us, every address it resolves to must be public, and the connection goes to the very address
that was checked: a name that changes its mind in between changes nothing. https only, no redirects, no proxy of the
environment, bounded in time and size. `allow_private` (dev and tests) lifts the rules about http and private addresses.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx
import msgspec

from agentpay.db.transaction import forbid_transaction

URL_CHARACTERS_MAX = 2_083
CONNECT_SECONDS_MAX = 5.0
CALL_SECONDS_MAX = 15.0
ANSWER_BYTES_MAX = 64 * 1024
CONNECTIONS_MAX = 50
ADDRESSES_TRIED_MAX = 3
CALLS_PER_HOST_MAX = 2  # one merchant's server that hangs must not take every job's place
PORT_MAX = 65_535
USER_AGENT = "AgentPay"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# A host and a port to the addresses behind them. Raises OSError.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# Global as far as IANA's registry goes, and still no place for a merchant's server: Azure's metadata service, IETF
# protocol assignments (Oracle's metadata among them), 6to4 relays.
_RESERVED_V4 = tuple(ipaddress.IPv4Network(text) for text in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"))
# Only 2000::/3 is handed out; of it, these lead elsewhere: Teredo and kin, documentation, 6to4.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_RESERVED_V6 = tuple(ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa", ".lan")


class EgressError(Exception):
    """No answer. `permanent`: the address is refused, another try will not help. Safe to log: it names no address."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class EgressBusy(EgressError):
    """Nothing was sent: so many calls to this host are under way already. Come back in a moment."""

    def __init__(self) -> None:
        super().__init__("calls to this host are under way already")


class Reply(msgspec.Struct, frozen=True):
    """An answer of any status. `body` is cut at `ANSWER_BYTES_MAX`."""

    status: int
    body: bytes


def check_url(url: str, *, allow_private: bool) -> str:
    """The URL, if it may be called at all: pure, so that it can be checked when it is written down.

    Raises ValueError with a sentence for the merchant. What a name resolves to is checked at each call.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        raise ValueError("Not a URL.") from None
    if len(url) > URL_CHARACTERS_MAX or any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError(f"A URL has at most {URL_CHARACTERS_MAX} characters and no spaces.")
    if parsed.scheme not in ({"http", "https"} if allow_private else {"https"}):
        raise ValueError("The URL must begin with https://.")
    if not parsed.host or (parsed.port is not None and not 1 <= parsed.port <= PORT_MAX):
        raise ValueError("The URL names no host or no possible port.")
    if parsed.userinfo:
        raise ValueError("The URL must not hold a user name or password.")
    if not allow_private and is_local_name(parsed.host):
        raise ValueError("The URL must name a public host.")
    return url


def is_local_name(host: str) -> bool:
    """A name or literal address that is not public on its face."""
    host = host.rstrip(".").lower()
    try:
        return not is_public(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_SUFFIXES)


def is_public(address: Address) -> bool:
    """Whether anybody's server may stand there: not ours, not this machine's, not a cloud's metadata service."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or (ipaddress.IPv4Address(address.packed[12:]) if address in _NAT64 else None)
        if inner is not None:
            return is_public(inner)
        return address in _GLOBAL_V6 and not any(address in network for network in _RESERVED_V6)
    return address.is_global and not address.is_multicast and not any(address in network for network in _RESERVED_V4)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver."""
    # ADDRCONFIG: no IPv6 addresses where this machine has no IPv6.
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Egress:
    """One a process; `close()` at the end. Connections are not reused: one merchant's must not serve another's.

    `tls` stands in for the system's trusted authorities.
    """

    def __init__(
        self, *, allow_private: bool = False, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._calls: Counter[str] = Counter()
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=tls or True,
            timeout=httpx.Timeout(CALL_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=0),
            headers={"User-Agent": USER_AGENT},
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send `body` and read the answer, at most `CALL_SECONDS_MAX` all told. Raises `EgressError`, `EgressBusy`."""
        forbid_transaction()
        try:
            check_url(url, allow_private=self._allow_private)
        except ValueError as error:
            raise EgressError(str(error), permanent=True) from None
        host = httpx.URL(url).host
        if self._calls[host] >= CALLS_PER_HOST_MAX:
            raise EgressBusy
        self._calls[host] += 1
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                return await self._send(httpx.URL(url), body=body, headers=headers)
        except TimeoutError:
            raise EgressError("no answer in time") from None
        except httpx.HTTPError as error:
            raise EgressError(f"no answer: {type(error).__name__}") from None
        finally:
            self._calls[host] -= 1
            if not self._calls[host]:
                del self._calls[host]

    async def _send(self, url: httpx.URL, *, body: bytes, headers: Mapping[str, str]) -> Reply:
        """By the first address that takes a connection; nothing has been sent to those that did not."""
        addresses = await self._checked_addresses(url)
        for address in addresses[:-1]:
            try:
                return await self._send_to(address, url, body=body, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send_to(addresses[-1], url, body=body, headers=headers)

    async def _send_to(self, address: str, url: httpx.URL, *, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Connect to the address that was checked, while the Host header and TLS still speak to the name."""
        named = {**headers, "Host": url.netloc.decode("ascii")}
        extensions = {"sni_hostname": url.raw_host.decode("ascii")} if url.scheme == "https" else {}
        pinned = url.copy_with(host=address)
        async with self._client.stream("POST", pinned, content=body, headers=named, extensions=extensions) as answer:
            received = bytearray()
            async for part in answer.aiter_raw():
                received += part
                if len(received) >= ANSWER_BYTES_MAX:
                    break
        return Reply(answer.status_code, bytes(received[:ANSWER_BYTES_MAX]))

    async def _checked_addresses(self, url: httpx.URL) -> list[str]:
        """Where the name leads, if all of its addresses may be called."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await self._resolve(url.raw_host.decode("ascii").strip("[]"), port)
            addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
        except (OSError, UnicodeError, ValueError):
            raise EgressError("the host's name does not resolve") from None
        if not addresses:
            raise EgressError("the host's name does not resolve")
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise EgressError("the host is not public", permanent=True)
        return [str(address) for address in addresses[:ADDRESSES_TRIED_MAX]]
