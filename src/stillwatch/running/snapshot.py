"""What there is to see of a running deployment: verdicts in force, what the tracer and the population say."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.verdict import Verdict
from stillwatch.running.deployment import Places
from stillwatch.running.process import Process


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its name, whether it lives, and how often it had to be started again."""

    name: str
    lives: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment. `tracer` and `population` are what these processes wrote last; empty before they did."""

    address: str
    parts: Sequence[Part]
    verdicts: Sequence[Verdict]
    tracer: Mapping[str, Any]
    population: Mapping[str, Any]
    journal: Path


class Watch:
    """Looks at a deployment from outside, as an operator could: by its journal and its status files."""

    def __init__(self, where: Places, address: str, processes: Sequence[Process], population: Path | None) -> None:
        self._where = where
        self._address = address
        self._processes = processes
        self._population = population
        self._docket = Docket(Journal(where.journal))

    def taken(self) -> Snapshot:
        """This moment."""
        self._docket.follow()
        return Snapshot(
            self._address,
            [Part(process.name, process.pid is not None, process.restarts) for process in self._processes],
            self._docket.in_force(time.time_ns() // 1_000),
            _status(self._where.state / "status.json"),
            _status(self._population),
            self._where.journal,
        )


def _status(file: Path | None) -> Mapping[str, Any]:
    """What a process wrote there last; nothing where it has not yet. Files are replaced whole, never torn."""
    try:
        found: Mapping[str, Any] = msgspec.json.decode(file.read_bytes(), type=dict[str, Any]) if file else {}
    except OSError:
        return {}
    return found
