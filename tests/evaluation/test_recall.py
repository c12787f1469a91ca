"""Recall of campaigns and of accounts, against counts made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.evaluation.metrics.recall import account_recall, campaign_recall, operating_point

from .cases import OTHER, RING, campaign, case, entry, look, truth


@pytest.mark.parametrize(
    ("accounts", "is_found"),
    [
        ("abcd", True),
        ("ab", True),  # half of its accounts
        ("a", False),
        ("abpq", True),  # half of the entry's accounts are its own
        ("abpqr", False),
        ("", False),
    ],
)
def test_an_entry_finds_a_campaign_by_half_of_both(accounts: str, is_found: bool) -> None:
    rows = {row.level: row for row in campaign_recall([case(look(3, "", entry(accounts)))])}
    assert rows["E0"].acted.successes == is_found
    assert (rows["E5"].acted.successes, rows["E5"].acted.trials) == (0, 1)
    assert (rows["all"].acted.successes, rows["all"].acted.trials) == (is_found, 2)


def test_an_account_acted_on_alone_is_an_entry_of_one() -> None:
    """A campaign of one account (E0) has no ring; two accounts acted on apart are no entry of both."""
    alone = replace(truth(), campaigns=(campaign("X", "E0", ("a",)), campaign("Y", "E5", OTHER)))
    rows = {row.level: row for row in campaign_recall([case(look(3, "aef", entry("pq")), of=alone)])}
    assert (rows["E0"].acted.successes, rows["E5"].acted.successes) == (1, 1)
    apart = replace(truth(), campaigns=(campaign("X", "E0", RING),))
    assert campaign_recall([case(look(3, "abcd"), of=apart)])[0].acted.successes == 0


def test_what_is_only_shown_to_people_is_listed_and_not_acted_on() -> None:
    shown = case(look(3, "", entry("abcd", "campaign"), entry("ef", "watch")))
    rows = {row.level: row for row in campaign_recall([shown])}
    assert (rows["all"].acted.successes, rows["all"].listed.successes) == (0, 1)


def test_an_entry_of_half_and_half_belongs_to_one_campaign_only() -> None:
    """Two campaigns in one entry: it finds the one that holds the larger part of it, or one of two equal ones."""
    rows = campaign_recall([case(look(3, "", entry("abef")))])
    assert rows[0].acted.successes == 1


def test_without_rings_a_campaign_is_found_by_half_of_its_accounts() -> None:
    found = campaign_recall([case(look(3, "abp"), has_rings=False)])
    assert found[0].acted.successes == 1


def test_only_the_last_look_counts() -> None:
    forgotten = case(look(1, "", entry("abcd")), look(3))
    assert campaign_recall([forgotten])[0].acted.successes == 0


SCORES = {"a": 9.0, "b": 5.0, "c": 4.0, "d": 1.0, "e": 3.0, "u": 6.0, "p": 4.5, "q": 1.0}


def test_account_recall_counts_those_above_every_honest_account() -> None:
    """u scores 6: only a is above. Without u and v, p is the highest of the others."""
    found = account_recall([case(look(3, scores=SCORES))], heavy_only=False)
    assert (found.recall.successes, found.recall.trials) == (1, 6)
    assert (found.false_positives.successes, found.false_positives.trials) == (0, 5)


def test_a_rate_that_the_accounts_cannot_support_is_said_to_be_so() -> None:
    """Five honest accounts support one in five."""
    found = account_recall([case(look(3, scores=SCORES))], heavy_only=False)
    assert (found.fpr, found.is_supported, found.honest) == (0.2, False, 5)


def test_at_a_coarser_rate_the_threshold_lets_as_many_pass() -> None:
    """At 20 % of five honest accounts, one may be above: the threshold is p's 4.5, and a and b are above it."""
    found = account_recall([case(look(3, scores=SCORES))], heavy_only=False, fpr=0.2)
    assert (found.recall.successes, found.false_positives.successes, found.is_supported) == (2, 1, True)


def test_the_heavy_stratum_has_a_threshold_of_its_own() -> None:
    found = account_recall([case(look(3, scores={"a": 3.0, "p": 9.0, "u": 2.0}))], heavy_only=True)
    assert (found.recall.successes, found.honest) == (1, 2)


def test_the_operating_point_is_what_the_detector_did() -> None:
    done = operating_point([case(look(3, "abpu")), case(look(3))])
    assert (done.recall.successes, done.recall.trials) == (2, 2 * 6)
    assert (done.honest.successes, done.honest.trials) == (2, 2 * 5)
    assert (done.heavy.successes, done.heavy.trials) == (1, 2 * 2)


def test_who_is_shown_includes_who_is_acted_on_and_who_is_watched_includes_both() -> None:
    done = operating_point([case(look(3, "abp", entry("abq", "campaign"), entry("ru", "watch")))])
    rates = (done.honest, done.honest_shown, done.honest_watched)
    assert [(rate.successes, rate.trials) for rate in rates] == [(1, 5), (2, 5), (4, 5)]


def test_accounts_that_never_sent_are_no_attackers_to_find() -> None:
    silent = case(look(3, "a"))
    fewer = type(silent)(silent.truth, silent.accounts - set(RING[1:]), silent.looks, True)
    assert operating_point([fewer]).recall.trials == 3
