"""What a hunt hands to a look: how many honest groups a claim counts as resting on."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.campaigns.claims import Claim
from stillwatch.campaigns.families import COMPLEMENTARITY, KINS, TEMPLATE
from stillwatch.campaigns.reference import of_benign_log
from stillwatch.standing.beside import units_behind
from stillwatch.tracing.calibration import Scored

GROUPS = 40
HONEST = [
    Scored("batch", {TEMPLATE: np.array([float(n)]), COMPLEMENTARITY: np.array([n * 7.0 % 40])}) for n in range(GROUPS)
]
ONE_OF_EACH_KIN = {kin: family for family, kin in KINS.items()}.values()


@pytest.mark.parametrize(
    ("spoke", "units"),
    [((), GROUPS), ((TEMPLATE,), GROUPS), ((TEMPLATE, COMPLEMENTARITY), (GROUPS + 1) ** 2 - 1)],
)
def test_kins_that_may_be_multiplied_carry_the_product_of_their_levels(spoke: tuple[str, ...], units: int) -> None:
    """Those that spoke; a family that had nothing to compare carries nothing."""
    claim = Claim({family: 1.0 if family in spoke else 0.0 for family in (TEMPLATE, COMPLEMENTARITY)})
    reference = of_benign_log(HONEST)
    assert reference.kins_multiply
    assert units_behind(claim, reference, "batch") == units


def test_kins_that_hang_together_carry_the_level_of_one() -> None:
    """More benign groups cross than the level allows when all kins say the same of each."""
    same = [Scored("batch", dict.fromkeys(ONE_OF_EACH_KIN, np.array([float(n)]))) for n in range(10 * GROUPS)]
    reference = of_benign_log(same)
    assert not reference.kins_multiply
    assert units_behind(Claim(dict.fromkeys(ONE_OF_EACH_KIN, 1.0)), reference, "batch") == len(same)
