"""One OpenTelemetry span for a settled exchange, in the words of the conventions for generative AI.

Attributes hold no text of a prompt or an answer, no key, and no name but the model's, and that only where it is a
word. A client's `traceparent` is the span's parent and goes to the upstream unchanged, as every header does; the span
itself is not in it, because it is made when the exchange has ended. Needs the extra `otel`.

Source: OpenTelemetry semantic conventions, gen-ai-spans (development), names as of `opentelemetry.semconv` 0.66b.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

import msgspec
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import stillwatch
from stillwatch.exchange.dialect import dialect_of_path
from stillwatch.observing.frames import Observed

SEND_SECONDS = 5.0
"""Chosen: a receiver on the same machine or network; one that takes longer is left without."""
_KINDS = {
    "openai_chat": ("chat", "openai"),
    "openai_responses": ("chat", "openai"),
    "openai_completions": ("text_completion", "openai"),
    "openai_embeddings": ("embeddings", "openai"),
    "anthropic_messages": ("chat", "anthropic"),
    "gemini": ("generate_content", "gcp.gemini"),
}
"""Dialect: `gen_ai.operation.name`, `gen_ai.provider.name`. Who speaks OpenAI's dialect counts as openai."""
_MODEL = re.compile(r"[\w.:/@+-]{1,128}", re.ASCII)
_MODEL_IN_PATH = re.compile(r"/(?:models|model|deployments|engines)/([^/:?]+)")
_PARENT = frozenset({"traceparent", "tracestate"})
_FIRST_FAULT = 400
_PROPAGATOR = TraceContextTextMapPropagator()


class _Asked(msgspec.Struct):
    model: str = ""


_DECODER = msgspec.json.Decoder(_Asked)


def sent_to(endpoint: str, service: str) -> TracerProvider:
    """A provider whose spans go to `endpoint` in batches, by a thread of its own; what does not fit its queue is lost.

    Headers for the receiver, as its password, come from OTEL_EXPORTER_OTLP_TRACES_HEADERS.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = provider_of(service)
    exporter: SpanExporter = OTLPSpanExporter(endpoint=endpoint, timeout=SEND_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def provider_of(service: str) -> TracerProvider:
    """A provider that keeps every span it is given: what is sampled is decided before one is made."""
    resource = Resource.create({SERVICE_NAME: service, "service.version": stillwatch.__version__})
    return TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)


class Spans:
    """Makes a span for `ratio` of the exchanges that it observes. `chance` gives numbers from 0 to below 1."""

    def __init__(
        self,
        tracer: Tracer,
        ratio: float,
        pseudonym: Callable[[str], int] | None = None,
        *,
        follows_clients: bool = False,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._tracer = tracer
        self._ratio = ratio
        self._pseudonym = pseudonym
        self._follows = follows_clients
        self._chance = chance

    def observe(self, observed: Observed) -> None:
        """Make the exchange's span, or none."""
        is_drawn = self._chance() < self._ratio
        if not is_drawn and not self._follows:
            return
        kind = _KINDS.get(dialect_of_path(observed.path))
        if kind is None:  # a list of models is no operation of generative AI
            return
        parent = _parent(observed)
        if self._follows:
            said = get_current_span(parent).get_span_context()
            is_drawn = said.trace_flags.sampled if said.is_valid else is_drawn
        if is_drawn:
            self._make(observed, kind, parent)

    def _make(self, observed: Observed, kind: tuple[str, str], parent: Context) -> None:
        operation, _ = kind
        attributes = _attributes(observed, kind)
        if self._pseudonym is not None:
            attributes["enduser.pseudo.id"] = f"{self._pseudonym(observed.account):016x}"
        model = attributes.get("gen_ai.request.model")
        began = observed.began_us if observed.began_us >= 0 else observed.ts_us
        span = self._tracer.start_span(
            f"{operation} {model}" if model else operation,
            parent,
            SpanKind.CLIENT,
            attributes,
            start_time=began * 1_000,
        )
        if "error.type" in attributes:
            span.set_status(StatusCode.ERROR)
        span.end(observed.ts_us * 1_000)


def _attributes(observed: Observed, kind: tuple[str, str]) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": kind[0],
        "gen_ai.provider.name": kind[1],
        "stillwatch.exchange.id": observed.id,
        "stillwatch.end": observed.end,
    }
    if model := _model(observed):
        attributes["gen_ai.request.model"] = model
    if observed.input_tokens >= 0:
        attributes["gen_ai.usage.input_tokens"] = observed.input_tokens
    if observed.output_tokens >= 0:
        attributes["gen_ai.usage.output_tokens"] = observed.output_tokens
    if observed.status:
        attributes["http.response.status_code"] = observed.status
    if observed.status >= _FIRST_FAULT:
        attributes["error.type"] = str(observed.status)
    elif observed.end == "upstream_failed":
        attributes["error.type"] = observed.end
    return attributes


def _model(observed: Observed) -> str:
    """The model that was asked for; empty where it is none that a provider could have named."""
    in_path = _MODEL_IN_PATH.search(observed.path)
    try:
        named = in_path[1] if in_path else _DECODER.decode(observed.body).model
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return named if _MODEL.fullmatch(named) else ""


def _parent(observed: Observed) -> Context:
    carrier: Mapping[str, str] = {name.lower(): value for name, value in observed.headers if name.lower() in _PARENT}
    return _PROPAGATOR.extract(carrier, Context())
