"""How one stand-in behaves: the knobs that tests and `dev` turn."""

import msgspec


class PolarSettings(msgspec.Struct, kw_only=True):
    """Defaults are the real sandbox's; `for_tests` makes the same thing quick and quiet.

    Delays are seconds as recorded, multiplied by `delay_scale`; waits between webhook attempts by `retry_scale`.
    """

    public_url: str = "http://127.0.0.1:8900"
    """Prefix of checkout, portal and image URLs. `serve` sets it to the address it listens on."""
    default_version: str = "2026-10"
    """Version served when `Polar-Version` is absent; the recorded server's was 2026-04."""
    sandbox: bool = True
    rate_per_minute: int | None = 100
    """Calls per organization and fixed minute; None switches the limit off."""
    pending_rate_per_minute: int | None = 60
    confirm_limits: bool = True
    """6 a minute and 20 an hour per caller, then blocked for half an hour."""
    delay_scale: float = 1.0
    retry_scale: float = 1.0
    slow_payment_seconds: float = 5.0
    """How long a `ctoken_slow_*` payment takes; not scaled."""
    confirm_seconds: float = 0.15
    """How long a confirm holds its locks (the card back end's answer time); scaled."""
    late_decline_seconds: float = 2.0
    """When the notice of a declined card arrives after the 400; scaled."""
    insecure_endpoints: bool = False
    """Webhook endpoints may be http and loopback."""
    old_secrets: bool = False
    """New webhook secrets follow the scheme from before 2026-09-08."""
    control: bool = False
    """Serve `/_control/…` without credentials."""


def for_tests(**changes: object) -> PolarSettings:
    """No limits, no delays, webhooks to loopback, controls on. `changes` override fields by name."""
    quick: dict[str, object] = {
        "rate_per_minute": None,
        "pending_rate_per_minute": None,
        "confirm_limits": False,
        "delay_scale": 0.0,
        "retry_scale": 0.002,
        "slow_payment_seconds": 0.3,
        "insecure_endpoints": True,
        "control": True,
    }
    return msgspec.convert({**quick, **changes}, PolarSettings)


def for_dev(**changes: object) -> PolarSettings:
    """What `run.py dev` uses: generous limits, webhooks within a second, controls on."""
    lively: dict[str, object] = {
        "rate_per_minute": 1000,
        "pending_rate_per_minute": None,
        "confirm_limits": False,
        "delay_scale": 0.25,
        "retry_scale": 0.25,
        "insecure_endpoints": True,
        "control": True,
    }
    return msgspec.convert({**lively, **changes}, PolarSettings)
