"""A world ready to be evaluated: its truth beside the ledgers of its traffic and of its benign log.

Text was read once, when the ledgers were made. Every detector but `unmimic` sees sketches only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import InputError
from stillwatch.evaluation.truth import Truth, read_truth
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.pseudonym import Secret
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.tracing.skeleton import Keys
from stillwatch.tracing.ubiquitous import ubiquitous_values

Ints = NDArray[np.int64]

EXCHANGES, BENIGN = "exchanges.jsonl.gz", "benign.jsonl.gz"
LOOKS = 8
"""At a growing log: enough to see a curve, few enough for one night."""


@dataclass(frozen=True)
class World:
    """One world. `names`: pseudonym to the name in the log; `ignored`: skeleton values of everybody's phrases."""

    name: str
    directory: Path
    truth: Truth
    ledger: Ledger
    benign: Ledger | None
    names: Mapping[int, str]
    ignored: Keys

    @property
    def log(self) -> Path:
        return self.directory / EXCHANGES

    @property
    def benign_log(self) -> Path:
        return self.directory / BENIGN

    def cuts(self, looks: int = LOOKS) -> list[int]:
        """Last days of at most `looks` growing prefixes, evenly spread, the last of them the last day of all."""
        days = self.ledger.days()
        count = min(len(days), looks)
        return [days[len(days) * (place + 1) // count - 1] for place in range(count)]

    def benign_day(self, day: int) -> int:
        """The day on which the benign log is as old as the traffic is on `day`: volumes are compared at equal age."""
        return self.benign.days()[0] + day - self.ledger.days()[0] if self.benign else day

    def name_of(self, pseudonym: int) -> str:
        return self.names.get(int(pseudonym)) or f"{int(pseudonym):016x}"

    def fingerprint(self) -> str:
        """Changes where the world does, so that no result of another world is taken for this one's."""
        seen = hashlib.blake2b((self.directory / "truth.json").read_bytes(), digest_size=8)
        for file in (self.log, self.benign_log):
            seen.update(f"{file.name} {file.stat().st_size if file.exists() else 0}".encode())
        return seen.hexdigest()


def logs_of(directory: Path) -> tuple[Path, Path | None]:
    """The traffic of a world and its benign log, if it has one."""
    log, benign = directory / EXCHANGES, directory / BENIGN
    if not log.exists():
        remedy = "Make the world again with `stillwatch world SCENARIO --out DIR`"
        raise InputError(f"{directory} has no {EXCHANGES}", remedy)
    return log, benign if benign.exists() else None


def require_known(truth: Truth, directory: Path, accounts: set[str]) -> None:
    """`InputError` where truth and traffic are of two worlds: a campaign none of whose accounts sent anything."""
    for campaign in truth.campaigns:
        if campaign.accounts and not accounts.intersection(campaign.accounts):
            raise InputError(
                f"{directory}: no account of campaign {campaign.id} is in {EXCHANGES}",
                "truth.json and the log belong to two worlds; make the world again",
            )


LedgerOf = Callable[[Path, str], Path]
"""Sketches a log, or finds it sketched; called with the log and "sketches" or "benign", returns the ledger."""


def open_worlds(directories: Sequence[Path], ledger_of: LedgerOf, secret: Secret) -> list[World]:
    """The worlds in these directories; truths are read before anything is sketched.

    `InputError` names what is missing or damaged.
    """
    truths = [read_truth(directory) for directory in directories]
    logs = [logs_of(directory) for directory in directories]
    ignored = ubiquitous_values(Sketcher(secret))
    opened: list[World] = []
    for directory, truth, (log, benign) in zip(directories, truths, logs, strict=True):
        ledger = Ledger.open(ledger_of(log, "sketches"))
        opened.append(
            World(
                name=_name(directory, {world.name for world in opened}),
                directory=directory,
                truth=truth,
                ledger=ledger,
                benign=Ledger.open(ledger_of(benign, "benign")) if benign else None,
                names=NameTable.open(ledger.path, secret).names("account"),
                ignored=ignored,
            )
        )
    return opened


def _name(directory: Path, taken: set[str]) -> str:
    """The directory's name as a file may be called; the second of one name gets a number."""
    plain = re.sub(r"[^\w.-]", "_", directory.resolve().name) or "world"
    names = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
