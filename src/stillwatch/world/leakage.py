"""The leakage audit: how well each raw field alone tells campaign accounts from honest ones, as an AUC with its bound.

A field that an operator controls (client program, parameters, country, age, names) must not separate the world where
the ladder says that the operator hides it, else a detector learns the simulator. A field that is behaviour (volume,
lengths, shape of dialogues) may: that is what there is to find.

Numbers are compared by rank. Categories are made numbers twice: by how many accounts share the value (which knows no
labels), and by the smoothed share of campaign accounts among the other folds' accounts with that value (cross-fitting,
so that a value of one account says nothing about itself).
Source: Hanley & McNeil (1982), Radiology 143(1), for the standard error.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from stillwatch.world.raw_fields import FIELDS, Profile, profiles_of

TOLERANCE = 0.1
"""How far from 0.5 the AUC of an operator's field may be at E5 and above."""
_Z = 1.96
_FOLDS = 5
_NAME = 36  # characters of a field's name in the table
_PRIOR = 4.0  # accounts' worth of the base rate added to each value (chosen)


@dataclass(frozen=True, slots=True)
class Leak:
    """One field's AUC on one level, above 0.5 where larger values mean a campaign; 95 % lie in `low` to `high`."""

    level: str
    field: str
    how: str
    """`number`, `shared by` (frequency) or `value` (cross-fitted likelihood)."""
    is_behaviour: bool
    auc: float
    low: float
    high: float

    @property
    def separates(self) -> bool:
        """Whether the whole interval lies outside 0.5 +- `TOLERANCE`."""
        return self.low > 0.5 + TOLERANCE or self.high < 0.5 - TOLERANCE


def audit_world(folder: Path) -> list[Leak]:
    """The audit of a world that was written."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    by_level: dict[str, set[str]] = {}
    for campaign in truth["campaigns"]:
        by_level.setdefault(campaign["level"], set()).update(campaign["accounts"])
    honest = {account for kind in truth["classes"].values() for account in kind["accounts"]}
    return audit(profiles_of(folder / "exchanges.jsonl.gz"), honest, by_level)


def audit(
    profiles: Mapping[str, Profile], honest: Collection[str], campaigns: Mapping[str, Collection[str]]
) -> list[Leak]:
    """Every field on every level; `campaigns` holds the accounts by level. Levels with fewer than five are left out."""
    calm = [profiles[name] for name in sorted(honest) if name in profiles]
    leaks: list[Leak] = []
    for level in sorted(campaigns):
        hostile = [profiles[name] for name in sorted(campaigns[level]) if name in profiles]
        if min(len(hostile), len(calm)) >= _FOLDS:
            leaks += _of_level(level, calm, hostile)
    return leaks


def _of_level(level: str, calm: Sequence[Profile], hostile: Sequence[Profile]) -> Iterator[Leak]:
    for field in FIELDS:
        ours, theirs = [field.of(p) for p in calm], [field.of(p) for p in hostile]
        if field.is_number:
            found = {"number": auc_of([float(v) for v in ours], [float(v) for v in theirs])}
        else:
            names, others = [str(v) for v in ours], [str(v) for v in theirs]
            found = {"shared by": _by_frequency(names, others), "value": _by_likelihood(names, others)}
        for how, (auc, error) in found.items():
            yield Leak(level, field.name, how, field.is_behaviour, auc, auc - _Z * error, auc + _Z * error)


def auc_of(calm: Sequence[float], hostile: Sequence[float]) -> tuple[float, float]:
    """The AUC (ties count half) and its standard error."""
    n, m = len(hostile), len(calm)
    ranks = rankdata(np.asarray([*hostile, *calm]))
    auc = float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = (auc * (1 - auc) + (n - 1) * (q1 - auc * auc) + (m - 1) * (q2 - auc * auc)) / (n * m)
    return auc, math.sqrt(max(variance, 0.0))


def _by_frequency(calm: Sequence[str], hostile: Sequence[str]) -> tuple[float, float]:
    """The AUC of how many accounts have the same value."""
    seen = Counter([*calm, *hostile])
    return auc_of([seen[v] for v in calm], [seen[v] for v in hostile])


def _by_likelihood(calm: Sequence[str], hostile: Sequence[str]) -> tuple[float, float]:
    """The AUC of the value's smoothed likelihood ratio, learnt on four folds and measured within the fifth.

    Scores of different folds are not compared: a fold rich in one kind leaves the others poor in it, and the AUC of
    a field that says nothing would come out below 0.5.
    """
    parts = [auc_of(*_scored(calm, hostile, fold)) for fold in range(_FOLDS)]
    error = math.sqrt(math.fsum(e * e for _, e in parts)) / _FOLDS
    return math.fsum(auc for auc, _ in parts) / _FOLDS, error


def _scored(calm: Sequence[str], hostile: Sequence[str], fold: int) -> tuple[list[float], list[float]]:
    learnt = [Counter(v for i, v in enumerate(side) if i % _FOLDS != fold) for side in (calm, hostile)]
    share = len(hostile) / (len(calm) + len(hostile))

    def score(value: str) -> float:
        return (learnt[1][value] + _PRIOR * share) / (learnt[0][value] + _PRIOR * (1 - share))

    return [score(v) for v in calm[fold::_FOLDS]], [score(v) for v in hostile[fold::_FOLDS]]


def as_table(leaks: Sequence[Leak]) -> list[str]:
    """Lines: fields down, levels across; of a category the way that says more. `*` separates; behaviour is apart."""
    levels = sorted({leak.level for leak in leaks})
    best: dict[tuple[str, str], Leak] = {}
    for leak in leaks:
        known = best.get((leak.field, leak.level))
        if known is None or abs(leak.auc - 0.5) > abs(known.auc - 0.5):
            best[leak.field, leak.level] = leak
    lines = [f"{'AUC of each raw field alone':<{_NAME}}" + "".join(f"{level:>8}" for level in levels)]
    for behaviour, title in ((False, "what an operator chooses"), (True, "what the harvest looks like")):
        lines += ["", title]
        names = dict.fromkeys(leak.field for leak in leaks if leak.is_behaviour is behaviour)
        lines += [f"{name:<{_NAME}}" + "".join(_cell(best.get((name, level))) for level in levels) for name in names]
    return lines


def _cell(leak: Leak | None) -> str:
    return f"{leak.auc:7.2f}{'*' if leak.separates else ' '}" if leak else " " * 8
