"""Serving in this process: uvicorn under our own signals, the worker beside it where wanted, a clean way down."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from functools import partial
from typing import Any

import msgspec
import structlog
import uvicorn

from agentpay import tracing, worker
from agentpay.app import create_app
from agentpay.compose import Background, Parts, build, started
from agentpay.connection import Connection
from agentpay.kit.clock import Clock, utc_now
from agentpay.kit.ids import uuid7
from agentpay.kit.spans import Tracer
from agentpay.kit.traces import trace_of
from agentpay.llm.port import Provider
from agentpay.metrics import Metrics
from agentpay.settings import Settings

log = structlog.get_logger()

CONNECTIONS_CLOSE_SECONDS = 2
# Longer than balancers keep idle connections (mostly 60 s): else a request meets one that we are just closing.
IDLE_SECONDS_MAX = 75
BACKLOG = 4_096
START_SECONDS_MAX = 30.0
SAID_CHARACTERS_MAX = 200

# What these would tell, we tell ourselves, and once.
QUIET = {"psycopg.pool": logging.ERROR, "arq": logging.CRITICAL}


def trace_without_messages(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`exc_info` as kinds and places: messages and local variables may hold a visitor's words or a secret."""
    raised = entry.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised[1] if isinstance(raised, tuple) else raised
    return {**entry, **trace_of(error)} if isinstance(error, BaseException) else entry


class FromLibraries(logging.Handler):
    """What libraries say goes the way of our own log: its first line as it stands in their code, without what they put
    in, and the kinds and places of an exception."""

    def emit(self, record: logging.LogRecord) -> None:
        said = str(record.msg).strip().partition("\n")[0][:SAID_CHARACTERS_MAX]
        raised = record.exc_info[1] if record.exc_info else None
        log.log(record.levelno, "library.said", logger=record.name, said=said, exc_info=raised)


class PortInUse(Exception):
    """Another program listens there already."""


class Running(msgspec.Struct, frozen=True):
    """A server that answers. `url` has no path."""

    url: str
    parts: Parts


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it would raise SIGTERM again after the end and skip our way down."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    with_worker: bool = False,
    wrap: Callable[[Any], Any] | None = None,
    providers: Mapping[str, Provider] | None = None,
    clock: Clock = utc_now,
    tracer: Tracer | None = None,
) -> AsyncIterator[Running]:
    """The service on `host:port` (0 = any free port). `wrap` puts another ASGI app around ours (`dev`'s storefront).
    `providers`: models by name; None = those that the settings have keys for. `tracer`: None = as the settings say.

    The way down: no new turns, streams end, running turns drain, the rest is given away.
    Raises PortInUse, TracingMissing.
    """
    configure_logging(settings)
    listener = listen(host, port)
    stop, process_id = asyncio.Event(), uuid7()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        if tracer is None:
            tracer = await stack.enter_async_context(tracing.opened(settings, process_id=str(process_id)))
        parts = build(settings, clock=clock, providers=providers, process_id=process_id, tracer=tracer)
        metrics = Metrics()
        app: Any = create_app(parts, metrics=metrics)
        metrics.watch(parts)
        besides = background(metrics, parts, samples=True)
        await stack.enter_async_context(started(parts, besides=besides))
        await stack.enter_async_context(_metrics_port(metrics, settings.metrics_port))
        server = _Server(_config(wrap(app) if wrap else app))
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
        work = worker.work(parts, stop, metrics=metrics) if with_worker else None
        working = asyncio.create_task(work, name="worker") if work else None
        try:
            await _until_started(server, serving)
            yield Running(url=f"http://{host}:{listener.getsockname()[1]}", parts=parts)
        finally:
            stop.set()
            parts.hub.close_all()
            server.should_exit = True
            await serving
            if working is not None:
                await working
            listener.close()


@contextlib.asynccontextmanager
async def _metrics_port(metrics: Metrics, port: int | None) -> AsyncIterator[None]:
    try:
        with metrics.served(port):
            yield
    except OSError as error:
        raise PortInUse(f"The metrics port {port} cannot be used: {error.strerror}.") from error


async def serve_until_signal(settings: Settings, *, host: str, port: int, with_worker: bool) -> None:
    """`agentpay web`: serve until SIGTERM or SIGINT."""
    stopping = on_signal()
    async with running(settings, host=host, port=port, with_worker=with_worker) as server:
        log.info("web.started", url=server.url, process_id=str(server.parts.process_id))
        await stopping.wait()
        log.info("web.stopping")


async def work_until_signal(settings: Settings) -> None:
    """`agentpay worker`: jobs, deliveries and orphaned turns, no HTTP but the metrics' own port."""
    configure_logging(settings)
    stopping, process_id = on_signal(), uuid7()
    async with tracing.opened(settings, process_id=str(process_id)) as tracer:
        parts = build(settings, process_id=process_id, tracer=tracer)
        metrics = Metrics()
        metrics.watch(parts)
        # Only who can be asked for figures may be the one who samples.
        besides = background(metrics, parts, samples=settings.metrics_port is not None)
        async with started(parts, besides=besides), _metrics_port(metrics, settings.metrics_port):
            log.info("worker.started", process_id=str(process_id))
            await worker.work(parts, stopping, metrics=metrics)


def background(metrics: Metrics, parts: Parts, *, samples: bool) -> list[Background]:
    """What the metrics do by themselves. `samples`: this process may be the one that looks at the tables."""
    return [("ticks", metrics.tick), *([("metrics", partial(metrics.run, parts.db))] if samples else [])]


def on_signal() -> asyncio.Event:
    """Set by SIGTERM or SIGINT; the second one ends the process at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            sys.exit(1)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortInUse with a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches off Nagle only where it reads TCP: or each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUse(f"Port {port} on {host} cannot be used: {error.strerror}.") from error
    listener.listen(BACKLOG)
    return listener


def configure_logging(settings: Settings) -> None:
    """Console for people, JSON for machines; libraries that would print URLs only warn."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            trace_without_messages,
            structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [*(each for each in root.handlers if not isinstance(each, FromLibraries)), FromLibraries()]
    for name in ("httpx", "httpx2", "httpcore", "uvicorn", "aiohttp", "anthropic", "arq", "psycopg.pool"):
        logging.getLogger(name).setLevel(QUIET.get(name, logging.WARNING))


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        access_log=False,
        lifespan="on" if hasattr(app, "lifespan") else "off",
        ws="none",
        server_header=False,
        proxy_headers=False,  # the gate reads them, from trusted proxies only
        date_header=True,
        timeout_graceful_shutdown=CONNECTIONS_CLOSE_SECONDS,
        timeout_keep_alive=IDLE_SECONDS_MAX,
    )


async def _until_started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(START_SECONDS_MAX):
        while not server.started:
            if serving.done():
                await serving
            await asyncio.sleep(0.005)  # uvicorn offers no event for it
