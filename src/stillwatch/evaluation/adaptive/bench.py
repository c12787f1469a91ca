"""A hunt that somebody's traffic is put into: a ledger of other people's traffic, a benign log, and a secret."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis

from stillwatch.campaigns.known import Benign
from stillwatch.evaluation.detectors.hunt import as_look
from stillwatch.evaluation.metrics.case import listed
from stillwatch.evaluation.prefix import prefix
from stillwatch.evaluation.threshold import ALPHA
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.pipeline import Hunt, learned, review
from stillwatch.pseudonym import Secret
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.sketching.run import sketch_logs
from stillwatch.tracing.ubiquitous import ubiquitous_values


@dataclass(frozen=True)
class Bench:
    """The ledger at `folder`, which is the bench's own, and what is known of honest accounts."""

    folder: Path
    secret: Secret
    engine: ibis.BaseBackend
    hunt: Hunt
    benign: Benign | None

    @classmethod
    def of(cls, ledger: Path, benign: Path | None, secret: Secret, folder: Path) -> Bench:
        """A copy of the ledger to put traffic into; the benign one is learned once."""
        _copied(ledger, folder)
        engine = connect(threads=2)
        hunt = Hunt(alpha=ALPHA, ignored=ubiquitous_values(Sketcher(secret)))
        known = learned(prefix(Ledger.open(benign), engine), hunt) if benign else None
        return cls(folder, secret, engine, hunt, known)

    def add(self, log: Path) -> None:
        """Put a log into the ledger, for good."""
        sketch_logs([log], self.folder, self.secret, workers=1)

    def named(self, day: int) -> frozenset[str]:
        """Accounts that a hunt through the end of `day` shows people as part of a campaign, or acts on."""
        hunt = _with_names(self.hunt, NameTable.open(self.folder, self.secret).names("account"))
        found = review(prefix(Ledger.open(self.folder), self.engine, day), self.benign, hunt)
        return frozenset(listed(as_look(found, day)))

    def named_with(self, log: Path, day: int) -> frozenset[str]:
        """The same, as if this log were in the ledger."""
        trial = self.folder.with_name(f"{self.folder.name}-trial")
        try:
            _copied(self.folder, trial)
            one = Bench(trial, self.secret, self.engine, self.hunt, self.benign)
            one.add(log)
            return one.named(day)
        finally:
            shutil.rmtree(trial, ignore_errors=True)


def _with_names(hunt: Hunt, names: Mapping[int, str]) -> Hunt:
    return Hunt(alpha=hunt.alpha, ignored=hunt.ignored, names=names)


def _copied(ledger: Path, folder: Path) -> None:
    """Segments are never written again, so they are linked and not copied."""

    def copy(source: str, target: str) -> str:
        if source.endswith(".parquet"):
            os.link(source, target)
            return target
        return shutil.copy2(source, target)

    shutil.copytree(ledger, folder, copy_function=copy)
