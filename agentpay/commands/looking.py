"""`agentpay doctor | replay | openapi`: looks at what is there; changes nothing unless asked."""

import sys
from typing import TYPE_CHECKING
from uuid import UUID

import click

from agentpay.commands.console import NOT_DONE, Failure, as_json_option, read_settings, run, say, say_json

if TYPE_CHECKING:
    from agentpay.doctor.finding import Finding

NO_DATABASE = "postgresql://"
NO_KEY = "A" * 43 + "="
COLOURS = {"well": "green", "note": "yellow", "broken": "red"}


@click.command()
@click.option(
    "--fix", is_flag=True, help="Make or mend Polar's webhook endpoints without asking. Nothing else is changed."
)
@click.option("--strict", is_flag=True, help="Exit code 1 for notes too.")
@as_json_option
def doctor(fix: bool, strict: bool, as_json: bool) -> None:
    """Look at database, keys, Redis, models and every organization's Polar; say what is wrong and what to do.

    Exit code 1 when something is broken, 0 else. Looking changes nothing; at a terminal it offers to make Polar's
    webhook endpoints, with the right events and version.
    """
    from agentpay.doctor import examine

    read = read_settings()
    findings = run(examine.examine(read, tell=say_nothing if as_json else say_finding))
    for organization_id, name in examine.mendable(findings).items():
        asks = not fix and not as_json and sys.stdin.isatty()
        if fix or (asks and click.confirm(f"Mend the webhook endpoint of {name} at Polar?", err=True)):
            mended = run(examine.mend(read, organization_id))
            findings = [each for each in findings if not same(each, mended)] + [mended]
            if not as_json:
                say_finding(mended)
    if as_json:
        say_json(findings)
    if any(finding.verdict == "broken" or (strict and finding.verdict == "note") for finding in findings):
        sys.exit(NOT_DONE)


def same(left: "Finding", right: "Finding") -> bool:
    return (left.check, left.organization_id) == (right.check, right.organization_id)


def say_finding(finding: "Finding") -> None:
    say(f"{click.style(finding.mark, fg=COLOURS[finding.verdict])} {finding.name:<24} {finding.detail}")
    if finding.remedy:
        say(f"  {'':<24} → {finding.remedy}")


def say_nothing(finding: "Finding") -> None:
    """Machines read all of it at the end."""


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
