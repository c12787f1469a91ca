"""The linking and the testing days of a ledger, as rings and their null are made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.tracing.skeleton import Repeated
from stillwatch.tracing.survey import REPEATED_COLUMNS, Accounts, Survey, repeats

Ints = NDArray[np.int64]
Parts = Callable[[Sequence[str], Ints | None], Iterator[pa.Table]]
"""Reads the named columns of whole accounts, of those pseudonyms only if any are given."""


@dataclass(frozen=True)
class Half:
    """The linking days, surveyed: everybody may be in a ring. `parts` reads their exchanges."""

    seen: Survey
    skeleton: Repeated
    parts: Parts


@dataclass(frozen=True)
class HeldOut:
    """The testing days: who sends on them, and how to read what rings that are known by now sent."""

    accounts: Accounts
    parts: Parts
    table: ibis.Table

    def index(self, pseudonyms: Ints) -> Ints:
        """Dense indices here of those accounts that have exchanges here."""
        accounts = self.accounts.account
        at = np.minimum(np.searchsorted(accounts, pseudonyms), max(len(accounts) - 1, 0))
        return at[accounts[at] == pseudonyms] if len(accounts) else at[:0]

    def repeats(self, accounts: Ints) -> tuple[Repeated, Ints]:
        """What these accounts (dense indices, any order) repeat, and how many conversations each account has."""
        wanted = self.accounts.account[np.unique(accounts)]
        return repeats(self.accounts, self.parts(REPEATED_COLUMNS, wanted) if len(wanted) else ())
