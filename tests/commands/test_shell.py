"""The command line as a whole: completion, help, colours, organizations over HTTP."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from agentpay.cli import COMMANDS, main
from agentpay.commands.console import span
from agentpay.kit.clock import utc_now
from tests.cast import ADMIN_KEY, Shop
from tests.commands.conftest import Operator
from tests.dev.process import ROOT, agentpay, environment


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_of_its_own_language(shell: str) -> None:
    made = agentpay("completion", shell)
    assert made.code == 0
    assert f"_AGENTPAY_COMPLETE={shell}_complete" in made.out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=made.out, text=True, check=True, timeout=10)


def test_an_unknown_shell_is_wrong_usage() -> None:
    assert agentpay("completion", "tcsh").code == 2


def completed(*words: str) -> list[str]:
    """What bash would offer for the last word."""
    asked = {
        "_AGENTPAY_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["agentpay", *words]),
        "COMP_CWORD": str(len(words)),
    }
    said = CliRunner(env=asked).invoke(main, prog_name="agentpay").output
    return [line.partition(",")[2] for line in said.splitlines()]


def test_commands_options_and_their_values_are_completed() -> None:
    assert completed("jo") == ["jobs"]
    assert completed("jobs", "l") == ["list"]
    assert completed("jobs", "list", "--status", "d") == ["done", "dead"]


def test_every_command_says_what_it_does_and_help_tells_the_exit_codes() -> None:
    listed = agentpay("--help").out
    assert "Exit codes: 0 done" in listed
    for command in COMMANDS:
        assert command.name is not None
        assert f"  {command.name} " in listed
        assert command.help


@pytest.mark.parametrize("command", [("jobs", "list"), ("deliveries", "list"), ("conversation", "export", "0" * 32)])
def test_without_a_database_a_command_says_which_variable_is_missing(command: tuple[str, ...]) -> None:
    said = agentpay(*command)
    assert said.code == 1
    assert said.error.startswith("Error: AGENTPAY_DATABASE_URL must be set: ")


def test_help_loads_neither_a_server_nor_a_database() -> None:
    program = (
        "import sys, agentpay.cli; print([n for n in ('litestar', 'psycopg', 'arq', 'httpx') if n in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=30)
    assert said.stdout == "[]\n", said.stderr


async def test_organizations_are_listed_and_rotated_over_http(acme: Shop, operator: Operator, tmp_path: Path) -> None:
    keys = {"AGENTPAY_ADMIN_KEYS": ADMIN_KEY}
    listed = await operator("org", "--server", acme.service.url, "list", **keys)
    assert listed.out.splitlines()[0].split() == ["ID", "STATUS", "PRODUCTS", "NAME"]
    assert "Acme Candles" in listed.out
    (found,) = json.loads((await operator("org", "--server", acme.service.url, "list", "--json", **keys)).out)
    assert found["id"] == str(acme.organization_id)
    rotate = ("org", "--server", acme.service.url, "rotate", found["id"], "identity", "--json")
    assert json.loads((await operator(*rotate, **keys)).out)["secret"]


def test_colours_reach_terminals_unless_they_are_not_wanted() -> None:
    from agentpay.commands import console

    def shown(**environ: str | None) -> str:
        with CliRunner(env={"NO_COLOR": None, **environ}).isolation(color=True) as (out, _, _):
            console.say_table(["STATUS", "NAME"], [[("dead", "red"), "x"]])
            return out.getvalue().decode()

    assert "\x1b[31mdead\x1b[0m    x" in shown()
    assert shown(NO_COLOR="1") == "STATUS  NAME\ndead    x\n"


def test_times_are_told_in_the_largest_unit_that_fits() -> None:
    from datetime import timedelta

    now = utc_now()
    told = [span(now + timedelta(seconds=seconds), now=now) for seconds in (0.4, -5, 90, -7_200, 200_000)]
    assert told == ["now", "5 s ago", "in 1 min", "2 h ago", "in 2 d"]
    assert span(None, now=now) == ""


def test_long_work_tells_how_far_it_is() -> None:
    """Lines where nobody looks; a bar on a terminal."""
    from agentpay.commands.console import Progress

    with CliRunner().isolation() as (_, error, _), Progress(label="Talks") as tell:
        tell(1, 2, "1/2 keen")
        tell(2, 2, "2/2 haggler")
        assert error.getvalue().decode() == "1/2 keen\n2/2 haggler\n"
    program = (
        "from agentpay.commands.console import Progress\n"
        "with Progress(label='Talks') as tell:\n"
        "    tell(1, 2, 'keen'); tell(2, 2, 'haggler')\n"
    )
    said = on_a_terminal(program)
    assert "Talks" in said
    assert "2/2" in said
    assert "keen" not in said


def on_a_terminal(program: str) -> str:
    """What a program writes to a terminal of its own."""
    import os
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=ROOT, env=environment(TERM="xterm"), stdout=theirs, stderr=theirs, timeout=30)
    os.close(theirs)
    said = os.read(ours, 65_536).decode()
    os.close(ours)
    assert ended.returncode == 0, said
    return said
