"""`agentpay deliveries list | retry`: Polar's webhooks and what became of them, of all organizations."""

import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from agentpay.commands.console import NOT_DONE, Cell, as_json_option, database, run, say_json, say_table, span

STATUSES = ("received", "applied", "ignored", "parked")
COLOURS = {"received": "yellow", "applied": "green", "ignored": "bright_black", "parked": "red"}
LIMIT_DEFAULT = 50
LIMIT_MAX = 1_000


@click.group()
def deliveries() -> None:
    """Webhooks that Polar delivered. Their bodies are not shown."""


@deliveries.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--organization", "organization_id", type=click.UUID, help="Only this organization's.")
@click.option("--limit", default=LIMIT_DEFAULT, show_default=True, type=click.IntRange(1, LIMIT_MAX))
@as_json_option
def list_deliveries(status: str | None, organization_id: UUID | None, limit: int, as_json: bool) -> None:
    """List deliveries, newest first."""
    from agentpay.kit.clock import utc_now
    from agentpay.webhooks import operating

    async def found() -> list[dict[str, Any]]:
        async with database() as db:
            return await operating.list_all(db, organization_id=organization_id, status=status, limit=limit)

    rows = run(found())
    if as_json:
        say_json(rows)
    elif rows:
        now = utc_now()
        headers = ("ID", "ORGANIZATION", "TYPE", "STATUS", "TRIES", "CAME", "ERROR")
        say_table(headers, [_shown(row, now=now) for row in rows])
    else:
        click.echo("No such deliveries.", err=True)


def _shown(row: dict[str, Any], *, now: datetime) -> list[Cell]:
    return [
        str(row["id"]),
        row["organization_name"],
        row["type"],
        (row["status"], COLOURS[row["status"]]),
        str(row["attempt"]),
        span(row["received_at"], now=now),
        row["error"] or "",
    ]


@deliveries.command("retry")
@click.argument("delivery_ids", metavar="[ID]…", type=click.UUID, nargs=-1)
@click.option("--all-parked", is_flag=True, help="Every parked delivery instead of some.")
@as_json_option
def retry(delivery_ids: tuple[UUID, ...], all_parked: bool, as_json: bool) -> None:
    """Apply deliveries again, with all their tries: twice changes nothing. Exit code 1 when one of the ids was not."""
    from agentpay.webhooks import operating

    if bool(delivery_ids) is all_parked:
        raise click.UsageError("Give ids, or --all-parked.")

    async def retried() -> list[UUID]:
        async with database() as db:
            return await operating.retry_any(db, delivery_ids=None if all_parked else delivery_ids)

    again = run(retried())
    left = [delivery_id for delivery_id in delivery_ids if delivery_id not in again]
    if as_json:
        say_json({"retried": again, "left": left})
    else:
        click.echo(f"{len(again)} {'delivery is' if len(again) == 1 else 'deliveries are'} applied again.")
        for delivery_id in left:
            click.echo(f"{delivery_id} was left: there is none, or its body was erased.", err=True)
    if left:
        sys.exit(NOT_DONE)
