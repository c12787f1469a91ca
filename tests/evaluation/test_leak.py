"""What leaked before action, counted by hand: one exchange an account and day."""

from __future__ import annotations

import pytest

from stillwatch.evaluation.metrics.case import Case
from stillwatch.evaluation.metrics.leak import campaign_leaks, leak_curve

from .cases import RING, case, entry, look, truth

HARVEST = [(account, "X", day) for day in range(4) for account in RING]


def of(*looks: object, has_rings: bool = True) -> Case:
    return case(*looks, has_rings=has_rings, of=truth(HARVEST))  # type: ignore[arg-type]  # looks they are


def test_half_acted_on_ends_the_first_count_and_ninety_percent_the_second() -> None:
    """Two of four accounts at the end of day 1, all at the end of day 2: 8 and 12 exchanges before."""
    leak = campaign_leaks("w", of(look(0), look(1, "ab"), look(2, "abcd"), look(3, "abcd")))[0]
    assert (leak.harvested, leak.before_half, leak.before_most) == (16, 8, 12)
    assert leak.is_half_acted
    assert leak.is_most_acted


def test_each_account_leaks_until_it_is_acted_on() -> None:
    """Two accounts for two days, one for three, one for all four."""
    leak = campaign_leaks("w", of(look(1, "ab"), look(2, "abc"), look(3, "abc")))[0]
    assert leak.leaked == 2 + 2 + 3 + 4
    assert (leak.is_half_acted, leak.is_most_acted, leak.before_most) == (True, False, 16)


def test_who_was_acted_on_is_not_let_go_by_a_later_look() -> None:
    leak = campaign_leaks("w", of(look(0, "abcd"), look(3)))[0]
    assert leak.leaked == 4


def test_what_people_are_shown_counts_apart() -> None:
    leak = campaign_leaks("w", of(look(1, "", entry("abcd", "campaign")), look(3, "abcd")))[0]
    assert (leak.listed_before_half, leak.before_half) == (8, 16)


@pytest.mark.parametrize(
    ("looks", "hours"),
    [
        ((look(0), look(1, "", entry("ab", "campaign"))), 48.0),
        ((look(0, "", entry("apq", "campaign")), look(2, "", entry("ap", "act"))), 72.0),  # a third of it is no alert
        ((look(0, "", entry("abcd", "watch")),), None),
    ],
)
def test_the_first_alert_is_an_entry_at_least_half_of_which_is_the_campaign(
    looks: tuple[object, ...], hours: float | None
) -> None:
    assert campaign_leaks("w", of(*looks))[0].first_alert_hours == hours


def test_without_rings_the_first_account_acted_on_is_the_alert() -> None:
    assert campaign_leaks("w", of(look(0), look(2, "d"), has_rings=False))[0].first_alert_hours == 72.0


def test_the_curve_ends_with_all_that_leaked() -> None:
    curve = leak_curve([of(look(1, "abcd"), look(3, "abcd"))])
    assert (curve[0].leaked, curve[-1].undefended, curve[-1].leaked) == (0.0, 1.0, 0.5)
    assert all(point.leaked <= point.undefended for point in curve)
    assert [point.leaked for point in curve] == sorted(point.leaked for point in curve)


def test_the_curve_also_ends_with_all_that_nobody_was_shown() -> None:
    shown = leak_curve([of(look(0, "", entry("abcd", "campaign")), look(1, "abcd"), look(3, "abcd"))])
    assert (shown[-1].unseen, shown[-1].leaked) == (0.25, 0.5)
