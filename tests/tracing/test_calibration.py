"""The benign reference: no reference, no claim; never a finer claim than the number of honest groups carries."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stillwatch.tracing.calibration import GROUPS_PER_STRATUM, STEEPNESS, Reference, Scored
from stillwatch.tracing.family import Kin

KINS = {"template": Kin.FORM, "shape": Kin.FORM, "timing": Kin.TIME}


def scored(stratum: str = "batch", **scores: list[float]) -> Scored:
    return Scored(stratum, {family: np.array(values) for family, values in scores.items()})


def reference(*groups: Scored) -> Reference:
    return Reference("a benign log", groups, KINS)


@pytest.mark.parametrize(
    ("held", "tested"),
    [
        (reference(), scored(template=[9.0])),
        (reference(scored(timing=[1.0])), scored(template=[9.0])),
        (reference(scored(template=[])), scored(template=[9.0])),
        (reference(scored(template=[1.0])), scored(template=[])),
    ],
)
def test_without_a_reference_nothing_is_claimed(held: Reference, tested: Scored) -> None:
    """Another family's scores are no reference, nor are groups of which nothing is known."""
    assert held.log_e(tested) == {"template": 0.0}
    assert held.combined(held.log_e(tested)) == 0.0


@pytest.mark.parametrize("n", [1, 9, 99])
def test_the_claim_is_bounded_by_the_number_of_groups(n: int) -> None:
    """However absurd the score and however large the groups: log((n + 1) / H), H the sum of the bet's weights."""
    held = reference(*(scored(template=[0.0] * 7) for _ in range(n)))
    harmonic = math.fsum(i**-STEEPNESS for i in range(1, n + 2))
    assert held.log_e(scored(template=[1e300]))["template"] == pytest.approx(math.log((n + 1) / harmonic))


def test_a_stratum_of_many_groups_is_its_own_reference_and_one_of_few_is_compared_with_all() -> None:
    agents = [scored("agent", template=[5.0]) for _ in range(GROUPS_PER_STRATUM)]
    held = reference(*agents, scored("batch", template=[0.0]))
    assert held.size("agent") == GROUPS_PER_STRATUM
    assert held.size("batch") == GROUPS_PER_STRATUM + 1


def test_kin_is_averaged_and_kins_multiply() -> None:
    """Half of the stake on (4 + 2) / 2 times 5, half on (1 + 3) / 2 times (1 + 5) / 2."""
    held = reference(*(scored(template=[float(i)], shape=[0.0], timing=[float(i)]) for i in range(9)))
    assert held.kins_multiply
    combined = held.combined({"template": math.log(4), "shape": math.log(2), "timing": math.log(5)})
    assert combined == pytest.approx(math.log((3 * 5 + 2 * 3) / 2))


def test_kins_that_hang_together_among_honest_groups_are_averaged() -> None:
    """Four kins that all see the same extreme groups multiply into a claim against each of them, and all are honest."""
    kins = {f"family {i}": kin for i, kin in enumerate(Kin)} | {"template": Kin.FORM}
    families = [name for name in kins if name != "template"]
    rng = np.random.default_rng(4)
    groups = [
        scored(**{name: [float(score)] for name in families})
        for score in np.concatenate([rng.normal(0, 1e-3, 170), np.full(30, 1e6) + rng.normal(0, 1e-3, 30)])
    ]
    held = Reference("", tuple(groups), kins)
    assert held.crossing > 0.01 * len(groups)
    assert not held.kins_multiply
    assert held.combined(dict.fromkeys(families, math.log(3))) == pytest.approx(math.log(3))


def test_honest_groups_are_claimed_against_no_more_than_fairly() -> None:
    """Groups of any size, exchangeable with the reference's, and alike inside: the mean e-value is at most 1.

    E-values of at most 20 / 2.17 = 9.3 and mean 1 have variance below 8.3.
    """
    rng = np.random.default_rng(111)

    def group() -> Scored:
        return scored(template=(rng.normal() + 0.1 * rng.normal(size=rng.integers(1, 9))).tolist())

    found = [math.exp(reference(*(group() for _ in range(19))).log_e(group())["template"]) for _ in range(3000)]
    assert np.mean(found) <= 1.0 + 2.6 * math.sqrt(8.3 / 3000)
    assert np.mean(found) > 0.7
