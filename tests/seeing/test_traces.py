"""Traces as OpenTelemetry's own SDK hears them: what is inside of what, its name, and that nobody's words are told."""

import gzip
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agentpay import tracing
from agentpay.sandbox.stage import staged
from tests.cast import ENCRYPTION_KEY
from tests.databases import own_database
from tests.seeing.conftest import ADDRESS, CANARY, opened_shop, script, walk_through
from tests.turns.scripted import MODEL, Scripted


@pytest_asyncio.fixture(scope="module")
async def spans(database_url: str) -> tuple[ReadableSpan, ...]:
    """Of a visit from the first word to the paid order."""
    memory = InMemorySpanExporter()
    provider = tracing.provider_of(SimpleSpanProcessor(memory), process_id="web-1", ratio=1.0)
    environ = {"AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY}
    url = own_database(database_url, "traces")
    tracer = tracing.OpenTelemetry(provider)
    async with staged(url, providers={"anthropic": Scripted(script)}, environ=environ, tracer=tracer) as found:
        await walk_through(found, await opened_shop(found))
    return memory.get_finished_spans()


def named(spans: tuple[ReadableSpan, ...], name: str) -> list[ReadableSpan]:
    found = [span for span in spans if span.name == name]
    assert found, f"no {name} among {sorted({span.name for span in spans})}"
    return found


def parent_of(spans: tuple[ReadableSpan, ...], span: ReadableSpan) -> ReadableSpan:
    assert span.parent is not None
    return next(each for each in spans if each.context.span_id == span.parent.span_id)


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_turn_is_inside_the_request_that_asked_for_it(spans: tuple[ReadableSpan, ...]) -> None:
    turn = named(spans, "invoke_agent")[0]
    request = parent_of(spans, turn)
    assert request.name == "POST /v1/agent/conversations/{conversation_id}/messages"
    assert told(request)["http.response.status_code"] == 200
    assert told(request)["agentpay.organization_id"] == told(turn)["agentpay.organization_id"]
    assert told(turn)["gen_ai.operation.name"] == "invoke_agent"
    assert told(turn)["agentpay.turn.status"] == "completed"
    assert {"gen_ai.conversation.id", "gen_ai.agent.id", "agentpay.turn_id", "agentpay.first_word_seconds"} <= set(
        told(turn)
    )


async def test_a_model_is_asked_inside_its_turn_and_named_by_the_conventions(spans: tuple[ReadableSpan, ...]) -> None:
    asked = named(spans, f"chat {MODEL}")[0]
    assert parent_of(spans, asked).name == "invoke_agent"
    assert asked.kind.name == "CLIENT"
    assert told(asked) | {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": MODEL,
        "gen_ai.response.model": MODEL,
        "gen_ai.response.finish_reasons": ("tools",),
        "gen_ai.usage.input_tokens": 1_000,
        "gen_ai.usage.output_tokens": 100,
        "agentpay.cost_micro_usd": 150,
    } == told(asked)


async def test_a_model_that_fails_fails_its_span_and_no_other(spans: tuple[ReadableSpan, ...]) -> None:
    failed = [
        span
        for span in named(spans, f"chat {MODEL}")
        if not span.status.is_ok and span.status.status_code.name == "ERROR"
    ]
    assert {told(span)["error.type"] for span in failed} >= {"bad_request"}
    assert all(parent_of(spans, span).status.status_code.name == "UNSET" for span in failed)


async def test_tools_are_spans_of_their_own(spans: tuple[ReadableSpan, ...]) -> None:
    tool = named(spans, "execute_tool search_products")[0]
    assert parent_of(spans, tool).name == "invoke_agent"
    assert told(tool)["gen_ai.operation.name"] == "execute_tool"
    assert told(tool)["gen_ai.tool.name"] == "search_products"
    assert told(tool)["agentpay.tool.status"] == "done"
    assert told(named(spans, "execute_tool unknown")[0])["agentpay.tool.status"] == "refused"


async def test_calls_at_polar_have_no_ids_in_their_names(spans: tuple[ReadableSpan, ...]) -> None:
    assert told(named(spans, "POST /v1/checkouts/")[0])["url.template"] == "/v1/checkouts/"
    assert named(spans, "GET /v1/products/{id}")[0].kind.name == "CLIENT"


async def test_jobs_and_webhooks_are_there(spans: tuple[ReadableSpan, ...]) -> None:
    assert told(named(spans, "job catalog.sync")[0])["agentpay.organization_id"]
    assert named(spans, "webhook order.created")[0].kind.name == "CONSUMER"


async def test_nobody_traces_who_asks_whether_we_live(spans: tuple[ReadableSpan, ...]) -> None:
    assert not [span.name for span in spans if "/healthz" in span.name or "/metrics" in span.name]


async def test_no_span_holds_what_anybody_said_or_an_exception_s_message(spans: tuple[ReadableSpan, ...]) -> None:
    for span in spans:
        everything = str(
            (span.name, told(span), span.status.description, [(e.name, dict(e.attributes or {})) for e in span.events])
        )
        for word in (CANARY, ADDRESS, "candle", "ap_ct_", "ap_pk_"):
            assert word not in everything


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes traces as an OpenTelemetry collector does."""

    received: list[ExportTraceServiceRequest]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    received: list[ExportTraceServiceRequest] = []
    handler = type("Received", (Collector,), {"received": received})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
        server.shutdown()
        thread.join()


async def test_a_collector_gets_them_at_the_latest_when_the_process_ends(
    database_url: str, collector: tuple[str, list[ExportTraceServiceRequest]]
) -> None:
    url, received = collector
    async with staged(own_database(database_url, "collected"), environ={"AGENTPAY_TRACES_URL": url}) as found:
        assert (await found.http.get("/v1/widget")).status_code == 401
    sent = [
        span
        for request in received
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]
    assert "GET /v1/widget" in {span.name for span in sent}
    resource = {each.key: each.value.string_value for each in received[0].resource_spans[0].resource.attributes}
    assert resource["service.name"] == "agentpay"
    assert resource["service.instance.id"]


def python(code: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: what is imported is known of a whole process only."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False, timeout=60)


IDLE = """
import asyncio, os, sys
import agentpay.app, agentpay.cli, agentpay.serve, agentpay.worker
from agentpay.settings import read

async def main():
    async with agentpay.serve.running(read(os.environ)):
        pass

asyncio.run(main())
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
"""
WITHOUT = """
import sys
sys.modules["opentelemetry.sdk"] = None
from agentpay.cli import main
main(["web", "--port", "0"])
"""


def test_nothing_of_opentelemetry_s_sdk_is_imported_where_it_is_off(database_url: str) -> None:
    ended = python(IDLE, AGENTPAY_DATABASE_URL=database_url, AGENTPAY_ENCRYPTION_KEYS=ENCRYPTION_KEY)
    assert ended.stdout.strip() == "[]", ended.stderr


def test_without_the_extra_a_sentence_says_what_to_install(database_url: str) -> None:
    ended = python(
        WITHOUT,
        AGENTPAY_DATABASE_URL=database_url,
        AGENTPAY_ENCRYPTION_KEYS=ENCRYPTION_KEY,
        AGENTPAY_TRACES_URL="http://127.0.0.1:1/v1/traces",
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        "Error: AGENTPAY_TRACES_URL needs the extra: pip install 'agentpay[otel]', or requirements/otel.txt."
    )
