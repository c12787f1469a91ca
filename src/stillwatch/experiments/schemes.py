"""Red and green beside keyed draws: how well audits find students of as many words, marked in either way.

`python -m stillwatch.experiments.schemes OUT` writes OUT/schemes.json, in some four CPU minutes. One language, one
campaign whose contexts are half the fleet's and half its own key's, three seeds; the sizes are those of `make
radioactivity`, which has red and green by weights.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

# Before numpy loads, as in `cli.main`: threads of OpenBLAS that wait for each other spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import msgspec
import numpy as np

from stillwatch.audit.said import said_in
from stillwatch.decision.journal import Journal
from stillwatch.experiments.audited import Bench
from stillwatch.experiments.calibration import Crossed, weighed_crossings
from stillwatch.experiments.drawn import DrawnSource
from stillwatch.experiments.harvest import Layout, Size, Teaching
from stillwatch.experiments.machine import processor
from stillwatch.experiments.outcome import Audited
from stillwatch.experiments.run import SEEDS, SHARES, WHOLE, Point
from stillwatch.experiments.source import SUBJECTS, Source
from stillwatch.experiments.student import Student
from stillwatch.report.atomic_file import write_atomically

PANEL = 1_000
"""Wrong keys of the calibration."""
SCHEMES: dict[str, type[Source]] = {"red and green": Source, "keyed draws": DrawnSource}


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """By scheme, all audits; and how often wrong keys cross levels where cells are weighed."""

    points: dict[str, list[Point]]
    calibration: list[Crossed]


def measured(size: Size, seeds: tuple[int, ...] = SEEDS, panel: int = PANEL) -> Results:
    """Everything, in minutes."""
    points = {scheme: [one for seed in seeds for one in _points(scheme, size, seed)] for scheme in SCHEMES}
    return Results(points=points, calibration=[row for scheme in SCHEMES for row in _calibration(scheme, size, panel)])


def _points(scheme: str, size: Size, seed: int) -> list[Point]:
    teaching = Teaching(SCHEMES[scheme](size.words), size, seed)
    harvested, found = teaching.harvest(Layout.CAMPAIGN), []
    with TemporaryDirectory() as folder:
        bench = Bench(teaching, Journal(Path(folder) / "journal.jsonl"), teaching.student(teaching.unmarked, 0.5))
        for share in SHARES[1:]:
            sys.stderr.write(f"{scheme}, seed {seed}, {share:.0%} marked\n")
            audits = _audits(bench, teaching.student(harvested, share))
            found += [_point(size, share, seed, one) for one in audits]
    return found


def _audits(bench: Bench, suspect: Student) -> list[Audited]:
    teaching = bench.teaching
    base, other = (Student(texts, teaching.size.words) for texts in (teaching.base, teaching.proxy))
    found = [bench.closed(suspect), bench.closed(suspect, base)]
    if isinstance(teaching.source, DrawnSource):
        found += [bench.reading(suspect, base, "its base"), bench.reading(suspect, other, "another base")]
    return found


def _point(size: Size, share: float, seed: int, one: Audited) -> Point:
    return Point(share=share, seed=seed, layout=Layout.CAMPAIGN.name, accounts=size.accounts, damage="", row=one.row)


def _calibration(scheme: str, size: Size, panel: int) -> list[Crossed]:
    """Wrong keys on a clean student's answers beside its base's; p is an upper bound there."""
    teaching = Teaching(SCHEMES[scheme](size.words), size, 9)
    models = (teaching.student(teaching.unmarked, 0.5), Student(teaching.base, size.words))
    prompts = teaching.source.prompts(range(SUBJECTS), size.asked // size.answer, teaching.rng(42))[0]
    said = [said_in(one.answers(prompts, size.answer, teaching.rng(43)), 1) for one in models]
    what = f"a clean student beside its base, {scheme}"
    return weighed_crossings(what, said[0], said[1], teaching.keys.wrong(panel))


def run(out: Path) -> None:
    """Write the results into `out`."""
    began = time.process_time()
    results = measured(WHOLE)
    about = {
        "command": "python -m stillwatch.experiments.schemes",
        "processor": processor(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "cpu_seconds": round(time.process_time() - began),
    }
    out.mkdir(parents=True, exist_ok=True)
    document = msgspec.json.encode({"about": about, **msgspec.to_builtins(results)})
    write_atomically(out / "schemes.json", msgspec.json.format(document, indent=1).decode() + "\n")
    sys.stdout.write(f"{out / 'schemes.json'}\n")


if __name__ == "__main__":
    run(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
