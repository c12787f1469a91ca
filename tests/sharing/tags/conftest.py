"""Key services for tests, each on its own port; without the group's library all of this folder is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("rbcl", reason="blind tags need rbcl: pip install 'stillwatch[tags]'")

from sharing.tags.running import Clock, Running, served


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(tmp_path: Path, clock: Clock) -> Iterator[Callable[[str], Running]]:
    """Starts services by name, each with a key of its own, and stops them all."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(served(tmp_path / name, clock))


@pytest.fixture
def running(start: Callable[[str], Running]) -> Running:
    return start("keys")
