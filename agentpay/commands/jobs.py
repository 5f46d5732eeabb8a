"""`agentpay jobs list | retry`: the job table, straight from the database."""

import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from agentpay.commands.console import NOT_DONE, Cell, as_json_option, database, run, say_json, say_table, span

STATUSES = ("pending", "running", "done", "dead")
COLOURS = {"pending": "yellow", "running": "cyan", "done": "green", "dead": "red"}
LIMIT_DEFAULT = 50
LIMIT_MAX = 1_000


@click.group()
def jobs() -> None:
    """Background jobs: what waits, what runs, what died."""


@jobs.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--kind", help="Only these, e.g. catalog.sync.")
@click.option("--limit", default=LIMIT_DEFAULT, show_default=True, type=click.IntRange(1, LIMIT_MAX))
@as_json_option
def list_jobs(status: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """List jobs, newest first."""
    from agentpay.jobs import repository
    from agentpay.kit.clock import utc_now

    async def found() -> list[dict[str, Any]]:
        async with database() as db:
            return await repository.list_jobs(db, status=status, kind=kind, limit=limit)

    rows = run(found())
    if as_json:
        say_json(rows)
    elif rows:
        now = utc_now()
        say_table(("ID", "KIND", "STATUS", "TRY", "MADE", "WHEN", "ERROR"), [_shown(row, now=now) for row in rows])
    else:
        click.echo("No such jobs.", err=True)


def _shown(row: dict[str, Any], *, now: datetime) -> list[Cell]:
    when = row["finished_at"] or (row["run_at"] if row["status"] == "pending" else None)
    return [
        str(row["id"]),
        row["kind"],
        (row["status"], COLOURS[row["status"]]),
        f"{row['attempt']}/{row['attempts_max']}",
        span(row["created_at"], now=now),
        span(when, now=now),
        row["error"] or "",
    ]


@jobs.command("retry")
@click.argument("job_ids", metavar="[ID]…", type=click.UUID, nargs=-1)
@click.option("--all-dead", is_flag=True, help="Every dead job instead of some.")
@as_json_option
def retry(job_ids: tuple[UUID, ...], all_dead: bool, as_json: bool) -> None:
    """Give dead jobs their tries back; workers run them within seconds. Exit code 1 when one of the ids was not."""
    from agentpay.jobs import repository

    if bool(job_ids) is all_dead:
        raise click.UsageError("Give ids, or --all-dead.")

    async def retried() -> list[UUID]:
        async with database() as db:
            return await repository.retry_dead(db, job_ids=None if all_dead else job_ids)

    again = run(retried())
    left = [job_id for job_id in job_ids if job_id not in again]
    if as_json:
        say_json({"retried": again, "left": left})
    else:
        click.echo(f"{len(again)} {'job runs' if len(again) == 1 else 'jobs run'} again.")
        for job_id in left:
            click.echo(f"{job_id} was left: it is not dead, or its key is taken by another.", err=True)
    if left:
        sys.exit(NOT_DONE)
