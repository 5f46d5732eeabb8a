"""Migrations up and down, on every PostgreSQL that is there: the embedded one, and system packages of 15 and newer."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from agentpay.db import migrate
from agentpay.sandbox.postgres import EmbeddedPostgres, find_binaries

SYSTEM = Path("/usr/lib/postgresql")


def servers() -> list[Path]:
    """The folders of the servers' binaries: the embedded one first."""
    return [find_binaries(), *sorted(SYSTEM.glob("1[5-9]/bin"))]


@pytest.fixture(params=servers(), ids=lambda folder: folder.parent.name)
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="agentpay-migrations-"))
    home.chmod(0o711)
    server = EmbeddedPostgres(home, fast=True, binaries=request.param)
    yield server.start()
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {row[0] for row in rows}


def test_up_from_nothing_down_to_nothing_and_up_again(empty_database: str) -> None:
    migrate.upgrade(empty_database)
    assert {"organizations", "conversations", "messages", "turns", "offers", "checkouts", "orders"} <= tables(
        empty_database
    )
    command.check(migrate.config(empty_database))
    migrate.downgrade(empty_database)
    assert tables(empty_database) == {"alembic_version"}
    migrate.upgrade(empty_database)
    migrate.upgrade(empty_database)  # the second time nothing is to be done


def test_the_names_of_the_files_tell_the_revisions() -> None:
    script = ScriptDirectory.from_config(migrate.config(""))
    assert migrate.revisions() == tuple(reversed([each.revision for each in script.walk_revisions()]))


def test_forbidden_rows_are_refused_by_the_database(database_url: str) -> None:
    """What no code of ours may write, the database refuses: statuses, money below the floor, rows across tenants."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        refused = [
            "insert into organizations (id, name, polar_environment, polar_base_url, default_currency)"
            " values (gen_random_uuid(), 'x', 'sandbox', 'x', 'USD')",
            "insert into organizations (id, name, polar_environment, polar_base_url, status)"
            " values (gen_random_uuid(), 'x', 'sandbox', 'x', 'asleep')",
            "insert into idempotency_keys (caller, key, request_hash, locked_until)"
            " values ('page:1', 'k', sha256('x'), now())",
            "insert into jobs (id, kind, status) values (gen_random_uuid(), 'x', 'running')",
            "insert into messages (id, organization_id, conversation_id, sequence, role, content)"
            " values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'user', 'x')",
        ]
        for statement in refused:
            with pytest.raises(psycopg.IntegrityError):
                connection.execute(statement.encode())
