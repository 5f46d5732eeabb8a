"""What all commands share: settings, the event loop, ways to speak, exit codes.

0 done · 1 an expected failure, told as one sentence, or a finding (`doctor`, `replay`, an id that could not be retried)
· 2 wrong usage.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from agentpay import settings
from agentpay.settings import Settings, SettingsError

if TYPE_CHECKING:
    from agentpay.db.engine import Database

NOT_DONE: Final = 1
WEB_PORT: Final = 8000
CONNECTIONS_MAX: Final = 2
GAP: Final = "  "
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# A cell of a table: its text, and a colour where it has one.
Cell = str | tuple[str, str]

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document, for machines.")


class Failure(click.ClickException):
    """An expected end: `Error: <sentence>`, exit code 1."""


def read_settings(*, required: Iterable[str] = settings.REQUIRED) -> Settings:
    """The settings of this environment. Raises Failure."""
    try:
        return settings.read(os.environ, required=required)
    except SettingsError as error:
        raise Failure(str(error)) from error


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end on uvloop. A database that is not there is a sentence, not a trace. Raises Failure."""
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


@asynccontextmanager
async def database() -> "AsyncIterator[Database]":
    """The database of the settings, for the length of a command."""
    from agentpay.db.engine import Database

    db = Database(read_settings(required=("database_url",)).database_url, pool_max=CONNECTIONS_MAX)
    await db.open()
    try:
        yield db
    finally:
        await db.close()


def say(line: str) -> None:
    """A line on stdout; its colours are for terminals only, and never where `NO_COLOR` is set."""
    click.echo(line, color=False if os.environ.get("NO_COLOR") else None)


def say_json(value: Any) -> None:
    """One JSON document on stdout."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


class Progress:
    """How far long work is: a bar that moves on a terminal's stderr, else a line for each step that is done."""

    def __init__(self, *, label: str) -> None:
        self._label = label
        self._bar: Any = None

    def __call__(self, done: int, total: int, line: str) -> None:
        if not sys.stderr.isatty():
            click.echo(line, err=True)
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, label=self._label, file=sys.stderr, show_pos=True)
            self._bar.__enter__()
        self._bar.update(done - self._bar.pos)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)


def say_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Aligned columns under `headers`."""
    texts = [[cell if isinstance(cell, str) else cell[0] for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *texts, strict=True)]
    _say_row([(name, "bright_black") for name in headers], widths)
    for row in rows:
        _say_row(row, widths)


def _say_row(row: Sequence[Cell], widths: Sequence[int]) -> None:
    last = len(row) - 1
    shown = []
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        text, colour = (cell, None) if isinstance(cell, str) else cell
        shown.append(click.style(text, fg=colour) + " " * (0 if place == last else width - len(text)))
    say(GAP.join(shown))


def span(moment: datetime | None, *, now: datetime) -> str:
    """How far away, in the largest unit that fits: `5 min ago`, `in 2 h`."""
    if moment is None:
        return ""
    seconds = (moment - now).total_seconds()
    size = abs(seconds)
    units = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s"))
    many, unit = next(((int(size // length), unit) for length, unit in units if size >= length), (0, "s"))
    if not many:
        return "now"
    return f"in {many} {unit}" if seconds > 0 else f"{many} {unit} ago"


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
