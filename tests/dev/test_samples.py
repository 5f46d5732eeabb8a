"""The commands of the README and of every page of `docs/` do what they say, on one installation."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentpay.sandbox.serving import free_port
from tests.dev.process import Dev, environment
from tests.docs.pages import PAGES, README, ROOT, Block, blocks_of, is_not_run

SECONDS_MAX = 120
INSTALL = ROOT / "docs" / "install.md"
PYTHON = Path(sys.executable)


def samples_of(page: Path, language: str) -> list[Block]:
    return [block for block in blocks_of(page) if block.language == language and not is_not_run(block)]


@pytest.mark.timeout(300)
def test_the_commands_of_every_page_work(dev: Dev, tmp_path: Path) -> None:
    """Page by page, each in a shell and a folder of its own."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine: apt-get install curl")
    for page in PAGES:
        if samples_of(page, "bash"):
            folder = tmp_path / page.stem
            folder.mkdir()
            (folder / "var").symlink_to(dev.var)
            run_page(page, folder=folder)


def run_page(page: Path, *, folder: Path) -> None:
    """Raises AssertionError with what the page's shell said when a command failed, or said something else."""
    for block in samples_of(page, "python"):
        (folder / block.marks["file"]).write_text(block.text)
    commands = samples_of(page, "bash")
    # The README has variables of its own; elsewhere the reader pastes those of the page about installing first.
    before = [] if page in (README, INSTALL) else [samples_of(INSTALL, "bash")[0].text]
    marked = [f"printf '\\n@@ {block.place}\\n' | tee /dev/stderr\n{block.text}" for block in commands]
    script = "\n".join(["set -eu", 'agentpay() { "$PYTHON" -m agentpay "$@"; }', *before, *marked])
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=surroundings(), capture_output=True, text=True, timeout=SECONDS_MAX
    )
    assert done.returncode == 0, f"{page.name} failed:\n{done.stdout}\n{done.stderr}"
    said = dict(re.findall(r"^@@ (\S+)\n(.*?)(?=^@@ |\Z)", done.stdout, re.MULTILINE | re.DOTALL))
    for block in commands:
        pattern = block.marks.get("prints", "")
        assert re.search(pattern, said[block.place], re.DOTALL), f"{block.place} printed {said[block.place]!r}"


def surroundings() -> dict[str, str]:
    """A reader's shell in which `python3` is this Python, and `listen.py` finds a free port."""
    return environment(
        PYTHON=str(PYTHON),
        PYTHONPATH=str(ROOT),
        PATH=f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
        PORT=str(free_port()),
    )
