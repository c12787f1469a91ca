"""What partners say is weighed at each look anew: it tips a scale while it stands, and is never kept."""

from __future__ import annotations

import math

from stillwatch.campaigns.heard import NOTHING_HEARD, Heard
from stillwatch.standing.look import Looked, look
from stillwatch.standing.register import Register
from stillwatch.standing.sighting import Beside

from .reviews import ALPHA, DAY, begun, people, review, ring, trial

RING = people((0, 40))
NEEDED = math.log(2 / ALPHA) + math.log(2)
"""Of the first campaign's first trial: half of alpha, and half of the evidence."""
FIVEFOLD = Heard(math.log(5.0))


def looked(register: Register, day: int, heard: Heard, log_e: float | None) -> tuple[Register, Looked]:
    tried = None if log_e is None else trial(RING, log_e, day)
    return look(register, review(ring(RING, log_e or 0.0)), day, Beside(trials=[tried], heard=[heard]))


def test_evidence_that_nearly_passes_passes_with_what_partners_bear_and_says_so() -> None:
    register, seen = looked(begun(), DAY, FIVEFOLD, NEEDED - 1.0)
    assert seen.actions[0].accounts == tuple(sorted(RING))
    assert "what partners told bears the rest" in seen.review.campaigns[0].action
    assert {finding.verdict for finding in seen.review.accounts} == {"act"}
    assert register.found == 0


def test_when_the_claim_is_gone_the_action_is_and_the_reason_is_named() -> None:
    register, _ = looked(begun(), DAY, FIVEFOLD, NEEDED - 1.0)
    _, seen = looked(register, DAY + 1, Heard(why_not="it was withdrawn by its author"), None)
    assert seen.actions[0].accounts == ()
    assert [one.reason for one in seen.actions[0].refusals] == ["evidence", "partners"]
    assert "moves nothing, because it was withdrawn by its author" in seen.review.campaigns[0].action
    assert {finding.verdict for finding in seen.review.accounts} == {"watch"}


def test_what_partners_say_alone_acts_on_nobody() -> None:
    _, seen = looked(begun(), DAY, Heard(math.log(1e9)), 0.0)
    assert seen.actions[0].accounts == ()


def test_the_register_does_not_depend_on_what_partners_say() -> None:
    with_them, _ = looked(begun(), DAY, FIVEFOLD, NEEDED - 1.0)
    without, _ = looked(begun(), DAY, NOTHING_HEARD, NEEDED - 1.0)
    assert with_them == without


def test_a_watched_ring_is_not_acted_on_whoever_told_of_it() -> None:
    watched = ring(RING, NEEDED, verdict="watch")
    beside = Beside(trials=[trial(RING, NEEDED, DAY)], heard=[FIVEFOLD])
    _, seen = look(begun(), review(watched), DAY, beside)
    assert [one.reason for one in seen.actions[0].refusals] == ["verdict"]
