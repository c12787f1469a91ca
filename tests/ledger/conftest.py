"""What the ledger's tests share: an empty ledger, and quiet about a warning that is not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.ledger.ledger import Ledger

from .sketches import IDENTITY


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "ledger", IDENTITY)


def pytest_configure(config: pytest.Config) -> None:
    """Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one."""
    config.addinivalue_line("filterwarnings", "ignore:fetch_arrow_table:DeprecationWarning")
