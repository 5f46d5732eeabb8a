"""What a merchant may write down about an organization; pure. Each check raises `Invalid` at the exact place."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from agentpay.egress import check_url
from agentpay.kit.errors import Invalid, Loc
from agentpay.kit.text import one_line
from agentpay.organizations.schemas import Budget

MODEL_CURRENCY = "usd"
BASE_URLS = {"production": "https://api.polar.sh", "sandbox": "https://sandbox-api.polar.sh"}
PORTS = {"https": 443, "http": 80}

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?")


@contextmanager
def at(loc: Loc) -> Iterator[None]:
    """A check's ValueError as an `Invalid` at `loc`."""
    try:
        yield
    except ValueError as error:
        raise Invalid.at(loc, str(error)) from None


def name(value: str, *, loc: Loc = ("body", "name")) -> str:
    """A name on one line, without invisible characters. Raises `Invalid` when nothing is left."""
    cleaned = one_line(value)
    if not cleaned:
        raise Invalid.at(loc, "A name needs a visible character.", kind="string_too_short")
    return cleaned


def secret(value: str, *, loc: Loc) -> str:
    """A secret that can travel in a header. The schema's pattern lets a final newline pass. Raises `Invalid`."""
    if not (value.isascii() and value.isprintable()):
        raise Invalid.at(loc, "Visible ASCII characters only.", kind="string_pattern_mismatch")
    return value


def origins(values: Sequence[str]) -> list[str]:
    """Origins as browsers send them, each once. Raises `Invalid`."""
    made: list[str] = []
    for index, value in enumerate(values):
        with at(("body", "allowed_origins", index)):
            made.append(origin(value))
    return list(dict.fromkeys(made))


def origin(value: str) -> str:
    """One Origin (RFC 6454) in a browser's spelling: lower case, punycode, no default port.

    https, or http for this machine. Raises ValueError with a sentence for the merchant.
    """
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("Not an origin.") from None
    if port == 0:
        raise ValueError("The origin names no possible port.")
    if parts.scheme not in PORTS or "\\" in value or any(character.isspace() for character in value):
        raise ValueError("An origin looks like https://shop.example.")
    if parts.path or parts.query or parts.fragment or value.endswith(("?", "#")) or "@" in parts.netloc:
        raise ValueError(
            "An origin has a scheme, a host and perhaps a port, and nothing behind them, not even a slash."
        )
    host = origin_host(parts.hostname or "")
    if parts.scheme == "http" and not is_this_machine(host):
        raise ValueError("An origin must begin with https://, or with http:// for localhost.")
    return f"{parts.scheme}://{host}" + ("" if port in (None, PORTS[parts.scheme]) else f":{port}")


def origin_host(host: str) -> str:
    """A host name in ASCII, or a literal address as it stands in a URL."""
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host)}]"
    try:
        name = host.encode("idna").decode().lower() if host else ""
    except UnicodeError:
        raise ValueError("The origin's host is not a host name.") from None
    if _HOST.fullmatch(name) is None:
        raise ValueError("The origin's host is not a host name.")
    return name


def is_this_machine(host: str) -> bool:
    """localhost by name, or a loopback address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def budgets(values: Sequence[Budget]) -> list[Budget]:
    """Budgets, one of each kind, scope, period and currency. Raises `Invalid`."""
    seen: set[tuple[str, str, str, str]] = set()
    for index, budget in enumerate(values):
        if budget.kind == "model" and budget.currency != MODEL_CURRENCY:
            raise Invalid.at(("body", "budgets", index, "currency"), "Model budgets are in micro-USD: usd.")
        key = (budget.kind, budget.scope, budget.period, budget.currency)
        if key in seen:
            message = "There is a budget of this kind, scope, period and currency already."
            raise Invalid.at(("body", "budgets", index), message)
        seen.add(key)
    return list(values)


def url(value: str, *, loc: Loc, allow_private: bool) -> str:
    """An address of the merchant's that we or Polar's buyers go to. Raises `Invalid`."""
    with at(loc):
        return check_url(value, allow_private=allow_private)


def optional_url(value: str | None, *, loc: Loc, allow_private: bool) -> str | None:
    return None if value is None else url(value, loc=loc, allow_private=allow_private)


def base_url(environment: str, given: str | None, *, allow_private: bool) -> str:
    """Where Polar's API is: known for its own environments, given for a custom one. Raises `Invalid`."""
    loc = ("body", "polar", "base_url")
    if environment != "custom":
        if given is not None:
            raise Invalid.at(loc, "Only a custom environment has a base_url.")
        return BASE_URLS[environment]
    if given is None:
        raise Invalid.at(loc, "A custom environment needs a base_url.", kind="missing")
    checked = url(given, loc=loc, allow_private=allow_private)
    if urlsplit(checked).query or urlsplit(checked).fragment:
        raise Invalid.at(loc, "The base_url must have no query and no fragment.")
    return checked.rstrip("/")
