"""How far students of operators who aim at the mark avoid the keys, and clean ones beside a reference with marks.

`python -m stillwatch.experiments.avoided OUT` writes OUT/avoided.json, in about a CPU minute. Standard deviations of
both keys, the fleet's and the campaign's: below 0 is less than chance. `p` is of the other side, alone, the smaller of
both, among all candidates.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Before numpy loads, as in `cli.main`: threads of OpenBLAS that wait for each other spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import msgspec
import numpy as np

from stillwatch.audit.candidates import Candidate, candidates
from stillwatch.audit.finding import p_of
from stillwatch.audit.radioactivity import scored
from stillwatch.audit.reading import Moved, weighed
from stillwatch.audit.said import NOTHING, Said, said_in, set_against
from stillwatch.experiments.harvest import Layout, Size, Teaching
from stillwatch.experiments.removal import aimed
from stillwatch.experiments.source import SUBJECTS, Source
from stillwatch.experiments.student import Student
from stillwatch.report.atomic_file import write_atomically
from stillwatch.watermark.detect import family

SEEDS = (1, 2, 3)
SHARES = (0.2, 1.0)
LEARNED = (0.05, 0.2)
"""Marked shares of what a reference learned."""


class Avoided(msgspec.Struct, frozen=True, kw_only=True):
    """One suspect; pairs are of the fleet's key and the campaign's. `counted` is None beside a reference."""

    what: str
    share: float
    seed: int
    counted: tuple[float, float] | None
    weighed: tuple[float, float]
    p: float


def measured(size: Size, seed: int) -> Iterator[Avoided]:
    """All of one seed."""
    teaching = Teaching(Source(size.words), size, seed)
    prompts = teaching.source.prompts(range(SUBJECTS), size.asked // size.answer, teaching.rng(21))[0]
    harvested = teaching.harvest(Layout.CAMPAIGN)

    def said(model: Student, times: int = 1) -> Said:
        return said_in(model.answers(np.tile(prompts, times), size.answer, teaching.rng(24)), 1)

    models = {
        "his base": Student(teaching.base, size.words),
        "unmarked text of the teacher's": Student(teaching.unmarked, size.words),
    }
    for share in SHARES:
        eaten = harvested[: round(share * len(harvested))]
        for whose, model in models.items():
            texts = aimed(eaten, model, size.words, teaching.rng(51))
            found = said(teaching.student(np.concatenate((texts, harvested[len(texts) :])), share))
            yield _told(f"aimed, by {whose}", share, teaching, found, NOTHING)
    clean = said(teaching.student(np.flip(teaching.unmarked, axis=0), 0.2))
    for share in LEARNED:
        reference = said(teaching.student(harvested, share), 4)
        yield _told("clean, beside a reference that learned marks", share, teaching, clean, reference)


def _told(what: str, share: float, teaching: Teaching, said: Said, reference: Said) -> Avoided:
    keys = teaching.keys
    tried = list(candidates(keys.candidates(), layered=True).values())
    moved = set_against(said, reference)
    both = tried[:2]
    p = family([p_of(weighed(moved.turned(), one)) for one in tried])
    return Avoided(
        what=what,
        share=share,
        seed=teaching.seed,
        counted=None if len(reference.times) else (_counted(said, both[0]), _counted(said, both[1])),
        weighed=(_weighed(moved, both[0]), _weighed(moved, both[1])),
        p=min(p[:2]),
    )


def _counted(said: Said, candidate: Candidate) -> float:
    found = scored(said.cells, candidate)
    spread = np.sqrt(found.cells * found.gamma * (1 - found.gamma))
    return round(float((found.greens - found.gamma * found.cells) / spread), 1)


def _weighed(moved: Moved, candidate: Candidate) -> float:
    return round(weighed(moved, candidate).statistic, 1)


def run(out: Path) -> None:
    """Write the results into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [row for seed in SEEDS for row in measured(Size(), seed)]
    document = msgspec.json.format(msgspec.json.encode(rows), indent=1).decode()
    write_atomically(out / "avoided.json", document + "\n")
    sys.stdout.write(f"{out / 'avoided.json'}\n")


if __name__ == "__main__":
    run(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
