"""`agentpay doctor | replay | openapi`: looks at what is there, changes nothing."""

import sys
from uuid import UUID

import click

from agentpay.commands.console import NOT_DONE, Failure, as_json_option, read_settings, run, say, say_json

NO_DATABASE = "postgresql://"
NO_KEY = "A" * 43 + "="
COLOURS = {"well": "green", "note": "yellow", "broken": "red"}


@click.command()
@as_json_option
def doctor(as_json: bool) -> None:
    """Look at database, keys, Redis and every organization's Polar; exit code 1 when something is broken."""
    from agentpay import doctor as examination

    findings = run(examination.examine(read_settings()))
    if as_json:
        say_json(findings)
    else:
        for finding in findings:
            mark = click.style(finding.mark, fg=COLOURS[finding.verdict])
            say(f"{mark} {finding.name:<24} {finding.detail}")
    if any(finding.verdict == "broken" for finding in findings):
        sys.exit(NOT_DONE)


@click.command()
@click.argument("turn_id", type=click.UUID)
@click.option("--whole", is_flag=True, help="Print every question as the provider read it: it holds visitors' words.")
@as_json_option
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
        sys.exit(NOT_DONE)


@click.command()
@click.option("--html", "as_html", is_flag=True, help="The page at /docs instead, whole in itself.")
def openapi(as_html: bool) -> None:
    """Print this release's OpenAPI document. Needs no database and no settings."""
    from agentpay import app, compose, docs_page
    from agentpay.settings import Settings

    # Parts that are never started connect to nothing: what they are made from must only have the right form.
    parts = compose.build(Settings(database_url=NO_DATABASE, encryption_keys=(NO_KEY,)), providers={})
    document = app.contract(parts)
    if as_html:
        click.echo(docs_page.render(document))
    else:
        say_json(document)
