"""What an operator sets: `AGENTPAY_*` from the environment, read once at the top and passed down as values.

`read(os.environ)` returns `Settings` or raises `SettingsError` with one sentence that names the variable. No message
and no `repr` holds the value of a secret.
"""

import base64
import binascii
import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

from agentpay.kit import faults

PREFIX = "AGENTPAY_"
ENCRYPTION_KEY_BYTES = 32
ADMIN_KEY_CHARACTERS_MIN = 8
CREDENTIAL_PREFIXES = ("ap_sk_", "ap_pk_", "ap_ct_")

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]

# What serving and working need; `migrate` needs only the first.
REQUIRED = ("database_url", "encryption_keys")

# Read by their own names, because other programs know them too.
FOREIGN = {
    "anthropic_api_key": "ANTHROPIC_API_KEY",
    "anthropic_base_url": "ANTHROPIC_BASE_URL",
    "openai_api_key": "OPENAI_API_KEY",
    "openai_base_url": "OPENAI_BASE_URL",
}
SECRET = frozenset(
    {
        "database_url", "listen_url", "redis_url", "admin_keys", "encryption_keys", "polar_access_token",
        "anthropic_api_key", "openai_api_key",
    }
)  # fmt: skip


class SettingsError(Exception):
    """A setting is missing, unknown or wrong. The message is one sentence for the operator."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings with their defaults. Limits per conversation, address and key are those of API § 10."""

    database_url: str = ""
    listen_url: str | None = None  # for LISTEN, where database_url goes through a transaction pooler
    redis_url: str | None = None  # absent = jobs are driven inside the process
    public_url: str | None = None  # where Polar and browsers reach this service
    admin_keys: tuple[str, ...] = ()
    encryption_keys: tuple[str, ...] = ()  # Fernet keys; the first one writes
    trusted_proxies: tuple[str, ...] = ()  # addresses and CIDR ranges whose X-Forwarded-For counts
    allow_private_addresses: bool = False  # http and private addresses for Polar and merchants' URLs
    postgres_binaries: str | None = None  # the embedded server of `dev` and tests

    polar_access_token: str | None = None  # `dev` only
    polar_base_url: str | None = None  # `dev` only

    anthropic_api_key: str | None = None
    anthropic_base_url: str | None = None
    openai_api_key: str | None = None
    openai_base_url: str | None = None

    drain_seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 20.0
    pool_max: Annotated[int, msgspec.Meta(ge=2, le=500)] = 12  # database connections of a process
    worker_concurrency: Annotated[int, msgspec.Meta(ge=1, le=200)] = 8  # jobs of a process at the same time
    metrics_port: Port | None = None
    traces_url: str | None = None  # where an OpenTelemetry collector takes traces; needs the extra `otel`
    traces_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0  # of all traces, each whole or not at all
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    fault: str | None = None  # tests only: where this process is to be killed

    starts_per_address_per_minute: Count = 20
    starts_per_key_per_minute: Count = 600
    messages_per_conversation_per_minute: Count = 20
    messages_per_conversation: Count = 200
    secret_key_requests_per_minute: Count = 1_000
    coupon_tries_per_conversation: Count = 5
    standing_offers_per_address: Count = 3
    streams_per_conversation: Count = 5
    streams_per_address: Count = 50

    def __repr__(self) -> str:
        shown = (f"{name}={self._shown(name)}" for name in self.__struct_fields__)
        return f"Settings({', '.join(shown)})"

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        return "'…'" if name in SECRET and value else repr(value)


def read(
    environ: Mapping[str, str], *, defaults: Mapping[str, str] | None = None, required: Iterable[str] = REQUIRED
) -> Settings:
    """Settings from `environ`; `defaults` are text too, by field name, and stand in for what is not set (`dev`).

    An empty variable counts as not set. Raises `SettingsError`.
    """
    refuse_unknown(environ)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        text = environ.get(variable(field.name), "").strip() or (defaults or {}).get(field.name, "")
        if text:
            values[field.name] = parse(field.name, field.type, text)
    for name in required:
        if not values.get(name):
            raise SettingsError(f"{variable(name)} must be set: {MEANING.get(name, 'see the README')}.")
    settings = Settings(**values)
    if settings.fault and (settings.public_url or "").startswith("https:"):
        raise SettingsError(
            f"{variable('fault')} is for tests: it must not be set where {variable('public_url')} is https."
        )
    return settings


def variable(name: str) -> str:
    """The environment variable of a field."""
    return FOREIGN.get(name, PREFIX + name.upper())


def refuse_unknown(environ: Mapping[str, str]) -> None:
    """A misspelt name must not pass silently as a default. Raises `SettingsError`."""
    known = [variable(name) for name in Settings.__struct_fields__]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise SettingsError(f"{name} is not a setting of AgentPay{hint}")


def parse(name: str, kind: Any, text: str) -> Any:
    """The value of one setting. Raises `SettingsError` naming its variable."""
    try:
        value = convert(kind, text)
        CHECKS.get(name, accept)(value)
    except (msgspec.ValidationError, ValueError) as error:
        shown = "" if name in SECRET else f", not {text!r}"
        raise SettingsError(f"{variable(name)} {expectation(kind, error)}{shown}.") from None
    return value.rstrip("/") if name == "public_url" else value


def convert(kind: Any, text: str) -> Any:
    if get_origin(kind) is tuple:
        return tuple(part for part in re.split(r"[\s,]+", text) if part)
    if kind is bool:
        return SWITCH[text.lower()] if text.lower() in SWITCH else _fail("must be true or false")
    return msgspec.convert(text.lower() if get_origin(kind) is Literal else text, kind, strict=False)


def expectation(kind: Any, error: Exception) -> str:
    """What a value must be, in words; msgspec's own words name no value for numbers."""
    if not isinstance(error, msgspec.ValidationError):
        return str(error)
    if get_origin(kind) is Literal:
        return "must be one of " + ", ".join(get_args(kind))
    return "must be a number within its range (" + str(error).replace("`", "").lower() + ")"


def _fail(message: str) -> Any:
    raise ValueError(message)


def accept(value: Any) -> None:
    """No further condition."""


def check_postgres_url(url: str) -> None:
    if not url.startswith(("postgresql://", "postgres://")):
        _fail("must begin with postgresql://")


def check_redis_url(url: str) -> None:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        _fail("must begin with redis://, rediss:// or unix://")
    try:
        sound = urlsplit(url).port != 0
    except ValueError:
        sound = False
    if not sound:
        _fail("must have a port between 1 and 65535, or none")


def check_http_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or parts.username:
        _fail("must be an http or https URL without user, query and fragment")


def check_admin_keys(keys: tuple[str, ...]) -> None:
    for key in keys:
        if len(key) < ADMIN_KEY_CHARACTERS_MIN or not key.isascii():
            _fail(f"must hold keys of at least {ADMIN_KEY_CHARACTERS_MIN} ASCII characters")
        if key.startswith(CREDENTIAL_PREFIXES):
            _fail("must not hold a secret key, publishable key or conversation token")


def check_encryption_keys(keys: tuple[str, ...]) -> None:
    for key in keys:
        try:
            sound = len(base64.b64decode(key, altchars=b"-_", validate=True)) == ENCRYPTION_KEY_BYTES
        except (binascii.Error, ValueError):
            sound = False
        if not sound:
            _fail("must hold Fernet keys: 32 random bytes each in URL-safe base64")


def check_networks(networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            _fail("must hold addresses or CIDR ranges")


SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
MEANING = {
    "database_url": "the libpq URL of the PostgreSQL database, postgresql://user:password@host/name",
    "encryption_keys": "one or more Fernet keys, newest first",
    "admin_keys": "the keys with which an operator creates organizations",
    "public_url": "where Polar and browsers reach this service",
}
CHECKS: dict[str, Callable[[Any], None]] = {
    "database_url": check_postgres_url,
    "listen_url": check_postgres_url,
    "redis_url": check_redis_url,
    "public_url": check_http_url,
    "polar_base_url": check_http_url,
    "traces_url": check_http_url,
    "anthropic_base_url": check_http_url,
    "openai_base_url": check_http_url,
    "admin_keys": check_admin_keys,
    "encryption_keys": check_encryption_keys,
    "trusted_proxies": check_networks,
    "fault": faults.check,
}
