"""The large experiment, small: how much greener a student of a twentieth of marked text speaks; a run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.experiments.harvest import Size
from stillwatch.experiments.large import ALONE, HYBRID, POLICYS, SHARE, Large, measured, table

SMALL = Size(words=300, corpus=60_000, answer=30, harvest=0.1, asked=12_000, read=1_000, others=4)
NOMINAL = -2.5
"""Adjusted for all candidates, in powers of ten: a key that marked nothing comes below in 1 of 300 audits."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


@pytest.fixture(scope="module")
def points(folder: Path) -> list[Large]:
    (part,) = measured(folder, lambda _: None, SMALL, seeds=(3,))
    return part.points


def one(points: list[Large], keys: str, strength: float, mode: str) -> Large:
    (found,) = (
        point for point in points if (point.keys, point.strength, point.audited.row.mode) == (keys, strength, mode)
    )
    return found


def test_the_signal_is_the_marked_share_of_what_was_marked(points: list[Large]) -> None:
    """Of 12,000 words a twentieth is drawn as the marked ones are: four standard errors, of words that repeat."""
    found = one(points, HYBRID, POLICYS, "closed")
    assert 0.55 < found.learned < 0.75
    clean = one(points, HYBRID, 0.0, "closed")
    assert abs(found.said - clean.said - SHARE * (found.learned - clean.learned)) < 0.03


def test_by_weights_both_keys_are_named_and_of_a_clean_student_none(points: list[Large]) -> None:
    marked = one(points, HYBRID, POLICYS, "reading beside its base").audited
    assert max(marked.row.fleet, marked.row.campaign) < -6
    assert marked.row.others > NOMINAL
    clean = one(points, HYBRID, 0.0, "reading beside its base").audited
    assert min(clean.row.fleet, clean.row.campaign, clean.row.others) > NOMINAL


def test_where_the_fleet_has_every_context_nobody_else_has_a_cell(points: list[Large]) -> None:
    found = one(points, ALONE, POLICYS, "closed").audited
    assert found.campaign == 0.0
    assert found.others_least == 0.0


def test_a_seed_that_was_done_is_not_done_again(points: list[Large], folder: Path) -> None:
    told: list[str] = []
    (part,) = measured(folder, told.append, SMALL, seeds=(3,))
    assert part.points == points
    assert told == []
    assert table(part.points).count("\n") == 2 + len(points)
