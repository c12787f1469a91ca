"""A ledger, or some days of it, as a hunt reads it: segments, and one engine's table over them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ibis

from stillwatch.ledger.ledger import Ledger


@dataclass(frozen=True)
class View:
    """The days of `ledger` that are in `only`; all of them by default."""

    ledger: Ledger
    engine: ibis.BaseBackend
    only: frozenset[int] | None = None

    def days(self) -> list[int]:
        """Days since 1970-01-01 with exchanges, ascending."""
        return [day for day in self.ledger.days() if self.only is None or day in self.only]

    def of_days(self, days: Collection[int]) -> View:
        """Those days of this view."""
        return View(self.ledger, self.engine, frozenset(days).intersection(self.days()))

    def table(self) -> ibis.Table:
        return self._table

    def segment_paths(self) -> list[Path]:
        return self.ledger.segment_paths(self._days)

    @cached_property
    def _table(self) -> ibis.Table:
        return self.ledger.table(self.engine, days=self._days)

    @property
    def _days(self) -> list[int] | None:
        return None if self.only is None else self.days()
