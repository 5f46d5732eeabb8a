"""`var/dev.json`: all that a curious person, a script or another process needs to join the installation."""

from pathlib import Path

import msgspec

from agentpay import settings as settings_module
from agentpay.sandbox.places import write_private
from agentpay.settings import Settings

# Not for another process: the demo's Polar, and a port that only one can listen on.
OWN = frozenset({"polar_access_token", "polar_base_url", "metrics_port", "postgres_binaries"})


class Handout(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of `var/dev.json`; `base_url` and `polar_url` are bare origins."""

    base_url: str
    storefront_url: str
    polar_url: str
    admin_key: str
    organization_id: str
    secret_key: str
    publishable_key: str
    identity_secret: str
    polar_access_token: str
    webhook_secret: str | None
    agent_ids: dict[str, str]
    environment: dict[str, str]


def write_handout(path: Path, handout: Handout) -> None:
    """Readable by its owner only: it is full of keys."""
    write_private(path, msgspec.json.format(msgspec.json.encode(handout), indent=2) + b"\n")


def environment_of(settings: Settings) -> dict[str, str]:
    """The `AGENTPAY_*` variables with which another process joins: all settings that are not the default."""
    chosen = {}
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        name = settings_module.variable(field.name)
        if value == field.default or field.name in OWN or not name.startswith(settings_module.PREFIX):
            continue
        chosen[name] = text_of(value)
    return chosen


def text_of(value: object) -> str:
    """A setting as it is written in an environment."""
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
