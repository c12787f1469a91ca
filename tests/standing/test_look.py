"""A look from review to review: ids, evidence that counts once, decisions, and reasons where nothing may be done."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.campaign import Cleared, Review
from stillwatch.errors import UsageError
from stillwatch.standing.look import Looked, look, unused_from
from stillwatch.standing.register import Register
from stillwatch.standing.sighting import Beside, Trial

from .reviews import (
    ALPHA,
    DAY,
    MANY,
    begun,
    look_at,
    newcomers,
    people,
    review,
    ring,
    sighting,
    trial,
    values,
    with_skeletons,
)

RING = people((0, 40))
STRONG = math.log(1e6)


def looked_at(register: Register, *steps: tuple[int, float | None]) -> tuple[Register, Looked]:
    """The ring of forty at these days, tried on each day with this log e (None: not tried)."""
    for day, log_e in steps:
        tried = None if log_e is None else trial(RING, log_e, day)
        register, seen = look(register, review(ring(RING, log_e or 0.0)), day, Beside(trials=[tried]))
    return register, seen


def reasons(seen: Looked) -> list[str]:
    return [refusal.reason for refusal in seen.actions[0].refusals]


def test_a_strong_campaign_is_acted_on_account_by_account() -> None:
    """e = 1e6 against the first level: alpha / 2, and half of the evidence as it is the first trial."""
    register, seen = looked_at(begun(), (DAY, STRONG))
    assert seen.actions[0].accounts == tuple(sorted(RING))
    assert seen.actions[0].level == pytest.approx(ALPHA / 2)
    assert {finding.verdict for finding in seen.review.accounts} == {"act"}
    assert register.found == 1
    assert register.alpha_spent == pytest.approx(ALPHA / 2)


def test_the_review_carries_lasting_ids() -> None:
    """The hunt names the ring anew at the second look; campaign, findings and their sentences keep the first name."""
    register, _ = look_at(begun(), review(ring(RING, name="C-aaaaaaaa")), DAY)
    _, seen = look_at(register, review(ring(RING, name="C-bbbbbbbb")), DAY + 1)
    assert [one.id for one in seen.review.campaigns] == ["C-aaaaaaaa"]
    assert {one.campaign for one in seen.review.accounts} == {"C-aaaaaaaa"}
    assert seen.review.accounts[0].evidence[0].statement == "Uses the skeleton of C-aaaaaaaa"


def test_the_same_look_taken_twice_changes_nothing() -> None:
    """Neither the register nor what is said."""
    once = looked_at(begun(), (DAY, STRONG), (DAY + 1, 3.0))
    assert looked_at(once[0], (DAY + 1, 3.0)) == once


def test_evidence_of_days_that_were_used_counts_once() -> None:
    """The same forty days of evidence, hunted again a day later, add nothing; tried on the new day alone, it does."""
    register, seen = looked_at(begun(), (DAY, math.log(100.0)))
    assert reasons(seen) == ["evidence"]
    again = trial(RING, math.log(1e9), DAY, DAY + 1)
    register, seen = look(register, review(ring(RING)), DAY + 1, Beside(trials=[again]))
    assert reasons(seen) == ["evidence", "used days"]
    assert "days up to 2026-09-04 were used before" in seen.actions[0].refusals[1].statement
    register, seen = looked_at(register, (DAY + 2, math.log(1e9)))
    assert seen.actions[0].accounts


def test_evidence_is_added_and_not_multiplied() -> None:
    """Three trials of 100: 100 * (1/2 + 1/6 + 1/12) = 75, never a million."""
    register, seen = looked_at(begun(), *((DAY + day, math.log(100.0)) for day in range(3)))
    held = seen.campaigns[0].hypothesis
    assert held is not None
    assert math.exp(held.log_sum) == pytest.approx(75.0)
    assert reasons(seen) == ["evidence"]
    assert register.found == 0


def test_without_trials_nobody_is_acted_on() -> None:
    """A review's e-values do not say which accounts were frozen and which days they used: ids and history only."""
    register, seen = look(begun(), review(ring(RING, STRONG)), DAY)
    assert (reasons(seen), seen.actions[0].accounts) == (["evidence"], ())
    assert register.campaigns["C-00000001"].history[0].log_e == STRONG


def test_what_claims_nothing_is_no_trial() -> None:
    """A ring that the days which link do not show is not tried; its days stay unused."""
    register, seen = look_at(begun(), review(ring(RING, 0.0)), DAY)
    assert seen.campaigns[0].tried_through == -1
    assert reasons(seen) == ["evidence"]
    assert "nothing was tried yet" in seen.actions[0].refusals[0].statement
    assert register.hypotheses == 1


def test_a_verdict_of_watch_is_never_acted_on() -> None:
    """Its evidence is kept; should the verdict change, it counts."""
    register, seen = look_at(begun(), review(ring(RING, STRONG, verdict="watch")), DAY)
    assert reasons(seen) == ["verdict"]
    assert register.found == 0
    _, seen = looked_at(register, (DAY + 1, None))
    assert seen.actions[0].accounts == tuple(sorted(RING))


def test_nobody_is_acted_on_finer_than_the_calibration_supports() -> None:
    """Level 1/200 asks for 199 honest units; with 100 the evidence of a million is refused with what is missing."""
    _, seen = look_at(begun(), review(ring(RING, STRONG), units=100), DAY)
    assert reasons(seen) == ["calibration"]
    assert "100 benign units of stratum batch carry no claim finer than 0.0099" in seen.actions[0].refusals[0].statement
    assert "Calibrate on 99 more benign units" in seen.actions[0].refusals[0].statement
    _, seen = look_at(begun(), review(ring(RING, STRONG), units=199), DAY)
    assert seen.actions[0].accounts


def test_who_joined_after_the_test_is_not_acted_on() -> None:
    """A campaign of forty was rejected; the sixty that join later are for a person until they are tried, too."""
    register, _ = looked_at(begun(), (DAY, STRONG))
    grown = people((0, 100))
    register, seen = look_at(register, review(ring(grown)), DAY + 1)
    assert seen.actions[0].accounts == tuple(sorted(RING))
    assert reasons(seen) == ["joined later"]
    assert [one.verdict for one in seen.review.accounts].count("act") == 40
    _, seen = look(register, review(ring(grown)), DAY + 2, Beside(trials=[trial(grown, STRONG, DAY + 2)]))
    assert len(seen.actions[0].accounts) == 100


def test_who_joined_later_needs_evidence_as_strong() -> None:
    """A trial of the grown ring that would not have passed by itself adds nobody."""
    register, _ = looked_at(begun(), (DAY, STRONG))
    grown = people((0, 100))
    _, seen = look(register, review(ring(grown)), DAY + 2, Beside(trials=[trial(grown, 3.0, DAY + 2)]))
    assert len(seen.actions[0].accounts) == 40


def test_a_part_of_a_rejected_campaign_stays_rejected() -> None:
    """Its accounts were tried with the whole; what joined the part was not."""
    register, _ = looked_at(begun(), (DAY, STRONG))
    part = ring(people((0, 10), (200, 205)), name="C-00000002")
    _, seen = look_at(register, review(ring(people((10, 40))), part), DAY + 1)
    assert seen.campaigns[1].parent == "C-00000001"
    assert seen.actions[1].accounts == tuple(sorted(people((0, 10))))


def test_a_known_wrapper_under_new_accounts_is_not_acted_on_unseen() -> None:
    """It has its id back, and nothing that was decided."""
    register, _ = look_at(begun(), review(ring(RING, STRONG)), DAY, with_skeletons(values((0, 16))))
    back = review(ring(people((500, 540))))
    register, seen = look_at(register, back, DAY + 9, with_skeletons(values((0, 16))))
    assert seen.campaigns[0].history[-1].change == "new accounts"
    assert (seen.actions[0].id, seen.actions[0].accounts) == ("C-00000001", ())
    assert (register.found, register.hypotheses) == (1, 2)


def test_rings_that_were_let_go_take_their_part_of_alpha() -> None:
    """They were asked for evidence and could have been acted on; groups known without evidence could not."""
    cleared = [
        Cleared(reason, tuple(sorted(people((first, first + 9)))), 9, 90, "eval", "")
        for first, reason in ((100, "same questions"), (200, "common tool"), (300, "heavy but alone"))
    ]
    register, seen = look_at(begun(), review(ring(RING, STRONG), cleared=cleared), DAY)
    assert register.hypotheses == 2
    assert seen.actions[0].level == pytest.approx(ALPHA / 3)


def test_rings_of_one_look_share_alpha_evenly() -> None:
    """Four rings after one: each has 1/(2 * 6) of alpha, whoever is named first."""
    register, _ = look_at(begun(), review(ring(RING)), DAY)
    four = [ring(people((100 * k, 100 * k + 20)), name=f"C-0000001{k}") for k in range(1, 5)]
    register, _ = look_at(register, review(*four), DAY + 1)
    shares = [known.hypothesis.share for known in register.campaigns.values() if known.hypothesis]
    assert shares == pytest.approx([1 / 2, *[1 / 12] * 4])


def test_discoveries_earn_later_ones_a_better_level() -> None:
    """Two campaigns pass together where each alone would not."""
    both = [ring(people(span), math.log(400.0), name=f"C-{span[0]}") for span in ((0, 40), (100, 140))]
    assert look_at(begun(), review(*both), DAY)[1].actions[0].accounts
    weak = replace(both[1], log_e=0.0)
    assert look_at(begun(), review(both[0], weak), DAY)[1].actions[0].accounts == ()


def test_a_rejection_is_not_taken_back() -> None:
    """Later evidence may be weak; what was decided stands as long as the verdict does."""
    register, _ = looked_at(begun(), (DAY, STRONG))
    register, seen = looked_at(register, (DAY + 1, -3.0), (DAY + 2, -5.0))
    assert seen.actions[0].accounts == tuple(sorted(RING))
    assert register.found == 1


# -- drift --------------------------------------------------------------------------------------------------------


def moved(first: int = 0, reference: str = "a benign log") -> Beside:
    """Three hundred unsuspected accounts of stratum batch whose answers have become longer."""
    p = np.random.default_rng(first).uniform(size=300) ** 3
    told = {f"honest-{first + number:05d}": float(value) for number, value in enumerate(p)}
    return Beside(newcomers=newcomers(told, reference=reference))


def test_a_stratum_whose_alarm_rings_claims_nothing_until_it_is_calibrated_again() -> None:
    """Named in the refusal, with the day and the remedy. Another benign log starts the alarm again."""
    strong = review(ring(RING, STRONG), units=5000)
    register, seen = look_at(begun(), strong, DAY, moved())
    assert seen.alarms == ("batch",)
    assert reasons(seen) == ["drift"]
    assert "stratum batch rang on 2026-09-04 (answer length)" in seen.actions[0].refusals[0].statement
    assert "Calibrate afresh with --calibrate" in seen.actions[0].refusals[0].statement
    assert register.found == 0
    fresh = newcomers({"honest-0": 0.5}, reference="another benign log")
    register, seen = look_at(register, strong, DAY + 1, Beside(newcomers=fresh))
    assert seen.alarms == ()
    assert seen.actions[0].accounts == tuple(sorted(RING))


def test_days_that_were_seen_while_an_alarm_rings_are_not_used_up() -> None:
    """Beside a reference that no longer fits there is no evidence: the ring is tried on those days afterwards."""
    register, seen = look_at(begun(), review(ring(RING, STRONG), units=5000), DAY, moved())
    assert seen.campaigns[0].tried_through == -1
    assert unused_from(register, [sighting(RING)], DAY + 1) == [0]


def test_an_alarm_in_one_stratum_leaves_the_others_alone() -> None:
    other = ring(RING, STRONG, stratum="chat")
    _, seen = look_at(begun(), review(other, units=5000), DAY, moved())
    assert seen.alarms == ("batch",)
    assert seen.actions[0].accounts


def test_a_ring_that_stands_beside_groups_of_a_rung_stratum_is_not_acted_on() -> None:
    """Where its own stratum has too few honest groups, the others' are its reference, and theirs has drifted."""
    other = ring(RING, STRONG, stratum="chat")
    leaning = replace(moved(), leans_on={"chat": frozenset(["batch", "agent"])})
    register, seen = look_at(begun(), review(other, units=5000), DAY, leaning)
    assert (reasons(seen), seen.actions[0].accounts, register.found) == (["drift"], (), 0)


def test_without_a_benign_log_the_alarm_stays_as_it_is() -> None:
    """A hunt that compares with nothing neither silences nor rings it."""
    register, _ = look_at(begun(), review(ring(RING)), DAY, moved())
    after, seen = look_at(register, review(ring(RING)), DAY + 1)
    assert (after.alarms, seen.alarms) == (register.alarms, ("batch",))


def test_action_on_what_was_rejected_before_rests_while_the_alarm_rings() -> None:
    """When traffic changed is not known: the reference may have been wrong before, too."""
    register, _ = looked_at(begun(), (DAY, STRONG))
    _, seen = look_at(register, review(ring(RING), units=5000), DAY + 1, moved())
    assert (reasons(seen), seen.actions[0].accounts) == (["drift"], ())


# -- edges --------------------------------------------------------------------------------------------------------


def test_names_are_kept_as_pseudonyms() -> None:
    """The register holds what it was told to keep; the review it gives back still names people."""
    pseudonyms = {name: f"{number:016x}" for number, name in enumerate(sorted(RING))}
    register, seen = look_at(begun(), review(ring(RING, STRONG)), DAY, Beside(pseudonyms=pseudonyms))
    assert register.campaigns["C-00000001"].accounts == frozenset(pseudonyms.values())
    assert seen.review.campaigns[0].accounts == tuple(sorted(RING))
    assert {finding.verdict for finding in seen.review.accounts} == {"act"}


def test_a_ring_asks_for_the_days_it_has_not_used() -> None:
    """All days for one that is new; the day after for one that was tried; and not before as many have passed."""
    register, _ = look(begun(), review(ring(RING)), DAY + 3, Beside(trials=[trial(RING, 1.0, DAY, DAY + 3)]))
    known, new = sighting(RING), sighting(people((900, 920)))
    assert unused_from(register, [new, known], DAY + 7) == [0, DAY + 4]
    assert unused_from(register, [known], DAY + 6) == [None]


def test_looks_are_taken_in_the_order_of_their_days() -> None:
    register, _ = look_at(begun(), review(), DAY)
    with pytest.raises(UsageError, match="the last one was at day 20700"):
        look_at(register, review(), DAY - 1)


def test_a_register_keeps_its_rate() -> None:
    with pytest.raises(UsageError, match=r"false-discovery rate of 0\.01, and 0\.1 was asked for"):
        look_at(begun(), review(alpha=0.1), DAY)


@pytest.mark.parametrize("beside", [Beside(skeletons=[values((0, 3))] * 2), Beside(trials=[None, None])])
def test_what_goes_with_another_review_is_refused(beside: Beside) -> None:
    with pytest.raises(UsageError, match=r"2 .* do not fit 1 campaigns"):
        look(begun(), review(ring(RING)), DAY, beside)


@pytest.mark.parametrize("log_e", [math.nan, math.inf])
def test_what_is_no_evidence_is_refused(log_e: float) -> None:
    with pytest.raises(UsageError, match="is no log of an e-value"):
        Trial(log_e, DAY, DAY, RING)


def test_a_lost_bet_is_evidence_of_nothing() -> None:
    """An e-value of 0 uses its days and adds nothing."""
    register, seen = looked_at(begun(), (DAY, -math.inf), (DAY + 1, math.log(60.0)))
    held = seen.campaigns[0].hypothesis
    assert held is not None
    assert held.trials == 2
    assert math.exp(held.log_sum) == pytest.approx(10.0)
    assert register.campaigns["C-00000001"].tried_through == DAY + 1


def test_many_honest_units_are_needed_for_many_campaigns() -> None:
    """The hundredth ring's level is alpha / 10,100: MANY carries it, and a thousand units do not."""
    crowd = [ring(people((20 * k, 20 * k + 20)), name=f"C-{k}") for k in range(99)]
    register, _ = look_at(begun(), review(*crowd), DAY)
    late = ring(people((5000, 5040)), math.log(1e9), name="C-late")
    assert look_at(register, review(late, units=MANY), DAY + 1)[1].actions[0].accounts
    assert reasons(look_at(register, review(late, units=1000), DAY + 1)[1]) == ["calibration"]


# -- properties ---------------------------------------------------------------------------------------------------

DRAWN = st.lists(
    st.tuples(st.frozensets(st.integers(0, 14), min_size=1, max_size=8), st.sampled_from([0.0, 2.0, 5.0, 9.0])),
    max_size=4,
    unique_by=lambda drawn: drawn[0],
)


def reviews_of(drawn: list[tuple[frozenset[int], float]]) -> Review:
    """Rings whose exchanges tell them apart."""
    return review(
        *(
            ring({f"acct-{number:02d}" for number in accounts}, log_e, exchanges=sum(2**number for number in accounts))
            for accounts, log_e in drawn
        )
    )


@given(st.lists(DRAWN, max_size=4))
def test_any_look_taken_twice_changes_nothing(history: list[list[tuple[frozenset[int], float]]]) -> None:
    """After every look of any history: register and outcome."""
    register = begun()
    for number, drawn in enumerate(history):
        once = look_at(register, reviews_of(drawn), DAY + number)
        assert look_at(once[0], reviews_of(drawn), DAY + number) == once
        register = once[0]


@given(st.lists(DRAWN, max_size=4), st.data())
def test_the_order_of_a_review_does_not_matter(
    history: list[list[tuple[frozenset[int], float]]], data: st.DataObject
) -> None:
    """Ids, evidence and decisions are the same for whatever ring the hunt names first."""
    plain, shuffled = begun(), begun()
    for number, drawn in enumerate(history):
        plain, _ = look_at(plain, reviews_of(drawn), DAY + number)
        shuffled, _ = look_at(shuffled, reviews_of(data.draw(st.permutations(drawn))), DAY + number)
    assert shuffled == plain
