"""`agentpay web | worker | migrate | dev`: what runs, and what must be done before."""

import os
import sys
from pathlib import Path

import click

from agentpay.commands.console import WEB_PORT, Failure, as_json_option, first_line, read_settings, run, say_json
from agentpay.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]
DEV_PORT = 8400


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 listens to the whole network.")
@click.option("--port", default=WEB_PORT, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one.")
@click.option(
    "--worker/--no-worker",
    default=None,
    help="Also do the jobs in this process. Default: yes, unless AGENTPAY_REDIS_URL says that workers are woken by it.",
)
def web(host: str, port: int, worker: bool | None) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C."""
    from agentpay import serve, tracing
    from agentpay.kit import faults

    read = read_settings()
    faults.arm(read.fault)
    with_worker = worker if worker is not None else read.redis_url is None
    try:
        run(serve.serve_until_signal(read, host=host, port=port, with_worker=with_worker))
    except (serve.PortInUse, tracing.TracingMissing) as error:
        raise Failure(str(error)) from error


@click.command()
def worker() -> None:
    """Do jobs, deliveries and sweeps until SIGTERM or Ctrl-C; serves nothing."""
    from agentpay import serve, tracing
    from agentpay.kit import faults

    read = read_settings()
    faults.arm(read.fault)
    try:
        run(serve.work_until_signal(read))
    except (serve.PortInUse, tracing.TracingMissing) as error:
        raise Failure(str(error)) from error


@click.command()
@click.option("--revision", default="head", show_default=True, help="An Alembic revision of this release.")
@as_json_option
def migrate(revision: str, as_json: bool) -> None:
    """Bring the database to this release's schema. Safe to run by several processes at once."""
    import sqlalchemy as sa
    from alembic.util import CommandError

    from agentpay.db import migrate as migrations

    read = read_settings(required=("database_url",))
    before = migrations.find_revision(read.database_url)
    try:
        migrations.upgrade(read.database_url, revision)
    except (sa.exc.SQLAlchemyError, CommandError) as error:
        raise Failure(f"The database could not be migrated: {first_line(error)}") from error
    after = migrations.find_revision(read.database_url)
    if as_json:
        say_json({"before": before, "after": after})
    elif before == after:
        click.echo("The database is up to date.")
    else:
        click.echo(f"The database went from {before or 'nothing'} to revision {after}.")


@click.command()
@click.option("--port", default=DEV_PORT, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one.")
@click.option("--reset", is_flag=True, help="Throw the kept data away first.")
@click.option("--var", type=click.Path(path_type=Path), default=ROOT / "var", hidden=True, help="Where data is kept.")
def dev(port: int, reset: bool, var: Path) -> None:
    """Run everything on this machine: database, API, worker, a local Polar, a demo shop with the chat."""
    from agentpay import serve
    from agentpay.sandbox import dev as sandbox
    from agentpay.sandbox.places import DevError

    try:
        sandbox.run(sandbox.Wishes(var=var, port=port, reset=reset), os.environ, service=serve.running, tell=click.echo)
    except (DevError, SettingsError, serve.PortInUse) as error:
        raise Failure(str(error)) from error
    # Everything is closed. Taking the interpreter apart would keep the person waiting for another second.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
