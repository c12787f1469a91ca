"""How much of what an account asks is new: the topic cells that it had not asked about this day (UTC).

An exchange lies in one of 256 cells in each of 16 sets of directions, the cells of coverage growth
(`tracing.topic_cells`). It is one unit of new information if most of these 16 cells are new to its account this day,
and none otherwise. What all customers' requests have in common is taken out first: the mean over the accounts of the
last day before. It is fixed for a day, so a restart gives every request the cell that it had.

What an account can spend is bounded: of requests about ever other things some 150 are new, then most cells are known.
Weakness: within a long wrapper short questions lie in few cells, so few of them count; an account that is forgotten
(`MOST_ACCOUNTS`) starts its day anew; who has no day before today is measured without the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.ledger.ledger import Ledger
from stillwatch.sketch.columns import to_numpy
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.tracing.topic_cells import BITS, TABLES, finest_cells

Floats = NDArray[np.float64]

MOST_ACCOUNTS = 100_000
"""Of a day, those that asked last. Chosen: 0.7 KB each, so 70 MB at most."""
CENTRE_ROWS = 65_536
"""Exchanges that the mean is taken from. Chosen: its error is then far below one word's weight."""
_OCTETS = (1 << max(BITS)) // 8  # of an account's state, for each set of directions: a bit a cell
_CHUNK_ROWS = 8_192  # rows turned into cells at once: 4 MB
_ANSWERED_BELOW = 400  # HTTP: an error teaches nothing
_NO_CENTRE = np.zeros(PROJECTION_DIMENSIONS)


class Novelty:
    """The cells of each account of one day. One owner; `forgotten` counts accounts that had to make room."""

    def __init__(self, day: int, centre: Floats = _NO_CENTRE, most_accounts: int = MOST_ACCOUNTS) -> None:
        self.day = day
        self.forgotten = 0
        self._centre = centre
        self._most = most_accounts
        self._seen: dict[int, int] = {}  # account: its cells as bits; who asked last is last

    @classmethod
    def rebuilt(cls, ledger: Ledger, day: int) -> Novelty:
        """The state at this moment of `day`, from what the ledger holds of it: about 6 s a million exchanges."""
        made = cls(day, centre_before(ledger, day))
        for batch in ledger.scan(["account", "status", "projection"], days=[day]):
            for _ in made.units(batch):
                pass
        return made

    def units(self, batch: pa.RecordBatch) -> Iterator[int]:
        """For each row in its order 1 if it is new to its account, else 0; and it is known from then on."""
        rows = projections(batch)
        taught = (to_numpy(batch.column("status")) < _ANSWERED_BELOW) & rows.any(axis=1)
        accounts = to_numpy(batch.column("account")).tolist()
        for account, cells, counts in zip(accounts, _cells(rows - self._centre), taught.tolist(), strict=True):
            yield self._asked(account, cells) if counts else 0

    def _asked(self, account: int, cells: int) -> int:
        seen = self._seen.pop(account, 0)
        self._seen[account] = seen | cells
        if len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]
            self.forgotten += 1
        return int((cells & ~seen).bit_count() > TABLES // 2)


def centre_before(ledger: Ledger, day: int) -> Floats:
    """(64,) The mean over accounts of the last day before `day`, of at most `CENTRE_ROWS` exchanges; 0 without one."""
    days = [known for known in ledger.days() if known < day]
    accounts, rows = [], []
    for batch in _at_most(ledger.scan(["account", "projection"], days=days[-1:]), CENTRE_ROWS):
        accounts.append(to_numpy(batch.column("account")))
        rows.append(projections(batch))
    if not rows:
        return _NO_CENTRE
    _, index, sizes = np.unique(np.concatenate(accounts), return_inverse=True, return_counts=True)
    weights = 1.0 / (sizes[index] * len(sizes))
    return np.asarray(weights @ np.concatenate(rows), np.float64)


def projections(batch: pa.RecordBatch) -> NDArray[np.int8]:
    """(rows, 64) What the exchanges are about."""
    column = batch.column("projection")
    held = np.frombuffer(column.buffers()[1], np.int8)
    first = column.offset * PROJECTION_DIMENSIONS
    return held[first : first + len(column) * PROJECTION_DIMENSIONS].reshape(-1, PROJECTION_DIMENSIONS)


def _cells(rows: Floats) -> Iterator[int]:
    """The cells of each row in all sets of directions, as the bits of one number."""
    first_octets = np.arange(TABLES) * _OCTETS
    for first in range(0, len(rows), _CHUNK_ROWS):
        cells = finest_cells(rows[first : first + _CHUNK_ROWS])
        octets = np.zeros((len(cells), TABLES * _OCTETS), np.uint8)
        np.put_along_axis(octets, first_octets + cells // 8, np.uint8(1) << (cells % 8).astype(np.uint8), axis=1)
        yield from (int.from_bytes(row.tobytes(), "little") for row in octets)


def _at_most(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.slice(0, rows)
        rows -= min(len(batch), rows)
        if not rows:
            return
