"""What a hunt is told of its rings, and what that weighs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stillwatch.sharing.member.partners import Partners

from .sent import STRANGERS, asked, group
from .told import US, Told, drawn

A, B, C, D = (f"member-0{number}" for number in range(2, 6))
TEMPLATE = drawn(1)
RING = group(100, 15, TEMPLATE)


@pytest.fixture
def told() -> Told:
    """A told of the template, and B saw it."""
    said = Told()
    said.see(B, said.tell(A, "it", TEMPLATE))
    return said


def test_a_ring_that_two_told_of_comes_first_and_is_paid_what_they_bear(told: Told, tmp_path: Path) -> None:
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(RING))
    assert heard.comes_first
    assert math.exp(heard.log_e) == pytest.approx(5.0)
    (said,) = heard.said
    assert (said.family, said.log_e) == ("partners", heard.log_e)
    assert "2 other providers told of this template" in said.statement
    assert "15 of its 15 accounts carry it, and 0 of 300 others" in said.statement


def test_what_one_told_of_comes_first_and_weighs_nothing(tmp_path: Path) -> None:
    told = Told()
    told.tell(A, "it", TEMPLATE)
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(RING))
    assert (heard.comes_first, heard.log_e) == (True, 0.0)
    assert "one source alone raises its place in the review and nothing else" in heard.said[0].statement


def test_a_ring_that_nobody_told_of_loses_an_eighth_at_most(told: Told, tmp_path: Path) -> None:
    """What a bet costs, or it would be none; it is said."""
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(group(500, 12)))
    assert not heard.comes_first
    assert math.exp(heard.log_e) == pytest.approx(0.88, abs=0.005)
    assert heard.said[0].statement == "None of the claims of partners that count fits it"


def test_without_a_claim_that_counts_nothing_is_bet(tmp_path: Path) -> None:
    told = Told()
    told.tell(A, "it", TEMPLATE)
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(group(500, 12)))
    assert (heard.log_e, heard.said) == (0.0, ())


def test_the_template_of_a_tool_that_honest_groups_use_loses_its_weight(told: Told, tmp_path: Path) -> None:
    """One honest group of 41 carries it beside the ring: nobody is paid for it."""
    honest = (group(30_000, 6, TEMPLATE), *asked().honest[1:])
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(RING, honest=honest))
    assert heard.log_e <= 0.0


def test_a_template_that_strangers_here_use_is_no_ring_s(told: Told, tmp_path: Path) -> None:
    users = group(40_000, 100, TEMPLATE)
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(RING, others=users))
    assert (heard.comes_first, heard.log_e <= 0.0) == (False, True)


def test_claims_about_others_do_not_lend_their_bound(told: Told, tmp_path: Path) -> None:
    """The ring fits a claim of one member alone, while another claim counts: it is paid nothing above 1."""
    other = drawn(2)
    told.tell(C, "other", other)
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(group(600, 10, other)))
    assert (heard.comes_first, heard.log_e <= 0.0) == (True, True)


def test_without_a_benign_log_or_a_trial_nothing_is_weighed(told: Told, tmp_path: Path) -> None:
    partners = Partners(told.hearing(tmp_path))
    (nothing_honest,) = partners.heard(asked(RING, honest=()))
    (not_tried,) = partners.heard(replace(asked(RING), tried_as=[None]))
    assert (nothing_honest.log_e, not_tried.log_e) == (0.0, 0.0)
    assert nothing_honest.comes_first and not_tried.comes_first


def test_evidence_vanishes_with_the_claim_and_the_reason_is_kept(told: Told, tmp_path: Path) -> None:
    campaign = told.tell(C, "again", drawn(3))
    told.see(D, campaign)
    ring = group(700, 10, drawn(3))
    before = Partners(told.hearing(tmp_path))
    told.withdraw(C, campaign)
    after = Partners(told.hearing(tmp_path))
    assert before.heard(asked(ring))[0].log_e > 1.0
    (gone,) = after.heard(asked(ring))
    assert (gone.comes_first, gone.log_e <= 0.0) == (False, True)
    assert gone.why_not == "it was withdrawn by its author"
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize("lies", [2, 6])
def test_a_flood_of_claims_on_honest_groups_is_worth_nothing_in_the_mean(lies: int, tmp_path: Path) -> None:
    """Two conspirators tell of a template of each of two among 14 honest groups, or of six; each group in turn is
    tested beside the others. What all are paid is at most 1 in the mean: claims that hit groups take ranks.
    """
    told = Told()
    for number in range(lies):
        told.see(B, told.tell(A, f"lie-{number}", drawn(number)))
    partners = Partners(told.hearing(tmp_path))
    groups = [group(1_000 + 10 * n, 4, drawn(n) if n < lies else None) for n in range(14)]
    paid = [
        math.exp(partners.heard(asked(one, honest=(*groups[:n], *groups[n + 1 :])))[0].log_e)
        for n, one in enumerate(groups)
    ]
    assert np.mean(paid) <= 1.0 + 1e-9


def test_strangers_are_no_ring(told: Told, tmp_path: Path) -> None:
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(STRANGERS.of(STRANGERS.account[:20])))
    assert not heard.comes_first


def test_the_summary_counts_what_stands_and_says_why_the_rest_does_not(told: Told, tmp_path: Path) -> None:
    told.dispute(US, told.tell(C, "other", drawn(5)))
    said = Partners(told.hearing(tmp_path)).summary
    counts = "claims of partners: 2; standing: 1; that may be evidence: 1"
    assert said == f"{counts}; 1 not, because we dispute it ourselves"


def test_who_tells_of_honest_customers_takes_no_rank_from_true_claims(told: Told, tmp_path: Path) -> None:
    """Two conspirators tell of a template of each of ten among 41 honest groups: none of their claims is heard."""
    for number in range(10):
        told.see(D, told.tell(C, f"lie-{number}", drawn(50 + number)))
    honest = tuple(group(1_000 + 10 * n, 4, drawn(50 + n) if n < 10 else None) for n in range(41))
    (heard,) = Partners(told.hearing(tmp_path)).heard(asked(RING, honest=honest))
    assert math.exp(heard.log_e) == pytest.approx(5.0)
