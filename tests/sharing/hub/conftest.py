"""The hub that most tests try."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sharing.hub.trying import Hub, seed


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """The same, one for all tests of a file that only ask, or that do not mind what others added."""
    return Hub(tmp_path_factory.mktemp("shared"), seed())


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """One root, one empty open collection; alice and bob write, rita reads, admin may delete."""
    return Hub(tmp_path, seed())
