"""The examples of docs/standing.md are what the code says today."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "standing.md"


def test_every_number_on_the_page_is_computed() -> None:
    """Each example run in order."""
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.failed == 0
    assert result.attempted >= 20
