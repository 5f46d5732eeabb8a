"""Ports and small servers of `dev`."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn

from agentpay.sandbox.places import DevError

HOST = "127.0.0.1"
STOP_SECONDS = 1


class OwnedServer(uvicorn.Server):
    """Leaves the process's signals to its owner: uvicorn would raise them again when it stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: Any, *, port: int) -> AsyncIterator[None]:
    """Serve an ASGI application on the loopback interface meanwhile. Raises `DevError` when the port is taken."""
    with contextlib.closing(listen(port, purpose="storefront")) as listener:
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        server = OwnedServer(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if task.done():
                    await task
                    raise DevError("The storefront did not start.")
                await asyncio.sleep(0.005)
            yield
        finally:
            server.should_exit = True
            await task


def listen(port: int, *, purpose: str) -> socket.socket:
    """A listening socket. Raises `DevError` in a sentence."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise DevError(port_problem(port, error, purpose=purpose)) from error


def check_port(port: int, *, purpose: str) -> None:
    """Raises `DevError` unless `port` could be listened on just now."""
    listen(port, purpose=purpose).close()


def port_problem(port: int, error: OSError, *, purpose: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port}, wanted for the {purpose}, is in use by another program."
    if error.errno == errno.EACCES:
        return f"Port {port}, wanted for the {purpose}, needs more rights than you have: choose one above 1023."
    return f"Port {port}, wanted for the {purpose}, cannot be used: {error.strerror}."


def free_port(*, near: int = 0, taken: tuple[int, ...] = ()) -> int:
    """`near` or one of the next few, else any; never one of `taken`."""
    for port in range(near, near + 10) if near else ():
        if port not in taken and port <= 65_535:
            with contextlib.suppress(OSError), socket.create_server((HOST, port)):
                return port
    with socket.create_server((HOST, 0)) as found:
        chosen: int = found.getsockname()[1]
    return chosen
