"""A ledger up to the end of a day, as the hunt reads ledgers: the same sketches, some of the segments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ibis

from stillwatch.ledger.ledger import Ledger


@dataclass(frozen=True)
class Prefix:
    """The days of `ledger` up to `through`, all of them by default."""

    ledger: Ledger
    engine: ibis.BaseBackend
    through: int | None = None

    def table(self) -> ibis.Table:
        return self._table

    def segment_paths(self) -> list[Path]:
        return self.ledger.segment_paths(self._days)

    @cached_property
    def _table(self) -> ibis.Table:
        return self.ledger.table(self.engine, days=self._days)

    @property
    def _days(self) -> list[int] | None:
        return None if self.through is None else [day for day in self.ledger.days() if day <= self.through]
