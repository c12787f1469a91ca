"""Chance is named, and its distributions are what they say."""

from __future__ import annotations

import itertools
import statistics

import pytest

from stillwatch.world.chance import Chance
from stillwatch.world.rhythm import renewals

DRAWS = 20_000


def test_a_name_is_a_stream() -> None:
    """The same name gives the same numbers; these were computed on Python 3.11 and hold on every other."""
    chance = Chance("small", 1, "people", 7)
    assert [chance.below(1000) for _ in range(4)] == GOLDEN
    assert Chance("small", 1, "people", 8).random() != Chance("small", 1, "people", 7).random()


GOLDEN = [912, 111, 652, 585]


@pytest.mark.parametrize("shape", [0.2, 1.0, 4.0])
def test_gamma_has_its_mean_and_variance(shape: float) -> None:
    """Both equal the shape at scale 1; tolerance of five standard errors."""
    chance = Chance("gamma", shape)
    drawn = [chance.gamma(shape) for _ in range(DRAWS)]
    assert statistics.fmean(drawn) == pytest.approx(shape, abs=5 * (shape / DRAWS) ** 0.5)
    fourth = 3 * shape**2 + 6 * shape  # central moment, so that the variance's error is known
    assert statistics.variance(drawn) == pytest.approx(shape, abs=5 * ((fourth - shape**2) / DRAWS) ** 0.5)


def test_poisson_has_its_mean() -> None:
    """Mean and variance are equal."""
    chance = Chance("poisson")
    drawn = [chance.poisson(3.0) for _ in range(DRAWS)]
    assert statistics.fmean(drawn) == pytest.approx(3.0, abs=5 * (3.0 / DRAWS) ** 0.5)
    assert statistics.variance(drawn) == pytest.approx(3.0, rel=0.05)


def test_a_distribution_keeps_its_quantiles() -> None:
    """Half of the draws lie below the stated median, nine in ten below the ninth decile."""
    chance = Chance("quantile")
    drawn = sorted(chance.quantile((0.0, 0.5, 0.9, 1.0), (0.5, 1.4, 6.0, 12.0)) for _ in range(DRAWS))
    assert drawn[DRAWS // 2] == pytest.approx(1.4, rel=0.03)
    assert drawn[DRAWS * 9 // 10] == pytest.approx(6.0, rel=0.05)


@pytest.mark.parametrize("cv", [0.5, 1.4, 4.0])
def test_renewals_have_their_rate_and_burstiness(cv: float) -> None:
    """Gaps of this mean and coefficient of variation."""
    moments = list(renewals(Chance("renewals", cv), 0, 40_000_000_000, 0.5, cv))
    gaps = [(later - earlier) / 1e6 for earlier, later in itertools.pairwise(moments)]
    assert statistics.fmean(gaps) == pytest.approx(2.0, rel=5 * cv / len(gaps) ** 0.5)
    assert statistics.pstdev(gaps) / statistics.fmean(gaps) == pytest.approx(cv, rel=0.1)
