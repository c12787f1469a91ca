"""A ledger up to the end of a day, as the hunt reads ledgers: the same sketches, some of the segments."""

from __future__ import annotations

import ibis

from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.view import View


def prefix(ledger: Ledger, engine: ibis.BaseBackend, through: int | None = None) -> View:
    """The days of `ledger` up to `through`, all of them by default."""
    return View(ledger, engine, None if through is None else frozenset(d for d in ledger.days() if d <= through))
