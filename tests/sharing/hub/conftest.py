"""The hub that most tests try."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sharing.hub.trying import Hub, seed


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """One root, one empty open collection; alice and bob write, rita reads, admin may delete."""
    return Hub(tmp_path, seed())
