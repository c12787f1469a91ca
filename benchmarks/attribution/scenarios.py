"""Drawn scenarios: worlds whose honest classes, campaigns and knobs differ from each other as a whole.

A model of who is behind a ring must not learn one scenario's habits, so every world is of another scenario, drawn by
its number: how many of each honest class (none of some), how many campaigns, of which objective and size, which knobs
of the ladder are turned, and which fields its log leaves out. Whole scenarios are held out, never single rings.

All ranges are chosen; what matters is that they are wide and that no class always comes with the same company.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch.world.hostile.objectives import OBJECTIVES

DAYS = (5, 7)
_CLASSES: Mapping[str, tuple[int, int]] = {
    "people": (30, 100),
    "apps": (8, 24),
    "pipelines": (1, 3),
    "rag": (3, 12),
    "extraction": (3, 10),
    "evaluation": (6, 24),
    "judge": (3, 14),
    "prompt_optimiser": (3, 8),
    "coding_agent": (4, 16),
    "ci_review": (3, 12),
    "translation": (2, 6),
    "tutoring": (3, 8),
    "university": (30, 120),
    "reseller": (12, 36),
    "startup_pool": (6, 16),
    "synthetic_data": (3, 9),
    "popular_tool": (8, 36),
}
_MISSING_CLASS = 0.25
"""Share of the classes, `people` and `apps` excepted, that a scenario does without."""
_LEFT_OUT: Mapping[str, float] = {"organization": 0.5, "payment": 0.2, "ip": 0.15}
"""Fields that a provider's log may lack, and in what share of the worlds it does."""
_RELAY = 0.3
_CROWDS: Mapping[str, bool] = {"letter-readers": True, "evaluators": True, "library-desk": False}
"""Honest runs of real clients in the example, and whether their users are independent organisations there."""
_HARVESTS = ("worked-answers", "textbook-questions")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One scenario: its TOML, the seed of its world, and the fields that its log leaves out."""

    name: str
    toml: str
    seed: int
    left_out: tuple[str, ...]


def drawn(number: int) -> Drawn:
    """The scenario of this number, the same on every machine."""
    rng = np.random.default_rng([20_261_121, number])
    lines = [f"days = {rng.integers(*DAYS, endpoint=True)}"]
    if rng.random() < 0.5:
        lines.append("release_day = 3")
    lines += ["", "[honest]", *(f"{name} = {count}" for name, count in _honest(rng).items())]
    for place in range(int(rng.integers(5, 11))):
        lines += ["", "[[campaign]]", *_fields(_campaign(place, rng))]
    for run, independent in _CROWDS.items():
        if rng.random() < 0.5:
            accounts = int(rng.integers(4, 20))
            lines += ["", "[[crowd]]", *_fields({"name": f"crowd-{run}", "run": run, "accounts": accounts})]
            lines.append(f"independent = {json.dumps(independent)}")
    left_out = tuple(field for field, share in _LEFT_OUT.items() if rng.random() < share)
    return Drawn(f"drawn-{number:03d}", "\n".join(lines) + "\n", number + 1, left_out)


def _honest(rng: np.random.Generator) -> dict[str, int]:
    return {
        name: int(rng.integers(*span, endpoint=True))
        for name, span in _CLASSES.items()
        if name in ("people", "apps") or rng.random() >= _MISSING_CLASS
    }


def _campaign(place: int, rng: np.random.Generator) -> dict[str, object]:
    relay = rng.random() < _RELAY
    plan: dict[str, object] = {
        "name": f"campaign-{place}",
        "objective": str(rng.choice(sorted(OBJECTIVES))),
        "level": str(rng.choice(["E5", "E6", "E7"] if relay else ["E1", "E2", "E3", "E4", "E5", "E6"])),
        "accounts": round(float(np.exp(rng.uniform(np.log(5), np.log(30))))),
        "per_day": round(float(np.exp(rng.uniform(np.log(4), np.log(10)))), 1),
    }
    if rng.random() < 0.85:  # else most of the higher levels are never found, and there is nothing to attribute
        plan |= {"paraphrase": False, "bare_share": 0.0, "variants": int(rng.choice([1, 1, 1, 5, 20, 50]))}
    if rng.random() < 0.5:
        plan |= {"per_card": int(rng.choice([1, 2, 4, 10, 1000])), "per_address": int(rng.choice([1, 1, 5, 1000]))}
    if relay:
        plan |= {"relay": True, "sessions": True, "warm_up_days": 0.0, "cover": round(float(rng.uniform(0.3, 0.9)), 2)}
    if rng.random() < 0.15 and not relay:
        plan |= {"run": str(rng.choice(_HARVESTS))}
    return plan


def _fields(row: Mapping[str, object]) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in row.items()]
