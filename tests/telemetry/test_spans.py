"""Spans of exchanges: what they say, what they must not say, and that they cost nothing while they are off."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: the extra otel brings it")

import msgspec
from gateway.running import gateway, run
from gateway.upstream_server import UpstreamServer, says, upstream
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from stillwatch.observing.frames import Observed
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.telemetry.otel import SpanSettings, traced
from stillwatch.telemetry.spans import Spans, provider_of

from .test_counting import WHOLE, gate, request

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
UNSAMPLED = PARENT[:-2] + "00"
PROMPT = "Who grinds the rye?"
EXCHANGE = Observed(
    ts_us=1_788_000_002_500_000,
    id="7-1",
    account="acct-0412",
    path="/v1/chat/completions",
    method="POST",
    status=200,
    body=json.dumps({"model": "gpt-x", "messages": [{"role": "user", "content": PROMPT}]}).encode(),
    response=b"The miller.",
    headers=(("User-Agent", "curl"),),
    input_tokens=12,
    output_tokens=6,
    began_us=1_788_000_000_000_000,
    end="complete",
)


def changed(**parts: Any) -> Observed:
    return msgspec.structs.replace(EXCHANGE, **parts)


def spans_of(*exchanges: Observed, ratio: float = 1.0, **settings: Any) -> tuple[ReadableSpan, ...]:
    """What these exchanges become."""
    kept = InMemorySpanExporter()
    provider = provider_of("stillwatch")
    provider.add_span_processor(SimpleSpanProcessor(kept))
    spans = Spans(provider.get_tracer("stillwatch"), ratio, **settings)
    for exchange in exchanges:
        spans.observe(exchange)
    provider.shutdown()
    return kept.get_finished_spans()


def test_a_span_says_what_was_asked_how_long_it_took_and_what_it_cost() -> None:
    (span,) = spans_of(EXCHANGE)
    assert (span.name, span.kind, span.status.status_code) == ("chat gpt-x", SpanKind.CLIENT, StatusCode.UNSET)
    assert (span.start_time, span.end_time) == (1_788_000_000_000_000_000, 1_788_000_002_500_000_000)
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 6,
        "http.response.status_code": 200,
        "stillwatch.exchange.id": "7-1",
        "stillwatch.end": "complete",
    }


@pytest.mark.parametrize(
    ("path", "operation", "provider"),
    [
        ("/v1/responses", "chat", "openai"),
        ("/v1/completions", "text_completion", "openai"),
        ("/v1/embeddings", "embeddings", "openai"),
        ("/v1/messages", "chat", "anthropic"),
        ("/v1beta/models/gpt-x:generateContent", "generate_content", "gcp.gemini"),
        ("/openai/deployments/gpt-x/chat/completions", "chat", "openai"),
    ],
)
def test_every_dialect_has_its_operation_and_provider(path: str, operation: str, provider: str) -> None:
    (span,) = spans_of(changed(path=path))
    assert span.attributes
    assert (span.attributes["gen_ai.operation.name"], span.attributes["gen_ai.provider.name"]) == (operation, provider)
    assert span.attributes["gen_ai.request.model"] == "gpt-x"


def test_a_list_of_models_has_no_span() -> None:
    assert spans_of(changed(path="/v1/models", method="GET", body=b"")) == ()


@pytest.mark.parametrize(("parts", "kind"), [({"status": 429}, "429"), ({"end": "upstream_failed"}, "upstream_failed")])
def test_what_failed_says_so(parts: dict[str, Any], kind: str) -> None:
    (span,) = spans_of(changed(**parts))
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes
    assert span.attributes["error.type"] == kind


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"model": 7}', b'{"model": "Who grinds the rye?"}', b'{"model": "' + b"x" * 129 + b'"}', b"\xff"],
)
def test_what_is_no_name_of_a_model_is_left_out(body: bytes) -> None:
    """A client may write there what it likes."""
    (span,) = spans_of(changed(body=body))
    assert span.name == "chat"
    assert "gen_ai.request.model" not in (span.attributes or {})


def test_who_asked_is_left_out_or_a_pseudonym() -> None:
    pseudonym = Pseudonymiser(Secret(b"k" * 32), "account")
    without, with_ = spans_of(EXCHANGE)[0], spans_of(EXCHANGE, pseudonym=pseudonym)[0]
    assert "enduser.pseudo.id" not in (without.attributes or {})
    assert with_.attributes
    assert with_.attributes["enduser.pseudo.id"] == f"{pseudonym('acct-0412'):016x}"
    for told in (without.to_json(), with_.to_json()):
        assert not any(secret in told for secret in ("acct-0412", "rye", "miller"))


def test_a_clients_trace_is_the_parent() -> None:
    (span,) = spans_of(changed(headers=(("Traceparent", PARENT), ("tracestate", "a=b"))))
    assert span.context
    assert span.parent
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent.is_remote
    (alone,) = spans_of(changed(headers=(("traceparent", "garbage"),)))
    assert alone.parent is None


def test_a_client_does_not_decide_how_many_spans_there_are() -> None:
    """Unless it is told that it may."""
    asked = changed(headers=(("traceparent", PARENT),))
    refused = changed(headers=(("traceparent", UNSAMPLED),))
    assert spans_of(asked, ratio=0.0) == ()
    assert len(spans_of(refused, ratio=1.0)) == 1
    assert len(spans_of(asked, ratio=0.0, follows_clients=True)) == 1
    assert spans_of(refused, ratio=1.0, follows_clients=True) == ()
    assert len(spans_of(EXCHANGE, ratio=1.0, follows_clients=True)) == 1


def test_a_ratio_of_exchanges_is_drawn() -> None:
    chances = iter([0.1, 0.3, 0.249, 0.25])
    assert len(spans_of(*[EXCHANGE] * 4, ratio=0.25, chance=lambda: next(chances))) == 2


def test_off_is_the_observer_itself_and_loads_nothing() -> None:
    program = (
        "import sys; from stillwatch.telemetry.otel import SpanSettings, traced; observe = print;"
        "assert traced(observe, SpanSettings(), int)[0] is observe;"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program


@contextmanager
def receiver() -> Iterator[tuple[str, list[ExportTraceServiceRequest], threading.Event]]:
    """What takes OTLP over HTTP: its address, and what came."""
    came: list[ExportTraceServiceRequest] = []
    has_come = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            came.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            has_come.set()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/traces", came, has_come
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_exchanges_of_a_gateway_reach_a_receiver_and_the_trace_goes_on_unchanged() -> None:
    """A real client, gateway, upstream and receiver; the upstream sees the client's own header."""
    seen: list[UpstreamServer] = []
    with receiver() as (endpoint, came, _):
        observed, end = traced(lambda _: None, SpanSettings(endpoint=endpoint, ratio=1.0), int)
        guarding = gate(observe=observed)

        async def test() -> None:
            async with upstream(says(WHOLE)) as server, gateway(server.port, guarding) as running:
                asked = request().replace(b"Host: a\r\n", b"Host: a\r\ntraceparent: %b\r\n" % PARENT.encode())
                await running.ask(asked)
                seen.append(server)

        run(test())
        end()
    assert b"traceparent: %b\r\n" % PARENT.encode() in seen[0].seen[0].head
    (span,) = [
        span for one in came for part in one.resource_spans for scope in part.scope_spans for span in scope.spans
    ]
    assert (span.name, span.trace_id.hex()) == ("chat m", TRACE)
    told = {attribute.key: attribute.value for attribute in span.attributes}
    assert (told["gen_ai.usage.input_tokens"].int_value, told["gen_ai.usage.output_tokens"].int_value) == (12, 6)
    assert not any(secret in str(came) for secret in ("rye", "miller", "sk-honest", "honest"))


def test_a_receiver_that_is_not_there_costs_exchanges_nothing() -> None:
    handed_on: list[Observed] = []
    observed, end = traced(handed_on.append, SpanSettings(endpoint="http://127.0.0.1:1/v1/traces", ratio=1.0), int)
    for _ in range(10):
        observed(EXCHANGE)
    assert len(handed_on) == 10
    end()
