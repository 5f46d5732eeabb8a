"""Running a stand-in: on a port of this process, for tests and `dev`, or by itself (`__main__.py`)."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from agentpay.sandbox.polar.app import create_app
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.transport import TRANSPORT_KEY


class CuttableProtocol(H11Protocol):
    """Lends the application its connection, so that faults can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrowing
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT_KEY: transport}


class _QuietServer(uvicorn.Server):
    """Leaves the process's signals to its owner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve(state: PolarState, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `state` in this loop meanwhile; gives the base URL, e.g. `http://127.0.0.1:41234`.

    Sets `state.settings.public_url` to it. Port 0 takes a free one. Jobs (payments, webhooks, expiry) run meanwhile.
    """
    with contextlib.closing(socket.create_server((host, port), reuse_port=False)) as listener:
        url = f"http://{host}:{listener.getsockname()[1]}"
        state.settings.public_url = url
        config = uvicorn.Config(
            create_app(state),
            http=CuttableProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = _QuietServer(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if task.done():
                    await task
                    raise RuntimeError("the stand-in did not start")
                await asyncio.sleep(0.005)
            yield url
        finally:
            server.should_exit = True
            await task
