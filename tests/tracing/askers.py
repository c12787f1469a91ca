"""Accounts that ask about things, without text: projections of their conversations, counted as the survey counts them.

Of what an account asks about, one conversation has variance 1 in every direction; `OWN` is how far apart two people's
usual subjects lie beside that, the ordinary case that `shared_subjects` states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.tracing.shared_subjects import Space
from stillwatch.tracing.subjects import SubjectCount, Subjects

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

OWN = 0.03
"""Variance between people's subjects, in variances of one conversation."""
_SPREAD = 20.0  # of a projection's cells: rounding to whole numbers adds one in 5,000 to their variance


@dataclass(frozen=True)
class Asked:
    """Conversations by account, ascending: `account` (n,) and `projection` (n, 64)."""

    account: Ints
    projection: NDArray[np.int8]

    def subjects(self) -> Subjects:
        """What the survey keeps of them."""
        count = SubjectCount(np.arange(int(self.account.max(initial=-1)) + 1))
        count.add(self.account, self.projection)
        return count.all()

    def space(self, unit_of: Ints | None = None) -> Space:
        """Each account a unit of its own, unless told otherwise."""
        found = self.subjects()
        units = np.arange(int(self.account.max(initial=-1)) + 1) if unit_of is None else unit_of
        return Space.of(found, units, found.within)


def own_subjects(accounts: int, rng: np.random.Generator) -> Floats:
    """(accounts, 64) What people usually ask about, each something else."""
    return rng.normal(0.0, np.sqrt(OWN), (accounts, PROJECTION_DIMENSIONS))


def asked(usual: Floats, each: Ints, rng: np.random.Generator) -> Asked:
    """`each` (accounts,) conversations of accounts that usually ask about `usual` (accounts, 64)."""
    account = np.repeat(np.arange(len(usual)), each)
    return said(account, usual[account], rng)


def said(account: Ints, about: Floats, rng: np.random.Generator) -> Asked:
    """Conversations scattered around what each is `about`, (n, 64); directions vary differently and hang together."""
    values = about + rng.normal(0.0, 1.0, about.shape)
    turn, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(PROJECTION_DIMENSIONS, PROJECTION_DIMENSIONS)))
    scale = np.linspace(0.5, 1.5, PROJECTION_DIMENSIONS) * _SPREAD
    cells = (values * scale) @ turn
    return Asked(account.astype(np.int64), np.clip(np.rint(cells), -127, 127).astype(np.int8))
