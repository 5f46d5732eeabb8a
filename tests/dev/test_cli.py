"""The command line without a service: what is missing or wrong is one sentence and an exit code."""

import os

import pytest
from click.testing import CliRunner, Result

from agentpay.cli import main

ENCRYPTION_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
NOBODY_THERE = "postgresql://agentpay:hunter2@127.0.0.1:9/agentpay"


def run(*arguments: str, **env: str) -> Result:
    """Whoever runs the tests may have an installation of their own: its settings do not count."""
    own = {name: None for name in os.environ if name.startswith("AGENTPAY_")}
    return CliRunner(env={**own, **env}).invoke(main, arguments)


@pytest.mark.parametrize("command", ["web", "worker", "migrate", "doctor"])
def test_without_a_database_a_command_says_which_variable_is_missing(command: str) -> None:
    result = run(command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: AGENTPAY_DATABASE_URL must be set: ")
    assert result.stderr.count("\n") == 1


def test_org_needs_an_admin_key() -> None:
    result = run("org", "list")
    assert result.exit_code == 1
    assert "AGENTPAY_ADMIN_KEYS must be set" in result.stderr


def test_org_says_where_nobody_answers() -> None:
    result = run("org", "--server", "http://127.0.0.1:9", "list", AGENTPAY_ADMIN_KEYS="an-admin-key")
    assert result.stderr == "Error: AgentPay does not answer at http://127.0.0.1:9: Connection refused.\n"


def test_migrate_and_doctor_tell_of_a_database_that_is_away_but_not_its_password() -> None:
    migrated = run("migrate", AGENTPAY_DATABASE_URL=NOBODY_THERE)
    examined = run("doctor", AGENTPAY_DATABASE_URL=NOBODY_THERE, AGENTPAY_ENCRYPTION_KEYS=ENCRYPTION_KEY)
    assert migrated.exit_code == examined.exit_code == 1
    assert "could not be migrated" in migrated.stderr
    assert "✗ database" in examined.stdout
    assert "hunter2" not in migrated.output + examined.output


def test_help_and_version_load_no_web_server() -> None:
    assert run("--version").output.startswith("agentpay 0.")
    listed = run("--help").output
    for command in ("web", "worker", "migrate", "dev", "doctor", "org"):
        assert f"  {command} " in listed
