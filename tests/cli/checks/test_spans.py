"""Where spans go."""

from __future__ import annotations

import socket

import pytest

from stillwatch.cli.checks.spans import spans
from stillwatch.telemetry.otel import SpanSettings

from .said import all_said, states


def test_spans_that_are_off_are_not_spoken_of() -> None:
    assert spans(SpanSettings()) == []


def test_a_collector_that_listens_is_found_and_one_that_does_not_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as collector:
        port = collector.getsockname()[1]
        settings = SpanSettings(endpoint=f"http://127.0.0.1:{port}/v1/traces")
        assert states(spans(settings)) == ["ok"]
        assert states(spans(SpanSettings(endpoint=settings.endpoint, ratio=0.0))) == ["warning"]
    found = spans(settings)
    assert states(found) == ["warning"]
    assert f"nobody takes them at 127.0.0.1:{port}: Connection refused" in all_said(found)


@pytest.mark.parametrize("endpoint", ["localhost:4318", "http://", "http://a:99999", "ftp://a"])
def test_an_endpoint_that_is_no_address_is_a_fault(endpoint: str) -> None:
    assert states(spans(SpanSettings(endpoint=endpoint))) == ["fault"]
