"""A legal basis is a dated value of a file: what it does not cover today is not shared."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from stillwatch.errors import UsageError
from stillwatch.sharing.governance.basis import Grounds, objection

FILE = """
stopped = ["threat-actor"]
[basis.act]
title = "An act that lapses"
from = 2026-02-03
until = 2026-09-30
classes = ["campaign", "threat-actor"]
"""


@pytest.fixture
def grounds(tmp_path: Path) -> Grounds:
    (tmp_path / "grounds.toml").write_text(FILE)
    return Grounds.load(tmp_path / "grounds.toml")


def test_it_holds_on_its_first_and_its_last_day(grounds: Grounds) -> None:
    for day in (date(2026, 2, 3), date(2026, 9, 30)):
        assert objection("campaign", "act", day, grounds, day) is None


@pytest.mark.parametrize(
    ("kind", "basis", "dated", "today", "why"),
    [
        ("campaign", "act", date(2026, 9, 1), date(2026, 10, 1), "in force from"),
        ("campaign", "act", date(2026, 2, 2), date(2026, 2, 2), "in force from"),
        ("campaign", "act", date(2026, 3, 2), date(2026, 3, 1), "not between"),
        ("campaign", "act", date(2026, 1, 1), date(2026, 3, 1), "not between"),
        ("indicator", "act", date(2026, 3, 1), date(2026, 3, 1), "no ground for"),
        ("campaign", "terms-of-service", date(2026, 3, 1), date(2026, 3, 1), "no legal basis"),
        ("threat-actor", "act", date(2026, 3, 1), date(2026, 3, 1), "is stopped"),
    ],
)
def test_what_is_not_covered_is_not_shared(
    grounds: Grounds, kind: str, basis: str, dated: date, today: date, why: str
) -> None:
    assert why in (objection(kind, basis, dated, grounds, today) or "")


@pytest.mark.parametrize(
    "text", ["stoped = []", "[basis.a]\ntitle = 'x'\nuntil = 2026-01-01\nclasses = []", "basis = 3"]
)
def test_a_file_with_a_slip_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "grounds.toml").write_text(text)
    with pytest.raises(UsageError, match=r"grounds\.toml"):
        Grounds.load(tmp_path / "grounds.toml")


def test_without_a_file_nothing_is_shared() -> None:
    assert objection("campaign", "act", date(2026, 3, 1), Grounds(), date(2026, 3, 1))
