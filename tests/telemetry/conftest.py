"""An endpoint that looks each time it is asked: tests move on faster than a quarter of a second."""

from __future__ import annotations

import pytest

from stillwatch.telemetry import exporter


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory between two readers."""
    monkeypatch.setattr(exporter, "LOOK_SECONDS", -1.0)
