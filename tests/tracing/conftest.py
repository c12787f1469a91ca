"""What the tracing tests share: quiet about a warning that is not ours."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one."""
    config.addinivalue_line("filterwarnings", "ignore:fetch_arrow_table:DeprecationWarning")
