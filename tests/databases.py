"""Databases beside the session's own."""

from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

from agentpay.db import migrate


def own_database(server_url: str, name: str) -> str:
    """The URL of a migrated database of its own on a server that others use too.

    Its name is new each time: where other tests come between those of a module, its fixtures begin anew.
    """
    name = f"{name}-{uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    migrate.upgrade(url)
    return url
