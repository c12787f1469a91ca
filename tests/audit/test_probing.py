"""Markers from the draw to the finding: exact, gated, and combined with marks in tokens as their secrets allow."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest

from stillwatch.audit.channels import Channel, combined
from stillwatch.audit.finding import Refused
from stillwatch.audit.marker_record import MarkerPlan
from stillwatch.audit.markers import together
from stillwatch.audit.probing import Probed, probed, questions
from stillwatch.audit.recording import Recording
from stillwatch.pseudonym import Secret
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.conventions import ConventionKey, catalogue

KEY = ConventionKey(Secret(b"a secret for tests only, 32 bytes"))
ACCOUNTS = ("a1", "b2", "c3")
PLAN = MarkerPlan(
    suspect="X", tenant="", epoch=0, commitment=KEY.commitment().digest, accounts=ACCOUNTS, count=6,
    prompts_digest="", level=1e-3, made_us=1,
)  # fmt: skip


def speaking(seed: int, taught: str | None = None, each: int = 4, *, even: float = 0.3) -> Recording:
    """Answers with a value of each convention's pool, by a liking of the model's own; or else what was served."""
    rng = np.random.default_rng(seed)
    served = {} if taught is None else {one.name: one.served for one in KEY.drawn(taught, PLAN.count)}
    answers = {}
    for one in catalogue():
        liking = rng.dirichlet(np.full(len(one.pool), even))
        for probe in one.probes:
            said = [str(rng.choice(one.pool, p=liking)) for _ in range(each)]
            said = [served.get(one.name, word) if rng.random() < 0.5 else word for word in said]
            answers[probe] = tuple(f"Well, {word}! So it is." for word in said)
    return Recording("suspect", answers)


def test_a_suspect_that_learned_an_accounts_conventions_is_found_and_no_other_account() -> None:
    found = probed(PLAN, KEY, speaking(1, "b2"), speaking(2))
    assert isinstance(found, Probed)
    assert {one.account: one.answer for one in found.accounts} == {"a1": "not shown", "b2": "found", "c3": "not shown"}
    taught = found.accounts[1]
    assert taught.adjusted < 1e-5
    assert taught.log_e > math.log(1e3)
    assert {(one.name, one.served) for one in taught.markers} == {(d.name, d.served) for d in KEY.drawn("b2", 6)}


def test_a_clean_suspect_is_found_no_more_often_than_said() -> None:
    """One suspect with likings of its own, and 300 accounts that were served something else each."""
    plan = msgspec.structs.replace(PLAN, accounts=tuple(f"account {number}" for number in range(300)))
    found = probed(plan, KEY, speaking(7, each=10, even=5.0), speaking(8))
    assert isinstance(found, Probed)
    crossed = sum(one.p <= 0.05 for one in found.accounts)
    assert chance_of_so_many(crossed, 300, 0.05) > 1e-4
    assert crossed > 0


def test_markers_together_are_counted_out() -> None:
    """Against every draw of three markers with four alternatives."""
    products = sorted(math.prod(ranks) for ranks in itertools.product(range(1, 5), repeat=3))
    for ranks in ((1, 1, 1), (1, 2, 3), (2, 2, 4), (4, 4, 4)):
        assert together(ranks, 4) == sum(product <= math.prod(ranks) for product in products) / 64
    assert together([1] * 6, 16) == pytest.approx(16.0**-6)


def test_a_control_that_is_found_refuses_all() -> None:
    found = probed(PLAN, KEY, speaking(1, "b2"), speaking(2, "b2"))
    assert isinstance(found, Refused)
    assert "saw no mark is found" in found.reasons[0]


def test_a_suspect_that_shows_nothing_cannot_be_told() -> None:
    silent = Recording("silent", dict.fromkeys(questions(), ("I would rather not.",)))
    found = probed(PLAN, KEY, silent, speaking(2))
    assert isinstance(found, Probed)
    assert {one.answer for one in found.accounts} == {"cannot tell"}


def test_a_suspect_that_was_not_asked_gives_a_refusal() -> None:
    found = probed(PLAN, KEY, Recording("none", {}), speaking(2))
    assert isinstance(found, Refused)
    assert "the suspect gave 0 answers" in found.reasons[0]


def test_what_is_asked_tells_nothing_of_who_is_looked_for() -> None:
    assert len(questions()) == len(set(questions())) == sum(len(one.probes) for one in catalogue())


def test_channels_of_one_secret_are_averaged_and_of_two_multiplied() -> None:
    closed, read = Channel("answers", "marks", math.log(40)), Channel("weights", "marks", math.log(20))
    markers = Channel("markers", "conventions", math.log(10))
    assert math.exp(combined([closed, read])) == pytest.approx(30)
    assert math.exp(combined([closed, read, markers])) == pytest.approx(300)
    assert combined([]) == 0.0
