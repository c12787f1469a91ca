"""What an evidence family is: features of the ledger as Ibis expressions, and a statistic of each unit in a group.

A group is a candidate ring that was frozen before it is tested. A family scores every unit (organisation, or account
where the log names none) of a group beside the rest of it, from what the group did on the days that test. The same
functions score the groups that the same search finds in the benign log: honest strangers with one tool, a class, an
office. That is every family's null, and no score is a claim without it.

Families of one kin look at the same side of the traffic and depend on each other: their e-values are averaged. Kins
are taken to be independent given that the group is honest, and multiply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.evidence import Evidence
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

B = TypeVar("B")


class Kin(StrEnum):
    """The side of the traffic that a family looks at."""

    FORM = "form"  # how requests are worded and set
    CONTENT = "content"  # what they are about
    IDENTITY = "identity"  # who pays and from where
    TIME = "time"  # when they come


@dataclass(frozen=True)
class Group:
    """Exchanges of one candidate's accounts, evenly over time where an account sent very many.

    `columns` are the sketch's (`sketch.record`) that the families ask for: (n,) each, but "zones" (n, 32) uint32,
    "lineage" (n, 6) uint32, "projection" (n, 64) int8.
    """

    account: Ints  # (n,) dense index into `Accounts`
    unit: Ints  # (n,) 0 .. units - 1; a unit may have no exchange here
    units: int
    carries: NDArray[np.bool_]  # (n,) whether the exchange carries what links the group
    columns: Mapping[str, NDArray[np.generic]]

    def column(self, name: str) -> Ints:
        """A column of single numbers, as int64."""
        return self.columns[name].astype(np.int64)


class Family(Protocol, Generic[B]):
    """One evidence family. `null`, `assumption` and `weakness` are sentences for the report."""

    @property
    def name(self) -> str: ...
    @property
    def kin(self) -> Kin: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def null(self) -> str: ...
    @property
    def assumption(self) -> str: ...
    @property
    def weakness(self) -> str: ...

    def background(self, table: ibis.Table, found: Accounts) -> B:
        """What the whole log says that a group is compared with, by the table's engine; small, whatever the log."""
        ...

    def scores(self, group: Group, background: B, rng: np.random.Generator) -> Floats:
        """(units,) Larger = more as if one hand moved the group. NaN where nothing can be said of a unit."""
        ...

    def statement(self, group: Group, background: B) -> Evidence | None:
        """What an analyst reads, on all days, with log_e 0; None where there is nothing worth reading."""
        ...
