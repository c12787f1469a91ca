"""A benign log of one day: no day links and another tests, and a hunt of many days goes on without it."""

from __future__ import annotations

import numpy as np

from stillwatch.campaigns.claims import claims
from stillwatch.campaigns.families import ALL_FAMILIES, TEMPLATE
from stillwatch.campaigns.tested import Frozen
from stillwatch.tracing.calibration import TOO_FEW_DAYS, Scored


def test_a_benign_log_of_one_day_makes_no_claims() -> None:
    """It has no groups, and nothing says which families are of one kin."""
    ring = Frozen(np.arange(3), np.arange(1, 5, dtype=np.uint64), 3)
    said = [Scored("batch", {TEMPLATE: np.array([9.0])})]
    [claim] = claims([0], [ring], said, TOO_FEW_DAYS, ALL_FAMILIES)
    assert (dict(claim.log_e), claim.combined) == ({TEMPLATE: 0.0}, 0.0)
