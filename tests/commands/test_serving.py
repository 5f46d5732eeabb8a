"""`web` and `worker` where they cannot begin."""

import subprocess
import sys

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from tests.dev.process import environment

ENDS_SECONDS_MAX = 50


@pytest.mark.parametrize("role", [["web", "--port", "0"], ["worker"]], ids=lambda role: role[0])
def test_on_a_database_without_tables_it_ends_with_a_sentence(role: list[str], database_url: str) -> None:
    name = f"empty_{role[0]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    url = make_url(database_url).set(database=name).render_as_string(hide_password=False)
    given = environment(AGENTPAY_DATABASE_URL=url, AGENTPAY_ENCRYPTION_KEYS=Fernet.generate_key().decode())
    command = [sys.executable, "-m", "agentpay", *role]
    ended = subprocess.run(command, env=given, capture_output=True, text=True, timeout=ENDS_SECONDS_MAX, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The database cannot be used")
