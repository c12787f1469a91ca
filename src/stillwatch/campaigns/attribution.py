"""Who may be behind a ring: rival hypotheses, never one name.

The probabilities are coarse prior weights moved by what the families measured; they are not calibrated yet and say so
("weights" in the report). What they are good for is their order and the sentence that would refute each. Country and
network operator are no part of it.
"""

from __future__ import annotations

from stillwatch.campaigns.campaign import Hypothesis, HypothesisKind
from stillwatch.campaigns.judgement import COMMON_UNITS
from stillwatch.campaigns.ring import Ring

_PRIOR: dict[HypothesisKind, float] = {
    "operator": 1.0,
    "relay": 0.5,
    "shared_tool": 1.0,
    "shared_employer": 0.5,
    "unknown": 1.0,
}
_REFUTES: dict[HypothesisKind, str] = {
    "operator": "the accounts' owners show separate contracts and separate uses of the answers",
    "relay": "the exchanges without the skeleton turn out to have no customers behind them",
    "shared_tool": "no published tool or tutorial contains the skeleton",
    "shared_employer": "the organisations' registrations and staff have nothing in common",
    "unknown": "any of the others is shown",
}


def attribute(ring: Ring, verdict: str) -> tuple[Hypothesis, ...]:
    """All five hypotheses, the likeliest first; probabilities add up to 1."""
    weights = dict(_PRIOR)
    measured = ring.complementarity
    if measured.is_interchangeable and not measured.is_one_set:
        weights["operator"] *= 4
        weights["shared_tool"] *= 0.3
    if measured.is_different or measured.is_one_set:
        weights["shared_tool"] *= 4
        weights["operator"] *= 0.3
    if ring.common_units >= COMMON_UNITS:
        weights["shared_tool"] *= 5
    if ring.shares_infrastructure:
        weights["operator"] *= 2
        weights["shared_employer"] *= 3
    if ring.cover_share > 0.5:
        weights["relay"] *= 3
    if verdict != "campaign":
        weights["unknown"] *= 2
    total = sum(weights.values())
    ordered = sorted(weights, key=lambda kind: -weights[kind])
    return tuple(Hypothesis(kind, "", weights[kind] / total, _REFUTES[kind]) for kind in ordered)
