"""How much of what must not be said the lint of sharing stops, and how much of what may be said it stops by mistake.

`python -m benchmarks.lint` reads the corpora beside the lint's tests and keeps the table in benchmarks/results.md. Two
halves, by a hash of the text: rules are improved on the development half, the held-out half is only counted. `practice`
was written and used while the rules were improved; `fresh` was written after the last change of their words, and is
only counted.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import binomtest

from benchmarks import machine
from benchmarks.figures import Figure, markdown
from benchmarks.results import keep
from stillwatch.sharing.governance.lint import lint

CORPUS = Path(__file__).parent.parent / "tests" / "sharing" / "governance" / "corpus"
STOPPED_AT_LEAST = 0.98
BY_MISTAKE_AT_MOST = 0.02
CPU_SECONDS_AT_MOST = 0.001
"""Of one sentence that was not read before."""
_DOUBT = 0.05
"""One-sided: a bound is wrong for one corpus of twenty."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a corpus. `may_be_said`: what a person judged, not the lint."""

    text: str
    category: str
    may_be_said: bool

    @property
    def is_held_out(self) -> bool:
        return bool(hashlib.sha256(self.text.encode()).digest()[0] % 2)

    @property
    def is_stopped(self) -> bool:
        return bool(lint({"description": self.text}))


def sentences(name: str) -> list[Sentence]:
    """The corpus of this name: `violations`, `clean`, or `practice` and `fresh`, which hold both kinds."""
    lines = (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [Sentence(one["text"], one["category"], one.get("may", name == "clean")) for one in found]


def at_least(hits: int, trials: int) -> float:
    """The lower end of the exact one-sided 95 % interval of a share (Clopper & Pearson, 1934)."""
    return float(binomtest(hits, trials, alternative="greater").proportion_ci(1 - _DOUBT).low)


def at_most(hits: int, trials: int) -> float:
    """The upper end of it."""
    return 1.0 - at_least(trials - hits, trials)


def run() -> Iterator[Figure]:
    """Each corpus, its halves and its categories, then the CPU time of a sentence."""
    violations, clean = sentences("violations"), sentences("clean")
    yield from _figures("development", [one for one in violations + clean if not one.is_held_out])
    yield from _figures("held-out", [one for one in violations + clean if one.is_held_out])
    for name in ("practice", "fresh"):
        yield from _figures(name, sentences(name))
    for category in dict.fromkeys(one.category for one in violations):
        yield _category(category, [one for one in violations if one.category == category])
    yield _speed()


def _figures(name: str, corpus: Sequence[Sentence]) -> Iterator[Figure]:
    bad = [one.is_stopped for one in corpus if not one.may_be_said]
    good = [one.is_stopped for one in corpus if one.may_be_said]
    yield _share(f"{name}: stopped", bad, at_least(sum(bad), len(bad)), STOPPED_AT_LEAST)
    yield _share(f"{name}: stopped by mistake", good, at_most(sum(good), len(good)), -BY_MISTAKE_AT_MOST)


def _share(case: str, stopped: Sequence[bool], bound: float, target: float) -> Figure:
    """`target` is negative where less is better."""
    share = sum(stopped) / len(stopped)
    sign, is_met = (">=", share >= target) if target > 0 else ("<=", share <= -target)
    found = f"{sum(stopped)} of {len(stopped)}, {share:.1%}, {sign} {bound:.1%} at 95 %"
    return Figure("lint", case, found=found, target=f"{sign} {abs(target):.0%}", is_met=is_met)


def _category(category: str, corpus: Sequence[Sentence]) -> Figure:
    halves = ([one.is_stopped for one in corpus if one.is_held_out == half] for half in (False, True))
    return Figure("lint", f"of {category}", found=", ".join(f"{sum(half)} of {len(half)}" for half in halves))


def _speed() -> Figure:
    """Sentences that the lint has not seen, since it remembers what it has."""
    texts = [f"{one.text} {number}" for number, one in enumerate(sentences("violations") + sentences("clean"))]
    start = time.process_time()
    for text in texts:
        lint({"description": text})
    each = (time.process_time() - start) / len(texts)
    is_met = each <= CPU_SECONDS_AT_MOST
    return Figure("lint", "a sentence", found=f"{1e3 * each:.2f} ms of CPU", target="<= 1 ms", is_met=is_met)


if __name__ == "__main__":
    found = list(run())
    print(markdown(found))
    keep(found, machine.describe(), "python -m benchmarks.lint")
