"""What was computed already: one file for each detector on each world, so that a run that was stopped goes on.

A file is written whole or not at all and carries a fingerprint of the world and of the code. One that does not fit,
or cannot be read, is computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from stillwatch.evaluation.adaptive.round import Round
from stillwatch.evaluation.detector import Look
from stillwatch.evaluation.source import SKETCHING, source_digest
from stillwatch.evaluation.windows import WindowRow
from stillwatch.report.atomic_file import write_atomically


class Outcome(msgspec.Struct, frozen=True):
    """All looks of a detector at a world, or why there are none."""

    world: str
    detector: str
    fingerprint: str
    status: Literal["done", "not run"]
    reason: str = ""
    looks: tuple[Look, ...] = ()
    windows: tuple[WindowRow, ...] = ()
    rounds: tuple[Round, ...] = ()
    seconds: float = 0.0


class Results:
    """The folder of results below the report's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, world: str, detector: str, fingerprint: str) -> Outcome | None:
        """The outcome, if it was computed of exactly this world by this method."""
        try:
            found = msgspec.json.decode(self._file(world, detector).read_bytes(), type=Outcome)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return found if found.fingerprint == fingerprint else None

    def put(self, outcome: Outcome) -> None:
        write_atomically(self._file(outcome.world, outcome.detector), msgspec.json.encode(outcome).decode())

    def _file(self, world: str, detector: str) -> Path:
        return self.folder / f"{world}--{detector}.json"


def method(world_fingerprint: str, module: str, cuts: Sequence[int]) -> str:
    """The fingerprint of a result: world, source of the module that computes it, and the days at which it looked."""
    return f"{world_fingerprint}-{source_digest(module, SKETCHING)}-{','.join(map(str, cuts))}"
