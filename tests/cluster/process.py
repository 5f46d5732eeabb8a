"""One process of the cluster and what can be done to it."""

import asyncio
import contextlib
import os
import re
import signal
import time
from pathlib import Path

START_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.01
_URL = re.compile(r'"url": ?"(http://[^"]+)"')
_ID = re.compile(r'"process_id": ?"([0-9a-f-]+)"')
_CODE = re.compile(r"^exit-code (-?\d+)$", re.MULTILINE)


class Process:
    """`web` or `worker`, alive or not. `url` is that of a web."""

    def __init__(self, name: str, pid: int, log: Path) -> None:
        self.name = name
        self.pid = pid
        self.log = log
        self.url = ""
        self.id = ""
        """By which its turns name it."""
        self._began = time.monotonic()

    def __repr__(self) -> str:
        return f"<{self.name} {self.pid}>"

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def is_alive(self) -> bool:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    @property
    def exit_code(self) -> int | None:
        """Of a process that ended by itself; None for one that runs or was killed."""
        found = _CODE.search(self.said)
        return int(found[1]) if found else None

    async def started(self, word: str) -> None:
        """Wait until it says `word` in its log. Raises AssertionError with the log when it does not."""
        while word not in (said := self.said):
            if not self.is_alive or time.monotonic() - self._began > START_SECONDS_MAX:
                raise AssertionError(f"{self} did not start:\n{said}")
            await asyncio.sleep(LOOK_SECONDS)
        found = _URL.search(said)
        self.url = found[1] if found else ""
        known = _ID.search(said)
        self.id = known[1] if known else ""

    async def gone(self, *, seconds: float) -> None:
        """Wait until it is no more. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while self.is_alive:  # noqa: ASYNC110 (another's child has no event)
                await asyncio.sleep(LOOK_SECONDS)

    async def kill(self) -> None:
        """As the kernel does: at once, nothing is cleaned up."""
        self._send(signal.SIGKILL)
        await self.gone(seconds=5)

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def terminate(self) -> None:
        """As a deployment does: it may finish."""
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
