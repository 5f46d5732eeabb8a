"""A visitor's browser: listens at one replica, and at another one from where it was when the first one goes."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Self

import httpx

from agentpay.kit.ids import uuid7
from tests.cast import Stream, Visitor
from tests.cluster.screen import Screen

RECONNECT_SECONDS = 0.05
SAY_SECONDS_MAX = 60.0


class Listener:
    """`screen` is what it shows. `urls` gives the replicas, the one to prefer first."""

    def __init__(self, sam: Visitor, urls: Callable[[], Sequence[str]]) -> None:
        self.screen = Screen(sam.last_event_id)
        self.connections = 0
        self._sam = sam
        self._urls = urls
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, condition: Callable[[Screen], object], *, seconds: float = 20) -> None:
        """Listen until the screen fulfils the condition. Raises what the screen finds broken."""
        assert self._task is not None
        async with asyncio.timeout(seconds):
            while not condition(self.screen):
                if self._task.done():
                    await self._task
                    raise AssertionError("the listener ended")
                self._news.clear()
                heard = asyncio.create_task(self._news.wait())
                await asyncio.wait({heard, self._task}, return_when=asyncio.FIRST_COMPLETED)
                heard.cancel()

    async def say(self, content: str) -> None:
        """Send a message until one replica has taken it: once, however often that needs asking."""
        headers = self._sam.headers | {"Prefer": "respond-async", "Idempotency-Key": str(uuid7())}
        async with httpx.AsyncClient(timeout=SAY_SECONDS_MAX, trust_env=False) as http:
            while True:
                for url in self._urls():
                    with contextlib.suppress(httpx.TransportError):
                        answer = await http.post(
                            f"{url}{self._sam.base}/messages", json={"content": content}, headers=headers
                        )
                        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
                        return
                await asyncio.sleep(RECONNECT_SECONDS)

    def reconnect(self) -> None:
        """Hang up and listen at the replica that is preferred now."""
        assert self._task is not None
        self._task.cancel()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async with httpx.AsyncClient(timeout=httpx.Timeout(20, read=20), trust_env=False) as http:
            while True:
                for url in self._urls():
                    with contextlib.suppress(httpx.TransportError):
                        await self._read(http, url)
                        break
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _read(self, http: httpx.AsyncClient, url: str) -> None:
        headers = self._sam.headers | {"Last-Event-ID": self.screen.last_event_id}
        async with http.stream("GET", f"{url}{self._sam.base}/events", headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                await asyncio.sleep(RECONNECT_SECONDS)
                return
            self.connections += 1
            self.screen.came_back()
            self._news.set()
            async for event in Stream(answer):
                self.screen.show(event)
                self._news.set()
