"""The command line: `agentpay web | worker | migrate | dev | doctor | replay | eval | org …`. It contains nothing.

Whatever goes wrong in an expected way is one sentence on stderr and an exit code that is not zero. Imports wait until
a command needs them: `agentpay --help` must not load a web server.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from agentpay import __version__, settings
from agentpay.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[1]
WEB_PORT = 8000
DEV_PORT = 8400


class Failure(click.ClickException):
    """An expected end: `Error: <sentence>`, exit code 1."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="agentpay %(version)s")
def main() -> None:
    """AgentPay: conversational commerce beside Polar. Settings come from AGENTPAY_* variables."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 listens to the whole network.")
@click.option("--port", default=WEB_PORT, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one.")
@click.option(
    "--worker/--no-worker",
    default=None,
    help="Also do the jobs in this process. Default: yes, unless AGENTPAY_REDIS_URL says that workers are woken by it.",
)
def web(host: str, port: int, worker: bool | None) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C."""
    from agentpay import serve
    from agentpay.kit import faults

    read = read_settings()
    faults.arm(read.fault)
    with_worker = worker if worker is not None else read.redis_url is None
    try:
        run(serve.serve_until_signal(read, host=host, port=port, with_worker=with_worker))
    except serve.PortInUse as error:
        raise Failure(str(error)) from error


@main.command()
def worker() -> None:
    """Do jobs, deliveries and sweeps until SIGTERM or Ctrl-C; serves nothing."""
    from agentpay import serve
    from agentpay.kit import faults

    read = read_settings()
    faults.arm(read.fault)
    run(serve.work_until_signal(read))


@main.command()
@click.option("--revision", default="head", show_default=True, help="An Alembic revision of this release.")
def migrate(revision: str) -> None:
    """Bring the database to this release's schema. Safe to run by several processes at once."""
    import sqlalchemy as sa
    from alembic.util import CommandError

    from agentpay.db import migrate as migrations

    read = read_settings(required=("database_url",))
    try:
        migrations.upgrade(read.database_url, revision)
    except (sa.exc.SQLAlchemyError, CommandError) as error:
        raise Failure(f"The database could not be migrated: {first_line(error)}") from error
    click.echo("The database is up to date.")


@main.command()
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


@main.command()
def doctor() -> None:
    """Look at database, keys, Redis and every organization's Polar; exit code 1 when something is broken."""
    from agentpay import doctor as examination

    findings = run(examination.examine(read_settings()))
    for finding in findings:
        click.echo(f"{finding.mark} {finding.name:<24} {finding.detail}")
    if any(finding.verdict == "broken" for finding in findings):
        sys.exit(1)


@main.command()
@click.argument("turn_id", type=click.UUID)
@click.option("--whole", is_flag=True, help="Print every question as the provider read it: it holds visitors' words.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON document.")
def replay(turn_id: UUID, whole: bool, as_json: bool) -> None:
    """Rebuild a past turn's questions and the engine's decisions; exit code 1 when one differs."""
    from agentpay import replaying
    from agentpay.kit.errors import ExpectedError

    try:
        turn = run(replaying.replayed(read_settings(), turn_id))
    except ExpectedError as error:
        raise Failure(error.detail) from error
    click.echo(replaying.as_json(turn) if as_json else "\n".join(replaying.as_text(turn, whole=whole)))
    if turn.differences:
        sys.exit(1)


@main.command("eval")
@click.option(
    "--provider", default="template", show_default=True, type=click.Choice(["template", "anthropic", "openai"])
)
@click.option("--model", help="Another model of that provider than its default.")
@click.option("--buyers", default="", help="Names, separated by commas. Default: all.")
@click.option(
    "--runs", default=1, show_default=True, type=click.IntRange(1, 100), help="How often each talk is played."
)
@click.option("--seed", default=1, show_default=True, help="The same seed plays the same buyers.")
@click.option("--transcript", is_flag=True, help="Print every talk on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON document.")
def evaluate(*, buyers: str, transcript: bool, as_json: bool, **given: Any) -> None:
    """Have scripted buyers play against a provider, on a database of their own; exit code 1 on any violation."""
    from agentpay.sandbox.evaluation import evaluate as evaluation
    from agentpay.sandbox.evaluation import report
    from agentpay.sandbox.postgres import PostgresError

    names = tuple(name for name in buyers.replace(",", " ").split())
    wanted = evaluation.Wanted(buyers=names, **given)
    try:
        evaluation.check(wanted, os.environ)
        with evaluation.throw_away_database() as url:
            played = evaluation.evaluate(url, wanted, environ=os.environ, tell=lambda line: click.echo(line, err=True))
            found = run(played)
    except (evaluation.CannotEvaluate, PostgresError) as error:
        raise Failure(str(error)) from error
    if transcript:
        click.echo("\n".join(report.transcripts(found)), err=True)
    click.echo(report.as_json(found) if as_json else "\n".join(report.as_text(found)))
    if found.total.violations:
        sys.exit(1)


@main.group()
@click.option("--server", help="Where AgentPay answers. Default: AGENTPAY_PUBLIC_URL, else http://127.0.0.1:8000.")
@click.pass_context
def org(context: click.Context, server: str | None) -> None:
    """Organizations, through the HTTP API of a running AgentPay and the first of AGENTPAY_ADMIN_KEYS."""
    from agentpay.admin_client import AdminClient

    read = read_settings(required=("admin_keys",))
    url = server or read.public_url or f"http://127.0.0.1:{WEB_PORT}"
    context.obj = AdminClient(url.rstrip("/"), admin_key=read.admin_keys[0])


@org.command("create")
@click.option("--name", required=True)
@click.option(
    "--environment", type=click.Choice(["production", "sandbox", "custom"]), default="sandbox", show_default=True
)
@click.option("--base-url", help="Of a custom environment.")
@click.option(
    "--polar-token",
    envvar="AGENTPAY_POLAR_ACCESS_TOKEN",
    prompt="Polar organization access token",
    hide_input=True,
    help="Better in AGENTPAY_POLAR_ACCESS_TOKEN or typed when asked: arguments can be seen by others.",
)
@click.option(
    "--origin", "origins", multiple=True, help="Where the widget may run, as https://shop.example. Repeatable."
)
@click.option("--currency", help="Default currency, e.g. usd.")
@click.option("--success-url", help="Where Polar sends the buyer back to.")
@click.option("--notify-url", help="Where AgentPay sends its notifications.")
@click.pass_obj
def org_create(client: Any, /, *, polar_token: str, origins: tuple[str, ...], **given: str | None) -> None:
    """Make an organization and print its keys: they are shown this once."""
    polar = {"environment": given["environment"], "base_url": given["base_url"], "access_token": polar_token}
    body = {
        "name": given["name"],
        "polar": without_none(polar),
        "allowed_origins": list(origins),
        **without_none(
            {
                "default_currency": given["currency"],
                "success_url": given["success_url"],
                "notify_url": given["notify_url"],
            }
        ),
    }
    made = asked(client, "POST", "/v1/organizations", body)
    for field in ("id", "status", "publishable_key", "secret_key", "identity_secret", "notify_secret"):
        click.echo(f"{field:<16} {made.get(field)}")
    click.echo("Keep the keys and secrets: they are not shown again.", err=True)


@org.command("list")
@click.pass_obj
def org_list(client: Any) -> None:
    """List all organizations, newest first."""
    cursor: str | None = ""
    while cursor is not None:
        page = asked(client, "GET", f"/v1/organizations?limit=100{f'&cursor={cursor}' if cursor else ''}")
        for each in page["items"]:
            products = each["catalog"]["products"]
            click.echo(f"{each['id']}  {each['status']:<10}  {products:>5} products  {each['name']}")
        cursor = page["next_cursor"]


@org.command("sync")
@click.argument("organization_id", type=click.UUID)
@click.pass_obj
def org_sync(client: Any, organization_id: object) -> None:
    """Read the catalogue again now."""
    asked(client, "POST", f"/v1/organizations/{organization_id}/sync")
    click.echo("The catalogue is being read.")


@org.command("rotate")
@click.argument("organization_id", type=click.UUID)
@click.argument("what", type=click.Choice(["identity", "webhook", "notify"]))
@click.pass_obj
def org_rotate(client: Any, organization_id: object, what: str) -> None:
    """Give an organization a new secret; the old one works 24 hours more."""
    rotated = asked(client, "POST", f"/v1/organizations/{organization_id}/rotate", {"what": what})
    if rotated.get("secret"):
        click.echo(rotated["secret"])
    click.echo(f"The old {what} secret works until {rotated['previous_valid_until']}.", err=True)


def read_settings(*, required: Iterable[str] = settings.REQUIRED) -> Settings:
    try:
        return settings.read(os.environ, required=required)
    except SettingsError as error:
        raise Failure(str(error)) from error


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end on uvloop. A database that is not there is a sentence, not a trace."""
    import psycopg
    import uvloop

    from agentpay.kit.errors import Unavailable

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except psycopg.Error as error:
        raise Failure(f"The database cannot be used: {first_line(error)}") from error
    except Unavailable as error:
        raise Failure(error.detail) from error


def asked(client: Any, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    from agentpay.admin_client import CallFailed

    try:
        return client.call(method, path, body)
    except CallFailed as error:
        raise Failure(str(error)) from error


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
