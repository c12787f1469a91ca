"""The benign reference: no reference, no claim; and never a finer claim than the reference carries."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stillwatch.stats.conformal import finest_p, p_values
from stillwatch.tracing.calibration import Reference

FAMILY, STRATUM = "template", "batch"


def reference(scores: list[float]) -> Reference:
    return Reference("a benign log", {(FAMILY, STRATUM): np.array(scores)}, {STRATUM: len(scores)})


@pytest.mark.parametrize(
    ("held", "family", "stratum", "scores"),
    [
        (Reference(""), FAMILY, STRATUM, [99.0]),
        (reference([]), FAMILY, STRATUM, [99.0]),
        (reference([1.0, 2.0]), "other", STRATUM, [99.0]),
        (reference([1.0, 2.0]), FAMILY, "chat", [99.0]),
        (reference([1.0, 2.0]), FAMILY, STRATUM, []),
    ],
)
def test_without_a_reference_nothing_is_claimed(
    held: Reference, family: str, stratum: str, scores: list[float]
) -> None:
    """Another family's or stratum's accounts are no reference, nor is an empty one; nothing scored claims nothing."""
    assert held.log_e(family, stratum, np.array(scores)) == 0.0


@pytest.mark.parametrize("n", [1, 9, 99, 999])
def test_the_claim_is_bounded_by_the_size_of_the_reference(n: int) -> None:
    """However absurd the score: log((n + 1) / H(n + 1)), and a p-value of 1 / (n + 1)."""
    held = reference([0.0] * n)
    harmonic = math.fsum(1 / i for i in range(1, n + 2))
    assert held.size(FAMILY, STRATUM) == n
    assert held.log_e(FAMILY, STRATUM, np.array([1e300])) == pytest.approx(math.log((n + 1) / harmonic))
    assert p_values(np.array([1e300]), held.scores[FAMILY, STRATUM])[0] == finest_p(n)


def test_several_scores_are_averaged_as_bets() -> None:
    """Ranks 1 and 4 of 4 against three benign scores: bets 4 / H and 1 / H, H = 25/12; their mean is 6/5."""
    held = reference([1.0, 2.0, 3.0])
    assert held.log_e(FAMILY, STRATUM, np.array([9.0, 0.0])) == pytest.approx(math.log(6 / 5))


def test_honest_accounts_are_claimed_against_no_more_than_fairly() -> None:
    """Five accounts and their reference exchangeable, 4,000 worlds: the mean e-value is 1 within 4.5 standard errors.

    Values of at most (n + 1) / H = 20 / 3.6 = 5.56 with mean 1 have variance below 1 * (5.56 - 1).
    """
    rng = np.random.default_rng(111)
    found = [
        math.exp(reference(scores[5:].tolist()).log_e(FAMILY, STRATUM, scores[:5]))
        for scores in rng.normal(size=(4000, 24))
    ]
    assert np.mean(found) == pytest.approx(1.0, abs=4.5 * math.sqrt(4.56 / 4000))
