"""Purity of rings, false discoveries and collateral, counted by hand and by brute force."""

from __future__ import annotations

import random

import pytest

from stillwatch.evaluation.detector import Entry
from stillwatch.evaluation.metrics.case import Case
from stillwatch.evaluation.metrics.collateral import collateral
from stillwatch.evaluation.metrics.rings import b_cubed, false_discoveries

from .cases import BIG, OTHER, PEOPLE, RING, case, entry, look


def test_perfect_rings_are_pure_and_whole() -> None:
    found = b_cubed([case(look(3, "", entry("abcd"), entry("ef")))])
    assert (found.precision, found.recall, found.accounts) == (1.0, 1.0, 6)


def test_half_a_ring_with_a_stranger() -> None:
    """In the ring abp: a and b have precision 2/3, p 1/3; c, d, e, f stand alone. Recall 2/4 for a and b, 1 for p."""
    found = b_cubed([case(look(3, "", entry("abp")))])
    assert found.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 4) / 7)
    assert found.recall == pytest.approx((2 / 4 + 2 / 4 + 1 + 1 / 4 + 1 / 4 + 1 / 2 + 1 / 2) / 7)


def test_entries_that_are_only_watched_are_no_rings() -> None:
    assert b_cubed([case(look(3, "", entry("abcd", "watch")))]).recall == pytest.approx((4 / 4 + 2 / 2) / 6)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_counting_pairs(seed: int) -> None:
    """By definition: average over items of the share of true pairs among those that share its ring, and the reverse."""
    rng = random.Random(seed)  # noqa: S311 - a test
    everybody = [*RING, *OTHER, *PEOPLE, *BIG]
    rings = {account: rng.randrange(4) for account in everybody if rng.random() < 0.7}
    entries = [Entry(tuple(a for a, r in rings.items() if r == ring), "act") for ring in set(rings.values())]
    one = case(look(3, "", *entries))
    items = sorted(set(rings) | set(RING) | set(OTHER))
    kind = {a: "X" if a in RING else "Y" if a in OTHER else a for a in everybody}
    precision, recall = [], []
    for a in items:
        together = [b for b in everybody if a == b or (a in rings and rings.get(b) == rings[a])]
        alike = [b for b in everybody if kind[a] == kind[b]]
        both = len(set(together) & set(alike))
        precision.append(both / len(together))
        recall.append(both / len(alike))
    found = b_cubed([one])
    assert found.precision == pytest.approx(sum(precision) / len(items))
    assert found.recall == pytest.approx(sum(recall) / len(items))


def test_an_entry_is_false_if_no_campaign_has_half_of_it() -> None:
    """Of three entries acted on, pq is nobody's and apq is a third X's; of three accounts acted on, p is honest."""
    found = false_discoveries([case(look(3, "abp", entry("abcd"), entry("pq"), entry("apq"), entry("r", "campaign")))])
    assert (found.acted_entries.successes, found.acted_entries.trials) == (2, 3)
    assert (found.listed_entries.successes, found.listed_entries.trials) == (3, 4)
    assert (found.acted_accounts.successes, found.acted_accounts.trials) == (1, 3)


def test_an_honest_account_acted_on_alone_is_a_false_entry_too() -> None:
    found = false_discoveries([case(look(3, "p", entry("abcd")))])
    assert (found.acted_entries.successes, found.acted_entries.trials) == (1, 2)


def mixed() -> Case:
    return case(look(3, "abu", entry("abu"), entry("vp", "campaign"), entry("qr", "watch")))


def test_collateral_is_told_by_class_and_by_how_far_it_goes() -> None:
    rows = {row.name: row for row in collateral([mixed(), case(look(3))])}
    assert list(rows) == ["big", "people"]  # the heavy first
    assert [rows["big"].act.successes, rows["big"].campaign.successes, rows["big"].watch.successes] == [1, 2, 2]
    assert [rows["people"].act.successes, rows["people"].campaign.successes, rows["people"].watch.successes] == [
        0,
        1,
        3,
    ]
    assert (rows["big"].act.trials, rows["people"].act.trials) == (4, 6)


def test_accounts_that_the_truth_does_not_name_count_as_honest() -> None:
    one = mixed()
    with_stranger = Case(one.truth, one.accounts | {"z"}, one.looks, True)
    assert collateral([with_stranger])[1].name == "not named in truth.json"
