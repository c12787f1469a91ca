"""What tracing hands up: a finding of one evidence family about one subject, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Evidence:
    """One family's statement about an account or a ring.

    `log_e` is the natural logarithm of an e-value under the family's stated null; 0 where the family only
    describes. `statement` is a sentence that an analyst can read aloud; `detail` holds its numbers.
    """

    family: str
    log_e: float
    statement: str
    detail: Mapping[str, float | int | str] = field(default_factory=dict)


def percent(share: float, places: int = 0) -> str:
    """A share as every sentence of this project spells it: `31 %`, `0.2 %`."""
    return f"{round(100 * share, places) + 0.0:.{places}f} %"  # + 0.0: a trace below zero is none
