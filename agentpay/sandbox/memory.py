"""What one installation of `dev` remembers between its starts: keys that are shown once, ports, the demo merchant."""

import secrets
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet

from agentpay.sandbox.places import DevError, write_private


class Merchant(msgspec.Struct, kw_only=True):
    """The demo merchant at one Polar, as its owner would have written it down."""

    organization_id: str
    secret_key: str
    publishable_key: str
    identity_secret: str
    notify_secret: str
    agent_ids: dict[str, str] = {}
    provider: str = "template"
    """Who words the agents' answers, as it was last set here."""
    webhook_secret: str | None = None
    webhook_url: str | None = None
    """Where Polar was last told to send its events."""
    polar_url: str
    polar_access_token: str
    storefront_url: str
    is_complete: bool = False
    """Whether agents, articles and webhook were all made."""


class Memory(msgspec.Struct, kw_only=True):
    admin_key: str
    encryption_key: str
    storefront_port: int | None = None
    polar_port: int | None = None
    merchants: dict[str, Merchant] = {}
    """By Polar: `local`, or the base URL and a fingerprint of the token."""


def recall(path: Path) -> Memory:
    """The memory kept at `path`; a new one on the first start. Raises `DevError` when it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        made = Memory(admin_key=f"ap_admin_{secrets.token_urlsafe(24)}", encryption_key=Fernet.generate_key().decode())
        remember(path, made)
        return made
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DevError(f"{path} cannot be understood: start with --reset to throw the kept data away.") from error


def remember(path: Path, memory: Memory) -> None:
    write_private(path, msgspec.json.format(msgspec.json.encode(memory), indent=2) + b"\n")
