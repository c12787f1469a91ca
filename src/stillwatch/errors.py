"""Every error that Stillwatch raises on purpose, in one small hierarchy.

An error names the offending thing and says what an operator can do about it. It never carries prompt
text, keys or raw identifiers. `exit_code` is what the command line returns (docs/commands.md).
"""

from __future__ import annotations


class StillwatchError(Exception):
    """Something is wrong that a person can mend; `remedy` says how."""

    exit_code = 3

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}. {self.remedy}" if self.remedy else self.problem


class UsageError(StillwatchError):
    """The command was called in a way that cannot mean anything."""

    exit_code = 2


class InputError(StillwatchError):
    """A log could not be read, or too much of it was malformed."""


class MalformedRow(StillwatchError):
    """One row of a log is not an exchange; the run counts it and goes on."""


class SecretError(StillwatchError):
    """A secret key file is missing, too short, readable by others or damaged."""


class SketchMismatch(StillwatchError):
    """Two sketches were made under different keys or parameters and cannot be compared."""


class LedgerError(StillwatchError):
    """The ledger directory is not one, is of another version, or is in use by another run."""


class StorageFull(LedgerError):
    """The disk is full; what was committed before stays good and the run can be resumed."""


class CalibrationError(StillwatchError):
    """The benign reference cannot carry the level that was asked for."""


class JournalBroken(StillwatchError):
    """An entry of the journal is not what was written, or the newest are missing."""


class StoreError(StillwatchError):
    """The shared store refuses this node, is of a version that cannot serve it, or holds something else."""


class Interrupted(StillwatchError):
    """Somebody pressed Ctrl-C; what was committed stays."""

    exit_code = 130  # 128 + SIGINT, as shells expect
