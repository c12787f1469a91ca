"""Evidence about one account from several channels, as one e-value.

What is random in a channel under the null is the draw of its secret: the colours of a key of marks, the draw of
conventions. Channels of different secrets are independent, whatever the suspect says and however the second was
chosen after the first was seen: given everything about one secret, the other's e-value still has a mean of at most 1.
So these multiply. Channels of one secret look at the same draw (two audits under one key, by answers and by weights):
they depend on each other, and only their average is an e-value again (Vovk & Wang 2021, section 3).

Similarity is no channel. Its ranks rest on which models were chosen for controls, and on nothing that we drew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.stats.evalues import log_families


@dataclass(frozen=True, slots=True)
class Channel:
    """`secret` names whose draw is random in it; `log_e` is the natural logarithm of its e-value."""

    name: str
    secret: str
    log_e: float


def combined(channels: Sequence[Channel]) -> float:
    """The natural logarithm of the e-value of all of them: averaged within a secret, multiplied between secrets."""
    by_secret: dict[str, list[float]] = {}
    for one in channels:
        by_secret.setdefault(one.secret, []).append(one.log_e)
    return log_families(list(by_secret.values()), math.inf, independent=True)
