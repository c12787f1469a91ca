"""How fine a claim a benign reference can carry, and a refusal to make finer ones.

Nothing below 1/(n+1) has ever been seen of n honest units. A product of many bets on the same reference can print
numbers far beyond that; they measure the bets and not the world. So every action names its level, and is refused where
the stratum's reference is too small for it, with the number of benign units that are missing.
"""

from __future__ import annotations

import math

from stillwatch.errors import CalibrationError, UsageError
from stillwatch.stats.conformal import finest_p


class LevelTooFine(CalibrationError):
    """Somebody asked to act at a level that the benign reference cannot carry. `missing`: benign units to add."""

    def __init__(self, problem: str, remedy: str, missing: int) -> None:
        super().__init__(problem, remedy)
        self.missing = missing


def units_needed(level: float) -> int:
    """The smallest reference that carries `level`: the smallest n with 1/(n+1) <= level."""
    if not 0.0 < level <= 1.0:
        raise UsageError(f"{level} is no level", "Give one above 0 and at most 1")
    units = math.ceil(1.0 / level) - 1
    while units > 0 and finest_p(units - 1) <= level:  # 1 / level rounds: settle it by what `finest_p` says
        units -= 1
    while finest_p(units) > level:
        units += 1
    return units


def require(level: float, reference: int, stratum: str = "") -> float:
    """The finest level of `reference` benign units, if `level` is not finer; else `LevelTooFine`. Fails closed."""
    finest = finest_p(reference)
    if level >= finest:
        return finest
    needed = units_needed(level)
    of = f" of stratum {stratum}" if stratum else ""
    raise LevelTooFine(
        f"{reference} benign units{of} carry no claim finer than {finest:.3g}, and {level:.3g} was asked for",
        f"Calibrate on {needed - reference} more benign units{of} ({needed} in all), or act at {finest:.3g} or coarser",
        needed - reference,
    )


def largest_log_e(reference: int) -> float:
    """The cap on evidence that rests on one reference: log(n + 1), as no p-value below 1/(n+1) backs it.

    A convention that is stricter than validity asks for: a cap never harms an e-value, and this one keeps a report
    from quoting odds that the calibration has not seen.
    """
    return math.log(reference + 1)
