"""A sender's set-up: client program, dialect, model and habitual parameters, drawn alike for everybody.

The mix of programs is chosen to look like the user agents that public gateways see: OpenAI's SDKs first, then those of
other providers, then front ends and plain HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.stage import DAY_US, HOUR_US, Stage
from stillwatch.world.wire.clients import KINDS, Kind, headers_of

_MODELS = ("sonata-2", "sonata-2-mini", "sonata-1.5")
_MODEL_WEIGHTS = (0.55, 0.35, 0.10)
NEW_MODEL = "sonata-3"
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Setup:
    """What stays the same from one exchange of a sender to the next."""

    dialect: str
    headers: tuple[tuple[str, str], ...]
    model: str
    parameters: Mapping[str, Any]
    moves_us: int
    """When the sender moves to the new model."""

    def model_at(self, ts_us: int) -> str:
        """The model that is asked at a moment."""
        return NEW_MODEL if ts_us >= self.moves_us else self.model


def habits(chance: Chance) -> dict[str, Any]:
    """Parameters as customers set them: mostly a temperature, often a bound, sometimes streaming. Chosen."""
    set_by: dict[str, Any] = {}
    if chance.happens(0.5):
        set_by["temperature"] = chance.pick((0, 0, 0.2, 0.3, 0.5, 0.7, 0.7, 0.8, 1, 1))
    if chance.happens(0.45):
        set_by["max_tokens"] = chance.pick((256, 512, 800, 1000, 1024, 1024, 1500, 2000, 2048, 2048, 4096, 4096, 8192))
    if chance.happens(0.12):
        set_by["top_p"] = chance.pick((0.9, 0.95, 1))
    if chance.happens(0.4):
        set_by["stream"] = True
    return set_by


def draw_setup(chance: Chance, stage: Stage, *, program: bool = False, kind: Kind | None = None) -> Setup:
    """A customer's set-up; `program` where software sends and not a person at a front end."""
    chosen = kind or chance.weighted(KINDS, [k.by_programs if program else k.by_people for k in KINDS])
    return Setup(
        dialect=chosen.dialect,
        headers=headers_of(chosen, chance),
        model=chance.weighted(_MODELS, _MODEL_WEIGHTS),
        parameters=habits(chance),
        moves_us=adoption_us(chance, stage),
    )


def adoption_us(chance: Chance, stage: Stage) -> int:
    """When a customer moves to the new model: some time after its release, or never."""
    if not chance.happens(facts.ADOPTERS):
        return _NEVER
    return stage.release_us + int(chance.exponential(facts.ADOPTION_DAYS) * DAY_US)


def pivot_us(chance: Chance, stage: Stage, share: float, hours: float) -> int:
    """When an operator's account moves: `share` of them within `hours` of the release, the others not."""
    return stage.release_us + int(chance.random() * hours * HOUR_US) if chance.happens(share) else _NEVER
