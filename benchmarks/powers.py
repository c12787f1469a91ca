"""`python -m benchmarks.powers`: how often two exact tests show what is there, by simulation, as two tables of docs.

*Markers* (docs/markers.md): ten accounts with draws of a key of the simulation's own, and a suspect that follows the
conventions of one in a share of its answers, else says a value of the pool by a taste of its own, an even mixture of
all tastes. *Same model* (docs/audit.md): an endpoint that gives another model's answers in a share of cases; both are
made up, say forty words an answer, and stand on one base. Every simulation has models, answers and keys of its own.
Kept in powers.json.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks import machine
from stillwatch.audit.markers import Marker, rank, together
from stillwatch.audit.same_model import power
from stillwatch.pseudonym import Secret
from stillwatch.watermark.conventions import ALTERNATIVES, ConventionKey, Drawn, catalogue
from stillwatch.watermark.detect import family
from tests.audit.speakers import Speaker

FILE = Path(__file__).parent / "powers.json"
AUDITS, PAIRS = 400, 200
"""Simulations a cell: within 5 and 7 points at 95 %."""
ACCOUNTS, MARKER_LEVEL, COUNTS = 10, 1e-3, (3, 5, 10)
FOLLOWED = ((8, 0.2), (8, 0.4), (20, 0.1), (20, 0.2), (60, 0.1), (60, 0.2), (60, 0.0))
"""Answers to a convention's probes, and the share of them that follow it."""
SAME_LEVEL, SHARES, PROMPTS, EACH = 0.05, (0.0, 0.25, 0.5, 1.0), (12, 20), 8
OWN = 0.6
"""How far each of two models has moved from their base, in standard deviations of its logits. Chosen: so that twelve
prompts mostly tell the one from the other."""


def named(answers: int, share: float, audits: int = AUDITS) -> dict[int, float]:
    """By the number of conventions: how often the right one of ten accounts is named, and no other before it."""
    right = dict.fromkeys(COUNTS, 0)
    for audit in range(audits):
        rng = np.random.default_rng((audit, answers, int(share * 100)))
        key = ConventionKey(Secret(rng.bytes(32)))
        drawn = [key.drawn(f"acct-{number}", max(COUNTS)) for number in range(ACCOUNTS)]
        served = {one.name: one.served for one in drawn[0]}
        shown = {one.name: _shown(one.pool, served.get(one.name), answers, share, rng) for one in catalogue()}
        for count in COUNTS:
            adjusted = family([_p(one[:count], shown) for one in drawn])
            right[count] += adjusted[0] <= MARKER_LEVEL and adjusted[0] == min(adjusted)
    return {count: found / audits for count, found in right.items()}


def _shown(
    pool: tuple[str, ...], served: str | None, answers: int, share: float, rng: np.random.Generator
) -> Counter[str]:
    """Which value each answer says."""
    said = rng.choice(np.array(pool), answers, p=rng.dirichlet(np.ones(len(pool)))).tolist()
    follows = (rng.random(answers) < share).tolist()
    return Counter(served if served and follow else own for own, follow in zip(said, follows, strict=True))


def _p(drawn: list[Drawn], shown: dict[str, Counter[str]]) -> float:
    ranks = [rank(Marker(one.name, one.alternatives, one.served), shown[one.name]) for one in drawn]
    return together(ranks, ALTERNATIVES)


def seen(prompts: int, pairs: int = PAIRS) -> dict[float, float]:
    """By the share of answers that another model gives: how often the test of equality shows it."""
    found = dict.fromkeys(SHARES, 0.0)
    for pair in range(pairs):
        ours, other = (Speaker(pair, 2 * pair + which, OWN) for which in (0, 1))
        one = ours.recorded("ours", 2 * pair, EACH, prompts=prompts)
        unlike = other.recorded("another", 2 * pair + 1, EACH, prompts=prompts)
        for shown in power(one, unlike, SHARES, SAME_LEVEL, seed=pair, runs=1):
            found[shown.share] += shown.chance
    return {share: shown / pairs for share, shown in found.items()}


def main() -> int:
    """Both tables on the terminal, and kept."""
    began = time.process_time()
    markers = [{"answers": n, "share": share, "named": named(n, share)} for n, share in FOLLOWED]
    same = [{"prompts": prompts, "seen": seen(prompts)} for prompts in PROMPTS]
    told = {"machine": machine.describe(), "cpu_seconds": round(time.process_time() - began), "markers": markers}
    FILE.write_text(json.dumps(told | {"same model": same}, indent=1) + "\n")
    print(FILE.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
