"""No action at a level that the benign reference has never been able to show."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.stats.conformal import finest_p
from stillwatch.stats.resolution import LevelTooFine, largest_log_e, require, units_needed


@given(st.floats(1e-6, 1.0))
def test_the_units_needed_are_the_fewest_that_carry_the_level(level: float) -> None:
    """With one fewer, 1/(n+1) is above the level."""
    n = units_needed(level)
    assert finest_p(n) <= level
    assert n == 0 or finest_p(n - 1) > level


@pytest.mark.parametrize(("level", "units"), [(1.0, 0), (0.5, 1), (0.05, 19), (0.01, 99), (1e-4, 9999)])
def test_round_levels_need_the_known_numbers(level: float, units: int) -> None:
    """19 for 5 %, 99 for 1 %, 9,999 for one in ten thousand: rounding of 1 / level adds none."""
    assert units_needed(level) == units
    assert require(level, units) == finest_p(units)


@given(st.integers(0, 5000), st.floats(1e-5, 1.0))
def test_a_finer_level_is_refused_with_the_number_of_units_to_add(reference: int, level: float) -> None:
    """Exactly the levels below 1/(n+1) are refused; as many units as the error names make the refusal go away."""
    if level >= finest_p(reference):
        assert require(level, reference) == finest_p(reference)
        return
    with pytest.raises(LevelTooFine) as refusal:
        require(level, reference, "batch")
    assert isinstance(refusal.value, StillwatchError)
    missing = refusal.value.missing
    assert f"Calibrate on {missing} more benign units of stratum batch" in refusal.value.remedy
    assert require(level, reference + missing) <= level
    with pytest.raises(LevelTooFine):
        require(level, reference + missing - 1)


def test_evidence_of_one_reference_is_capped_at_what_it_has_seen() -> None:
    """Odds of n + 1 to 1, the inverse of the finest p; none without a reference."""
    assert math.exp(largest_log_e(9999)) == pytest.approx(1 / finest_p(9999))
    assert largest_log_e(0) == 0.0


@pytest.mark.parametrize("level", [0.0, -1.0, 1.5, math.nan])
def test_what_is_no_level_is_refused(level: float) -> None:
    """Level 0 would need infinitely many units."""
    with pytest.raises(UsageError):
        units_needed(level)
