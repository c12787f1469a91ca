"""Counts of a class: each request once, and lately means lately."""

from __future__ import annotations

import pytest

from stillwatch.demo.client import Answered
from stillwatch.demo.tally import DELAYED_SECONDS, RECENT_SECONDS, Tally


@pytest.mark.parametrize(
    ("answered", "counted"),
    [
        (Answered(200, 1.0, 0.0, True), "answered"),
        (Answered(429, 0.1, 0.0, False), "limited"),
        (Answered(403, 0.1, 0.0, False), "refused"),
        (Answered(400, 0.1, 0.0, False), "failed"),
        (Answered(503, 0.1, 0.0, False), "failed"),
        (None, "failed"),
    ],
)
def test_each_end_counts_once(answered: Answered | None, counted: str) -> None:
    tally = Tally()
    tally.ended(0.0, answered, wanted_reasoning=False)
    total = tally.seen(0.0, 1).total
    kinds = ("answered", "limited", "refused", "failed")
    assert {kind: getattr(total, kind) for kind in kinds if getattr(total, kind)} == {counted: 1}


def test_reasoning_is_missed_only_where_it_was_asked_for() -> None:
    tally = Tally()
    tally.ended(0.0, Answered(200, 1.0, 0.0, False), wanted_reasoning=False)
    tally.ended(0.0, Answered(200, 1.0, 0.0, False), wanted_reasoning=True)
    tally.ended(0.0, Answered(200, 1.0, 0.0, True), wanted_reasoning=True)
    total = tally.seen(0.0, 1).total
    assert (total.answered, total.wanted_reasoning, total.without_reasoning) == (3, 2, 1)


def test_who_waits_much_longer_than_the_model_took_was_delayed() -> None:
    tally = Tally()
    tally.ended(0.0, Answered(200, 9.0, DELAYED_SECONDS, False), wanted_reasoning=False)
    tally.ended(0.0, Answered(200, 9.0, DELAYED_SECONDS + 0.1, False), wanted_reasoning=False)
    assert tally.seen(0.0, 1).total.delayed == 1


def test_what_is_long_ago_counts_in_all_and_not_lately() -> None:
    tally = Tally()
    tally.ended(0.0, Answered(200, 1.0, 0.0, False), wanted_reasoning=False)
    tally.ended(RECENT_SECONDS + 1, Answered(200, 3.0, 0.0, False), wanted_reasoning=False)
    seen = tally.seen(RECENT_SECONDS + 1, 2)
    assert (seen.accounts, seen.total.answered, seen.recent.answered) == (2, 2, 1)
    assert (seen.total.seconds_median, seen.recent.seconds_median) == (2.0, 3.0)
