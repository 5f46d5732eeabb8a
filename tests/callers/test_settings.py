"""Settings: what an operator gets right is read, what is wrong is named in a sentence, secrets stay unseen."""

import pytest
from cryptography.fernet import Fernet

from agentpay import settings
from agentpay.settings import SettingsError

KEY = Fernet.generate_key().decode()
ENOUGH = {"AGENTPAY_DATABASE_URL": "postgresql://acme:hunter2@db/agentpay", "AGENTPAY_ENCRYPTION_KEYS": KEY}


def test_two_settings_are_enough() -> None:
    read = settings.read(ENOUGH)
    assert read.database_url == "postgresql://acme:hunter2@db/agentpay"
    assert read.encryption_keys == (KEY,)
    assert (read.starts_per_address_per_minute, read.messages_per_conversation, read.drain_seconds) == (20, 200, 20)
    assert not read.allow_private_addresses


def test_values_are_read_by_their_types() -> None:
    read = settings.read(
        {
            **ENOUGH,
            "AGENTPAY_ADMIN_KEYS": "first-admin-key, second-admin-key",
            "AGENTPAY_TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "AGENTPAY_ALLOW_PRIVATE_ADDRESSES": "Yes",
            "AGENTPAY_LOG_LEVEL": "WARNING",
            "AGENTPAY_DRAIN_SECONDS": "1.5",
            "AGENTPAY_METRICS_PORT": "9100",
            "AGENTPAY_PUBLIC_URL": "https://pay.acme.example/",
            "AGENTPAY_POSTGRES_BINARIES": "/opt/pg",
            "ANTHROPIC_API_KEY": "sk-ant-1",
            "PATH": "/bin",
        }
    )
    assert read.admin_keys == ("first-admin-key", "second-admin-key")
    assert read.trusted_proxies == ("10.0.0.0/8", "::1")
    assert read.allow_private_addresses
    assert (read.log_level, read.drain_seconds, read.metrics_port) == ("warning", 1.5, 9100)
    assert read.public_url == "https://pay.acme.example"
    assert read.anthropic_api_key == "sk-ant-1"


def test_an_empty_variable_is_not_set_and_defaults_stand_in() -> None:
    read = settings.read({**ENOUGH, "AGENTPAY_DRAIN_SECONDS": ""}, defaults={"drain_seconds": "1"})
    assert read.drain_seconds == 1


def test_migrating_needs_only_the_database() -> None:
    environ = {"AGENTPAY_DATABASE_URL": "postgresql://db/agentpay"}
    assert settings.read(environ, required=["database_url"]).encryption_keys == ()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("AGENTPAY_DATABSE_URL", "x", "is not a setting of AgentPay; did you mean AGENTPAY_DATABASE_URL?"),
        ("AGENTPAY_DATABASE_URL", "mysql://root:hunter2@db", "must begin with postgresql://."),
        ("AGENTPAY_DATABASE_URL", "", "must be set"),
        ("AGENTPAY_ENCRYPTION_KEYS", "hunter2", "must hold Fernet keys"),
        ("AGENTPAY_ADMIN_KEYS", "hunter2", "at least 8 ASCII characters"),
        ("AGENTPAY_ADMIN_KEYS", "ap_sk_hunter2", "must not hold a secret key"),
        ("AGENTPAY_POOL_MAX", "many", "must be a number"),
        ("AGENTPAY_POOL_MAX", "1", ">= 2"),
        ("AGENTPAY_STREAMS_PER_ADDRESS", "0", ">= 1"),
        ("AGENTPAY_ALLOW_PRIVATE_ADDRESSES", "maybe", "must be true or false, not 'maybe'"),
        ("AGENTPAY_LOG_FORMAT", "xml", "must be one of auto, console, json"),
        ("AGENTPAY_PUBLIC_URL", "pay.acme.example", "must be an http or https URL"),
        ("AGENTPAY_PUBLIC_URL", "http://[", "must be an http or https URL"),
        ("AGENTPAY_TRUSTED_PROXIES", "10.0.0.0/8,proxy", "must hold addresses or CIDR ranges"),
        ("AGENTPAY_REDIS_URL", "http://redis", "must begin with redis://"),
        ("AGENTPAY_REDIS_URL", "redis://redis:x", "must have a port"),
    ],
)
def test_a_wrong_setting_is_named_in_a_sentence(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.read({**ENOUGH, name: value})
    assert str(caught.value).startswith(name)
    assert sentence in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_no_secret_is_ever_shown() -> None:
    environ = {**ENOUGH, "AGENTPAY_ADMIN_KEYS": "the-admin-key", "OPENAI_API_KEY": "sk-openai"}
    shown = repr(settings.read(environ))
    assert not any(secret in shown for secret in ("hunter2", KEY, "the-admin-key", "sk-openai"))
    assert "pool_max=12" in shown
