"""What of a ring speaks for one explanation and against another: named, bounded measurements.

Each is a number from 0 to 1 with a phrase for people. `HYPOTHESES` are what they are weighed for; "unknown" stands for
rings of which most accounts have nothing in common, and for all that is unlike what was ever seen. Country, network
operator and language are no measurements, and there is no field that could hold them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stillwatch.campaigns.campaign import HypothesisKind
from stillwatch.campaigns.judgement import COMMON_UNITS
from stillwatch.campaigns.ring import Ring
from stillwatch.tracing.complementarity import PLAINLY_DIFFERENT_Z
from stillwatch.tracing.strata import HARVEST_INTENTS, HONEST_SHAPES

HYPOTHESES: tuple[HypothesisKind, ...] = ("operator", "relay", "shared_tool", "shared_employer", "unknown")
_UNITS_OF_A_CROWD = 256
_SLOTS_OF_A_PROMPT = 16  # two zones full: a whole wrapper, not a turn of speech, which fills three or four slots

Signs = Mapping[HypothesisKind, int]
_FREE: Signs = {}
_FOR_OPERATOR: Signs = {"operator": 1, "shared_tool": -1, "unknown": -1}
_FOR_TOOL: Signs = {"operator": -1, "shared_tool": 1}


@dataclass(frozen=True, slots=True)
class Trait:
    """One measurement. `says` is the kind of evidence where it is high, `lacks` where it is low; empty is silent.

    `signs`: for which hypotheses its weight may only be positive (1) or negative (-1), whatever a fit would like.
    """

    name: str
    value: Callable[[Ring], float]
    says: str
    lacks: str = ""
    signs: Signs = field(default_factory=dict)


def features(ring: Ring) -> Mapping[str, float]:
    """Every trait of a ring by name, 0 .. 1."""
    return {trait.name: min(1.0, max(0.0, trait.value(ring))) for trait in TRAITS}


def _own_subjects(ring: Ring) -> float:
    measured = ring.complementarity
    return measured.z / (2 * PLAINLY_DIFFERENT_Z) if measured.is_different else 0.0


def _interchangeable(ring: Ring) -> float:
    measured = ring.complementarity
    return float(measured.is_interchangeable and not measured.is_one_set and not measured.repeats_itself)


def _pool_of_strangers(ring: Ring) -> float:
    """Interchangeable, although each pays with a card of its own: one organisation's keys share the bill."""
    return _interchangeable(ring) * _keeping_apart("payment")(ring)


def _each_once(ring: Ring) -> float:
    return float(ring.complementarity.is_one_set and ring.complementarity.each_asked_once)


def _sharing(kind: str) -> Callable[[Ring], float]:
    """Share of the units that share their identifier of this kind, beyond the population's share."""
    return lambda ring: max((one.rate - one.population_rate for one in ring.shared if one.kind == kind), default=0.0)


def _keeping_apart(kind: str) -> Callable[[Ring], float]:
    """Share of the units that are known to have an identifier of this kind to themselves; 0 where nobody knows."""
    return lambda ring: sum(one.known - one.sharing for one in ring.shared if one.kind == kind) / max(ring.units, 1)


def _harvest(ring: Ring) -> float:
    return max((share for intent, share in ring.intents.items() if intent & HARVEST_INTENTS), default=0.0)


TRAITS: tuple[Trait, ...] = (
    Trait(
        "interchangeable",
        _interchangeable,
        "interchangeable shares of one pool",
        "no one pool of work shown",
        _FOR_OPERATOR,
    ),
    Trait(
        "pool_of_strangers",
        _pool_of_strangers,
        "one pool, though each pays with a card of its own",
        signs={**_FOR_OPERATOR, "shared_employer": -1},
    ),
    Trait("own_subjects", _own_subjects, "each organisation has subjects of its own", signs=_FOR_TOOL),
    Trait(
        "own_turns",
        lambda ring: float(ring.complementarity.repeats_itself),
        "organisations come back to their own turns",
        signs=_FOR_TOOL,
    ),
    Trait("shared_turns", lambda ring: ring.complementarity.shared_turns, "the same turns come from several"),
    Trait("each_once", _each_once, "everybody went through one set once", signs=_FOR_TOOL),
    Trait("cards", _sharing("payment"), "strangers pay with one card", signs=_FOR_OPERATOR),
    Trait(
        "addresses",
        _sharing("ip"),
        "strangers share addresses",
        signs={"shared_employer": 1, "shared_tool": -1},
    ),
    Trait("own_addresses", _keeping_apart("ip"), "each has an address of its own", signs={"shared_employer": -1}),
    Trait("networks", _sharing("network"), "strangers share networks", signs={"shared_tool": -1}),
    Trait(
        "cover",
        lambda ring: ring.cover_share,
        "much of the accounts' traffic is unrelated",
        "the accounts do nothing else",
        {"relay": 1},
    ),
    Trait(
        "known_elsewhere",
        lambda ring: ring.common_units / (ring.common_units + COMMON_UNITS),
        "honest organisations of the benign log use it",
        "unknown to the benign log",
        _FOR_TOOL,
    ),
    Trait("size", lambda ring: math.log2(max(ring.units, 1)) / math.log2(_UNITS_OF_A_CROWD), "many organisations"),
    Trait(
        "honest_shape",
        lambda ring: float(ring.stratum in HONEST_SHAPES),
        "the form of ordinary bulk jobs",
        "not the form of ordinary bulk jobs",
        {"operator": -1},
    ),
    Trait("harvest", _harvest, "work that builds a training set", "", _FOR_OPERATOR),
    Trait("wordings", lambda ring: 1.0 - 1.0 / max(ring.templates, 1), "one text in several wordings"),
    Trait("subjects_only", lambda ring: float(not ring.has_wrapper), "no wording in common, only what is asked about"),
    Trait("tool_turns", lambda ring: ring.tool_turns, "dialogues with tools", signs={"operator": -1}),
    Trait(
        "long_skeleton",
        lambda ring: ring.typical_agreement / _SLOTS_OF_A_PROMPT,
        "a whole prompt is shared",
        "no whole prompt is shared",
    ),
)
