"""`agentpay conversation export | erase`: what a person may ask of whoever runs AgentPay."""

import os
import sys
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click

from agentpay.commands.console import Failure, as_json_option, database, run, say_json

PRIVATE: Final = 0o600


@click.group()
def conversation() -> None:
    """One person's conversation: hand it out, or erase it."""


@conversation.command("export")
@click.argument("conversation_id", metavar="ID", type=click.UUID)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file, for you alone.")
@as_json_option
def export_conversation(conversation_id: UUID, output: Path | None, as_json: bool) -> None:
    """Print everything held about the person as one JSON document, or write it to a file."""
    document = run(_exported(conversation_id))
    if output is None:
        say_json(document)
        return
    write_private(output, document)
    counts = {name: len(rows) for name, rows in document.items() if isinstance(rows, list)}
    if as_json:
        say_json({"conversation_id": conversation_id, "file": str(output), "counts": counts})
    else:
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
        click.echo(f"Wrote {output}: {told or 'nothing but the conversation itself'}.")


@conversation.command("erase")
@click.argument("conversation_id", metavar="ID", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def erase_conversation(conversation_id: UUID, yes: bool, as_json: bool) -> None:
    """Erase the person: texts, context, identity, for good. Amounts and ids of what was bought stay."""
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise click.UsageError("Nobody is there to be asked: give --yes.")
        click.confirm(f"Erase conversation {conversation_id} for good?", abort=True, err=True)
    run(_erased(conversation_id))
    if as_json:
        say_json({"conversation_id": conversation_id, "erased": True})
    else:
        click.echo("The person is erased from this conversation.")


async def _exported(conversation_id: UUID) -> dict[str, Any]:
    from agentpay.kit.errors import NotFound
    from agentpay.privacy.export import export
    from agentpay.privacy.operating import get_organization_id

    async with database() as db:
        try:
            organization_id = await get_organization_id(db, conversation_id=conversation_id)
            return await export(db, organization_id=organization_id, conversation_id=conversation_id)
        except NotFound as error:
            raise Failure(f"There is no conversation {conversation_id}, or it was erased.") from error


async def _erased(conversation_id: UUID) -> None:
    from agentpay.conversations.append import Appender
    from agentpay.db.doorbell import Doorbell
    from agentpay.jobs.enqueue import Jobs
    from agentpay.kit.errors import NotFound
    from agentpay.kit.ids import uuid7
    from agentpay.privacy.erase import erase
    from agentpay.privacy.operating import get_organization_id

    async with database() as db:
        try:
            organization_id = await get_organization_id(db, conversation_id=conversation_id)
        except NotFound as error:
            raise Failure(f"There is no conversation {conversation_id}.") from error
        doorbell = Doorbell(db)  # nobody listens to this one: open streams find the end by looking
        await erase(
            db,
            Appender(doorbell, Jobs(doorbell)),
            organization_id=organization_id,
            conversation_id=conversation_id,
            owner=uuid7(),
        )


def write_private(path: Path, document: Any) -> None:
    """A new file that nobody else may read. Raises Failure."""
    import msgspec

    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError as error:
        raise Failure(f"{path} exists already.") from error
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(number, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
