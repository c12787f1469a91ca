"""Columns of a ledger in memory, as the baselines read them: one numpy row an exchange, by time.

The hunt reads a ledger part by part and has no use for this. A baseline may cost what its authors' code would cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.ledger.ledger import Ledger
from stillwatch.sketch.record import PROJECTION_DIMENSIONS, ZONE_SLOTS
from stillwatch.tracing.survey import fixed_bytes, slot_values

Ints = NDArray[np.int64]

_ALWAYS = ("ts_us", "account", "organization", "day")


@dataclass(frozen=True)
class Rows:
    """Exchanges, ascending by time. Every array has shape (exchanges, ...)."""

    ts_us: Ints
    account: Ints
    unit: Ints  # organisation, or account where the log names none: who claims to be a stranger to whom
    day: Ints
    columns: dict[str, NDArray[np.int64]]  # of those asked for, plain numbers
    zones: NDArray[np.uint32]  # (exchanges, ZONE_SLOTS), 0 = empty slot; no columns unless asked for
    projection: NDArray[np.int8]  # (exchanges, PROJECTION_DIMENSIONS); no columns unless asked for

    def __len__(self) -> int:
        return len(self.account)

    def take(self, places: Ints | NDArray[np.bool_]) -> Rows:
        """The rows at these places, or those that are marked."""
        columns = {name: values[places] for name, values in self.columns.items()}
        own = (self.ts_us[places], self.account[places], self.unit[places], self.day[places])
        return Rows(*own, columns, self.zones[places], self.projection[places])

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """All rows of the parts, in their order; columns are those of the first."""
        ts_us, account, unit, day = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("ts_us", "account", "unit", "day")
        )
        columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
        zones, projection = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("zones", "projection")
        )
        return cls(ts_us, account, unit, day, columns, zones, projection)

    def through(self, day: int) -> Rows:
        """The rows up to the end of a day."""
        return self.take(self.day <= day)

    def of(self, accounts: Ints) -> Rows:
        """The rows of these accounts, sorted by pseudonym."""
        return self.take(np.isin(self.account, accounts))


def read_rows(ledger: Ledger, columns: Sequence[str] = ()) -> Rows:
    """The named columns of a ledger, among them "zones" and "projection"."""
    wanted = list(dict.fromkeys((*_ALWAYS, *columns)))
    batches = list(ledger.scan(wanted))
    table = pa.Table.from_batches(batches) if batches else ledger.schema.empty_table().select(wanted)
    table = table.sort_by("ts_us").combine_chunks()
    plain = {name: _numbers(table, name) for name in wanted if name not in ("zones", "projection")}
    account, organization = plain.pop("account"), plain.pop("organization")
    zones = slot_values(table, "zones", ZONE_SLOTS) if "zones" in wanted else np.empty((len(table), 0), np.uint32)
    projection = np.empty((len(table), 0), np.int8)
    if "projection" in wanted:
        projection = fixed_bytes(table, "projection").view(np.int8).reshape(-1, PROJECTION_DIMENSIONS)
    unit = np.where(organization != 0, organization, account)
    return Rows(plain.pop("ts_us"), account, unit, plain.pop("day"), plain, zones, projection)


def _numbers(table: pa.Table, name: str) -> Ints:
    return np.asarray(table.column(name).to_numpy().astype(np.int64))
