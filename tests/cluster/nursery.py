"""Forks processes of AgentPay from one that has imported everything: a start then takes no seconds of imports.

Run as `python -m tests.cluster.nursery`: each line of stdin is a `Birth` in JSON, each line of stdout the child's pid.
A child is `agentpay <arguments>` with exactly that environment; what it says goes into its log, its exit code, where it
ends by itself, behind that. Children die with the nursery, and the nursery with whoever holds its stdin.
"""

import ctypes
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import msgspec

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS_MAX = 10
PR_SET_PDEATHSIG = 1


class Birth(msgspec.Struct, frozen=True):
    arguments: list[str]
    environ: dict[str, str]
    log: str


class Nursery:
    """The nursery as its parent sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.nursery"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(STOP_SECONDS_MAX)

    def bear(self, birth: Birth) -> int:
        """The pid of a new process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(birth) + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def main() -> None:
    import agentpay.cli
    import agentpay.serve  # noqa: F401 (what children would import)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended: no zombies
    for line in sys.stdin.buffer:
        pid = os.fork()
        if pid == 0:
            _live(msgspec.json.decode(line, type=Birth))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _live(birth: Birth) -> NoReturn:
    code = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(birth.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(log, number)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.environ.clear()
        os.environ.update(birth.environ)
        random.seed()
        code = _serve(birth.arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.write(f"exit-code {code}\n")
        sys.stderr.flush()
        os._exit(code)


def _serve(arguments: list[str]) -> int:
    from agentpay.cli import main as agentpay

    try:
        agentpay(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


if __name__ == "__main__":
    main()
