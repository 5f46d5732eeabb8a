"""The commands of the README do what it says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.dev.process import ROOT, Dev

SECONDS_MAX = 100


@pytest.fixture
def commands() -> str:
    """The block under "The same by curl"."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine: apt-get install curl")
    found = re.search(r"### The same by curl.*?```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.timeout(180)
def test_a_visitor_buys_by_curl_alone(dev: Dev, commands: str, tmp_path: Path) -> None:
    (tmp_path / "var").symlink_to(dev.var)
    script = ["bash", "-c", commands]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS_MAX)
    said = done.stdout
    assert "order.created" in said, said + done.stderr
    assert re.search(r"instead of|rather than|regular", said), "a counter-offer was worded"
    assert "Focus" in said
