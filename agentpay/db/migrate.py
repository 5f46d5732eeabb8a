"""Migrations as functions: upgrade, downgrade, and whether a database is behind this code.

Alembic takes a third of a second to import, so it is, only where there is something for it to do.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ROOT / "migrations" / "versions"
# Any number will do, as long as every AgentPay uses the same: two processes must not migrate at once.
MIGRATION_LOCK = 4_261_117_031


def config(url: str) -> "Config":
    from alembic.config import Config

    made = Config(str(ROOT / "alembic.ini"))
    made.attributes["url"] = url
    return made


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Safe to run by several processes at once: they queue on a lock."""
    if revision == "head" and is_current(url):
        return
    from alembic import command

    engine = sa.create_engine("postgresql+psycopg" + url.removeprefix("postgresql"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            command.upgrade(config(url), revision)
        finally:
            connection.execute(sa.text("select pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    engine.dispose()


def downgrade(url: str, revision: str = "base") -> None:
    from alembic import command

    command.downgrade(config(url), revision)


def revisions() -> tuple[str, ...]:
    """All revisions this code knows, oldest first, from the names of their files (a test holds them to Alembic's)."""
    return tuple(sorted(path.stem.split("_")[0] for path in VERSIONS.glob("[0-9]*.py")))


def is_current(url: str) -> bool:
    """Whether the database stands exactly at this code's newest revision."""
    return find_revision(url) == revisions()[-1]


def find_revision(url: str) -> str | None:
    """Where the database stands; None: nothing is there yet, or it is away: whoever migrates says so."""
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("select version_num from alembic_version").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
        return None
    return None if row is None else str(row[0])
