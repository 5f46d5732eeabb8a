"""OpenTelemetry, the extra `agentpay[otel]`: imported only where `AGENTPAY_TRACES_URL` is set.

A provider of our own, not the global one: libraries that would trace by themselves find none, and tell nothing of ours.
Nobody outside is told of a trace, and no caller's `traceparent` is believed: strangers must not choose what is kept.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from agentpay import __version__
from agentpay.kit.spans import NO_TRACER, Attributes, Kind, Span, Tracer, Value
from agentpay.kit.traces import kind_of
from agentpay.settings import Settings

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

EXPORT_SECONDS_MAX: Final = 5.0
"""For one batch. Who collects traces must not hold up the way down."""

MISSING: Final = "AGENTPAY_TRACES_URL needs the extra: pip install 'agentpay[otel]', or requirements/otel.txt."


class TracingMissing(Exception):
    """The packages of the extra are not installed; the message is a sentence for the operator."""


@asynccontextmanager
async def opened(settings: Settings, *, process_id: str) -> AsyncIterator[Tracer]:
    """The tracer of this process; at the end what it still holds is sent. Raises TracingMissing."""
    if settings.traces_url is None:
        yield NO_TRACER
        return
    provider = provider_of(exporting(settings.traces_url), process_id=process_id, ratio=settings.traces_ratio)
    try:
        yield OpenTelemetry(provider)
    finally:
        await asyncio.to_thread(provider.shutdown)


def exporting(url: str) -> "SpanProcessor":
    """Sends spans in batches, from a thread of its own, by OTLP over HTTP. `url` is the whole address."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingMissing(MISSING) from error
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it tells every retry
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS_MAX))


def provider_of(processor: "SpanProcessor", *, process_id: str, ratio: float) -> "TracerProvider":
    """`ratio` of all traces, each whole or not at all."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    resource = Resource.create(
        {"service.name": "agentpay", "service.version": __version__, "service.instance.id": process_id}
    )
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


class OpenTelemetry:
    """`kit.spans.Tracer` over a provider."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace import SpanKind

        self._tracer = provider.get_tracer("agentpay", __version__)
        self._kinds: Mapping[Kind, SpanKind] = {
            "internal": SpanKind.INTERNAL,
            "server": SpanKind.SERVER,
            "client": SpanKind.CLIENT,
            "consumer": SpanKind.CONSUMER,
        }

    def begin(self, name: str, *, kind: Kind = "internal", attributes: Attributes) -> Span:
        return _Span(self._tracer.start_span(name, kind=self._kinds[kind], attributes=present(attributes)))

    def within(self, name: str, *, kind: Kind = "internal", attributes: Attributes) -> AbstractContextManager[Span]:
        return self._within(name, kind, attributes)

    @contextmanager
    def _within(self, name: str, kind: Kind, attributes: Attributes) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            kind=self._kinds[kind],
            attributes=present(attributes),
            record_exception=False,  # its message may quote anything
            set_status_on_exception=False,
        ) as given:
            span = _Span(given)
            try:
                yield span
            except BaseException as error:  # boundary: told, and passed on
                span.fail(kind_of(error))
                raise


class _Span:
    def __init__(self, span: "trace.Span") -> None:
        self._span = span

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def tell(self, attributes: Attributes) -> None:
        self._span.set_attributes(present(attributes))

    def fail(self, kind: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


def present(attributes: Attributes) -> dict[str, Value]:
    return {name: value for name, value in attributes.items() if value is not None}
