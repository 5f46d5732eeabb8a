"""Alembic's entry. The URL comes from `db/migrate.py`, or from AGENTPAY_DATABASE_URL on alembic's own command line."""

import importlib
import os

import sqlalchemy as sa
from alembic import context

from agentpay.db.base import Base

PACKAGES = (
    "organizations", "callers", "agents", "knowledge", "catalog", "conversations", "offers", "checkout", "turns",
    "webhooks", "jobs",
)  # fmt: skip
for package in PACKAGES:
    importlib.import_module(f"agentpay.{package}.models")

LOCK_TIMEOUT = "5s"


def database_url() -> str:
    url = context.config.attributes.get("url") or os.environ["AGENTPAY_DATABASE_URL"]
    return "postgresql+psycopg" + str(url).removeprefix("postgresql").removeprefix("postgres")


engine = sa.create_engine(database_url(), poolclass=sa.NullPool)
with engine.connect() as connection:
    connection.execute(sa.text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()
