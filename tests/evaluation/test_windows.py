"""Windows of mixed traffic: more of an attacker is noticed more often, and benign windows seldom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.evaluation import windows
from stillwatch.evaluation.detector import NotRun
from stillwatch.evaluation.windows import FINEST, LEVEL, WindowRow, compare_windows
from stillwatch.evaluation.world import World


@pytest.fixture(scope="module")
def rows(world: World) -> list[WindowRow]:
    with pytest.MonkeyPatch.context() as few:
        few.setattr(windows, "WINDOWS", 40)
        return compare_windows(world)


def noticed(rows: list[WindowRow], test: str) -> list[int]:
    own = [row for row in rows if (row.test, row.size, row.honest, row.level) == (test, 100, "benign log", LEVEL)]
    return [row.flagged.successes for row in sorted(own, key=lambda row: row.share)]


@pytest.mark.parametrize("test", ["mmd", "rare values"])
def test_windows_full_of_an_attacker_are_noticed_and_benign_ones_seldom(rows: list[WindowRow], test: str) -> None:
    counts = noticed(rows, test)
    assert counts[0] <= 4  # of 40, at 0.5 %
    assert counts[-1] == 40


def test_rare_values_notice_a_share_that_mmd_does_not(rows: list[WindowRow]) -> None:
    """Twenty values in common are rarer than a shift of the mean by a tenth."""
    assert sum(noticed(rows, "rare values")) > sum(noticed(rows, "mmd"))


def test_at_the_finest_rate_no_more_windows_are_noticed(rows: list[WindowRow]) -> None:
    """A thousand benign windows carry a rate of one in a thousand and one."""
    by_level = {row.level: row.flagged.successes for row in rows if (row.test, row.share) == ("rare values", 1.0)}
    assert set(by_level) == {LEVEL, FINEST}
    assert by_level[FINEST] <= by_level[LEVEL]


def test_sizes_that_the_logs_cannot_fill_are_left_out(rows: list[WindowRow]) -> None:
    assert {row.size for row in rows} == {100}


def test_without_a_benign_log_there_are_no_windows(world: World) -> None:
    with pytest.raises(NotRun, match="benign"):
        compare_windows(replace(world, benign=None))
