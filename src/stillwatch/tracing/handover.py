"""Do fresh accounts come when others have gone? Who is banned from a campaign is replaced, mostly within hours.

Beside two nulls, of which the one that explains more counts. *Newcomers*: a group's fresh accounts come as the
population's do, whatever its members do; how many come within a day after a leaving is then binomial. *Either side*:
comings and leavings that fall together for a reason of their own (a release, a term) fall together in any order;
of comings with a leaving on one side only, half have it before them. That many honest accounts only seem to leave
makes the test weak, not wrong. Assumption: accounts of different members come independently of each other.
Blind to operators who use the replacements long before they are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, ndtri

from stillwatch.tracing.activity import DAY_US, Activity

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WITHIN_US = DAY_US
"""Chosen: replacing takes hours, and the fresh account's first use some more."""
_SILENT_GAPS = 6.0
"""Chosen: who has left is silent for this many of its mean gaps, which befalls one Poisson account in 400."""


@dataclass(frozen=True)
class Handover:
    """`fresh` accounts came late enough to be told from those that were always there; `followed` of them came
    within `WITHIN_US` of another's leaving, where chance `expected`. `takes_part`: (members,) follows or is followed.
    """

    fresh: int
    followed: int
    expected: float
    z: float  # the smaller of both, as standard deviations; 0 without fresh accounts
    takes_part: Bools


def handover(log: Activity, accounts: Ints, member: Ints, members: int) -> Handover:
    """Of a group: `accounts` are dense indices, and `member` (0 .. members - 1) has one entry for each of them."""
    every_came, every_went = log.first_elapsed_us(), log.last_elapsed_us()
    came, went = every_came[accounts], every_went[accounts]
    begins, leaves = is_fresh(came), _has_left(came, went, log.exchanges[accounts], len(log.days) * DAY_US)
    others = begins[:, None] & leaves[None, :] & (member[:, None] != member[None, :])
    after = came[:, None] - went[None, :]
    follows = others & (after > 0) & (after <= WITHIN_US)
    precedes = others & (after <= 0) & (after > -WITHIN_US)
    chance = _chance(np.delete(every_came, accounts), np.sort(went[leaves]))
    fresh, has_before, has_behind = int(begins.sum()), follows.any(axis=1), precedes.any(axis=1)
    followed, one_sided = int(has_before.sum()), has_before != has_behind
    either_side = _z(int((has_before & one_sided).sum()), int(one_sided.sum()), 0.5)
    takes_part = np.zeros(members, bool)
    takes_part[member[has_before | follows.any(axis=0)]] = True
    return Handover(fresh, followed, fresh * chance, min(_z(followed, fresh, chance), either_side), takes_part)


def is_fresh(came_us: Ints) -> Bools:
    """Whether an account that came at this time on the log's clock was not there before: not on the first two days."""
    return np.asarray(came_us >= 2 * DAY_US)


def _has_left(came: Ints, went: Ints, exchanges: Ints, span_us: int) -> Bools:
    """Whether accounts fell silent for good, as far as the log shows: for a day, and for many of their own gaps.

    An account that was there for less than a day has no rhythm to fall silent from.
    """
    silent = span_us - went
    gap = (went - came) / np.maximum(exchanges - 1, 1)
    return np.asarray((silent > DAY_US) & (silent > _SILENT_GAPS * gap) & (went - came > DAY_US))


def _chance(came: Ints, went: Ints) -> float:
    """The share of other accounts' first moments `came` that fall within `WITHIN_US` after one of `went`, sorted."""
    came = came[is_fresh(came)]
    inside = np.searchsorted(went, came, side="left") > np.searchsorted(went, came - WITHIN_US, side="left")
    return float((inside.sum() + 1) / (len(came) + 2))  # Laplace: few newcomers say little


def _z(hits: int, tries: int, chance: float) -> float:
    """The mid-p of at least so many hits, as standard deviations."""
    if tries == 0:
        return 0.0
    above = 0.5 * (bdtrc(hits, tries, chance) + bdtrc(hits - 1, tries, chance))
    return float(-ndtri(np.clip(above, 1e-300, 1.0 - 1e-16)))
