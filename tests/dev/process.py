"""A real `dev` in a process of its own, for these tests and the browser's."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from agentpay.cli import main

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS_MAX = 20


class Ended:
    """What a finished command said."""

    def __init__(self, code: int, out: str, error: str) -> None:
        self.code = code
        self.out = out
        self.error = error


def environment(**more: str) -> dict[str, str]:
    """This environment without any setting of AgentPay, but for `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AGENTPAY_", "ANTHROPIC_"))}
    return {**kept, **more}


def agentpay(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run a command that ends by itself, in this process: a new one would spend seconds on imports."""
    own = {name: None for name in os.environ if name.startswith("AGENTPAY_")}
    result = CliRunner(env={**own, **(env or {})}).invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


class Dev:
    """One installation in `var`; `start` and `stop` may be called again and again."""

    def __init__(self, var: Path, *, env: Mapping[str, str] | None = None) -> None:
        self.var = var
        self.env = dict(env or {})
        self.process: subprocess.Popen[str] | None = None
        self.said = ""

    def start(self, *arguments: str) -> float:
        """Start on a free port, or as `arguments` say; returns after how many seconds it said that it is ready."""
        began = time.monotonic()
        command = [sys.executable, "-m", "agentpay", "dev", "--var", str(self.var), *(arguments or ("--port", "0"))]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment(**self.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        if not self.said:
            _, error = self.process.communicate(timeout=STOP_SECONDS_MAX)
            raise AssertionError(f"dev did not start: {error}")
        return time.monotonic() - began

    @property
    def handout(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.var / "dev.json").read_text())
        return read

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """The exit code, and how many seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.communicate(timeout=STOP_SECONDS_MAX)
        code, self.process = self.process.returncode, None
        return code, time.monotonic() - began


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A `var` that also the unprivileged user who runs PostgreSQL for root may pass through."""
    parent = Path(tempfile.mkdtemp(prefix="agentpay-dev-test-"))
    parent.chmod(0o711)
    try:
        yield parent / "var"
    finally:
        shutil.rmtree(parent, ignore_errors=True)


@contextlib.contextmanager
def running_dev(**env: str) -> Iterator[Dev]:
    with folder() as var:
        dev = Dev(var, env=env)
        try:
            dev.start()
            yield dev
        finally:
            if dev.process is not None:
                dev.stop()
