"""What a ledger knows of the logs it was made from: how far each was read, what was refused, what was lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputProgress:
    """How far one log has been read: everything before `line` and `offset` is in the ledger.

    `accepted` and `rejected` count its rows since its beginning. `lost_rows` is more than 0 when segments that
    held rows of this input were damaged: it says how many rows those had, of this and of other inputs.
    """

    fingerprint: str
    name: str
    line: int
    offset: int
    accepted: int
    rejected: int
    is_done: bool = False
    lost_rows: int = 0


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """One malformed row of an input; `reason` carries no text of the row."""

    fingerprint: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Damage:
    """A segment that was set aside; its rows are no longer in the ledger."""

    segment: str
    day: int
    rows: int
    reason: str

    def __str__(self) -> str:
        return (
            f"segment {self.segment} was set aside with {self.rows} exchanges of day {self.day}: {self.reason}. "
            "Sketch its logs again to bring them back"
        )
