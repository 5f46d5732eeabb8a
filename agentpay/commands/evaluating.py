"""`agentpay eval`: scripted buyers against a provider."""

import os
import sys
from typing import Any

import click

from agentpay.commands.console import NOT_DONE, Failure, Progress, as_json_option, run


@click.command("eval")
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
@as_json_option
def evaluate(*, buyers: str, transcript: bool, as_json: bool, **given: Any) -> None:
    """Have scripted buyers play against a provider, on a database of their own; exit code 1 on any violation."""
    from agentpay.sandbox.evaluation import evaluate as evaluation
    from agentpay.sandbox.evaluation import report
    from agentpay.sandbox.postgres import PostgresError, throw_away

    names = tuple(name for name in buyers.replace(",", " ").split())
    wanted = evaluation.Wanted(buyers=names, **given)
    try:
        evaluation.check(wanted, os.environ)
        with throw_away() as url, Progress(label="Talks") as tell:
            played = evaluation.evaluate(url, wanted, environ=os.environ, tell=tell)
            found = run(played)
    except (evaluation.CannotEvaluate, PostgresError) as error:
        raise Failure(str(error)) from error
    if transcript:
        click.echo("\n".join(report.transcripts(found)), err=True)
    click.echo(report.as_json(found) if as_json else "\n".join(report.as_text(found)))
    if found.total.violations:
        sys.exit(NOT_DONE)
