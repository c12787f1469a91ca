"""What a person would guess: prior weights and factors by hand, as the fitted model found them. A baseline."""

from __future__ import annotations

from stillwatch.campaigns.campaign import HypothesisKind
from stillwatch.campaigns.judgement import COMMON_UNITS
from stillwatch.campaigns.ring import Ring

_PRIOR: dict[HypothesisKind, float] = {
    "operator": 1.0,
    "relay": 0.5,
    "shared_tool": 1.0,
    "shared_employer": 0.5,
    "unknown": 1.0,
}


def by_hand(ring: Ring, verdict: str) -> dict[str, float]:
    """Weights of the five hypotheses that add up to 1."""
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
    return {str(kind): weight / total for kind, weight in weights.items()}
