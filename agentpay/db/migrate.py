"""Migrations as functions: upgrade, downgrade, and whether a database is behind this code."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

ROOT = Path(__file__).resolve().parents[2]
# Any number will do, as long as every AgentPay uses the same: two processes must not migrate at once.
MIGRATION_LOCK = 4_261_117_031


def config(url: str) -> Config:
    made = Config(str(ROOT / "alembic.ini"))
    made.attributes["url"] = url
    return made


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Safe to run by several processes at once: they queue on a lock."""
    engine = sa.create_engine("postgresql+psycopg" + url.removeprefix("postgresql"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            command.upgrade(config(url), revision)
        finally:
            connection.execute(sa.text("select pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    engine.dispose()


def downgrade(url: str, revision: str = "base") -> None:
    command.downgrade(config(url), revision)


def revisions() -> tuple[str, ...]:
    """All revisions this code knows, oldest first. A database at another, newer one is ready too (API § 11)."""
    script = ScriptDirectory.from_config(config(""))
    return tuple(reversed([revision.revision for revision in script.walk_revisions()]))
