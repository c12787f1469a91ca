"""Where spans go: whether what sends them is installed, and somebody takes them."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from urllib.parse import urlsplit

from stillwatch.cli.checks.result import Result, fault, ok, warning
from stillwatch.telemetry.otel import SpanSettings

CHECK = "spans"
PATIENCE_SECONDS = 2.0
_PORTS = {"http": 80, "https": 443}


def spans(settings: SpanSettings) -> list[Result]:
    """Nothing where spans are off. Spans that nobody takes are dropped, so a collector that is away is no fault."""
    if not settings.endpoint:
        return []
    if find_spec("opentelemetry") is None:
        return [fault(CHECK, "OpenTelemetry is not installed", "Install stillwatch[otel], or leave the endpoint out")]
    try:
        to = urlsplit(settings.endpoint)
        port = to.port or _PORTS[to.scheme]
    except (ValueError, KeyError):
        return [fault(CHECK, "the endpoint is no address", "Give http://HOST:4318/v1/traces")]
    if not to.hostname:
        return [fault(CHECK, "the endpoint names no host", "Give http://HOST:4318/v1/traces")]
    at = f"{to.hostname}:{port}"
    try:
        socket.create_connection((to.hostname, port), timeout=PATIENCE_SECONDS).close()
    except OSError as error:
        return [warning(CHECK, f"nobody takes them at {at}: {error.strerror or error}", "Start the collector there")]
    if not settings.ratio and not settings.follows_clients:
        return [warning(CHECK, "no exchange gets one: their ratio is 0", "Set spans.ratio, or leave the endpoint out")]
    return [ok(CHECK, f"{settings.ratio:g} of exchanges get one, sent to {at}")]
