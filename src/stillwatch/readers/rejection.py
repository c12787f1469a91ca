"""What became of a block of a log: its exchanges, and the rows that are none, each with number and reason."""

from __future__ import annotations

import msgspec

from stillwatch.exchange.record import Exchange


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """One malformed row. `line` counts from 1; in Parquet it is the row number. The reason quotes no content."""

    line: int
    reason: str


class ParsedBlock(msgspec.Struct, frozen=True):
    """The rows of one block as records. One row of a trace format can hold several exchanges."""

    exchanges: list[Exchange]
    rejections: list[Rejection]
