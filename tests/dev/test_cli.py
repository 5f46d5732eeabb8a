"""The command line without a service: what is missing or wrong is one sentence and an exit code."""

import pytest

from tests.dev.process import agentpay

ENCRYPTION_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
NOBODY_THERE = "postgresql://agentpay:hunter2@127.0.0.1:9/agentpay"


@pytest.mark.parametrize("command", ["web", "worker", "migrate", "doctor"])
def test_without_a_database_a_command_says_which_variable_is_missing(command: str) -> None:
    result = agentpay(command)
    assert result.code == 1
    assert result.error.startswith("Error: AGENTPAY_DATABASE_URL must be set: ")
    assert result.error.count("\n") == 1


def test_org_needs_an_admin_key() -> None:
    result = agentpay("org", "list")
    assert result.code == 1
    assert "AGENTPAY_ADMIN_KEYS must be set" in result.error


def test_org_says_where_nobody_answers() -> None:
    result = agentpay("org", "--server", "http://127.0.0.1:9", "list", env={"AGENTPAY_ADMIN_KEYS": "an-admin-key"})
    assert result.error == "Error: AgentPay does not answer at http://127.0.0.1:9: Connection refused.\n"


def test_migrate_and_doctor_tell_of_a_database_that_is_away_but_not_its_password() -> None:
    migrated = agentpay("migrate", env={"AGENTPAY_DATABASE_URL": NOBODY_THERE})
    settings = {"AGENTPAY_DATABASE_URL": NOBODY_THERE, "AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY}
    examined = agentpay("doctor", env=settings)
    assert migrated.code == examined.code == 1
    assert "could not be migrated" in migrated.error
    assert "✗ database" in examined.out
    assert "hunter2" not in migrated.out + migrated.error + examined.out + examined.error


def test_the_commands_are_listed() -> None:
    assert agentpay("--version").out.startswith("agentpay 0.")
    listed = agentpay("--help").out
    for command in ("web", "worker", "migrate", "dev", "doctor", "org"):
        assert f"  {command} " in listed
