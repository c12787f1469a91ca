"""Rings as the families would measure them: a dealt-out pool of 12 strangers, and what differs from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stillwatch.campaigns.ring import Ring
from stillwatch.sketch.record import Intent
from stillwatch.stats.permutation import Repeats
from stillwatch.tracing.complementarity import Complementarity
from stillwatch.tracing.infrastructure import Shared

DEALT_OUT = Complementarity(
    units=12, rows=300, excess=0.001, deviation=0.002, shared_turns=0.02, turns=Repeats(1, 9, 0.001, 0.001, 1.0)
)
PLAINLY_DIFFERENT = replace(DEALT_OUT, excess=0.030, deviation=0.002)
SLIGHTLY_DIFFERENT = replace(DEALT_OUT, excess=0.010, deviation=0.002)
UNCLEAR = replace(DEALT_OUT, excess=0.004, deviation=0.010)
OWN_TURNS = replace(DEALT_OUT, turns=Repeats(60, 2, 0.02, 0.0001, 5.0))
EACH_ASKED_ONCE = replace(DEALT_OUT, shared_turns=0.8, turns=Repeats(0, 240, 0.0, 0.01, 20.0))
SAMPLED_OFTEN = replace(DEALT_OUT, shared_turns=0.8, turns=Repeats(20, 220, 0.01, 0.01, 20.0))

SHARED_CARDS = (Shared("payment", 12, 8, 0.01),)
SHARED_ADDRESSES = (Shared("ip", 12, 12, 0.01),)
UNKNOWN_ADDRESSES = (Shared("payment", 12, 0, 0.01), Shared("ip", 5, 0, 0.01))
"""Five of twelve have one: no campus could show."""
SHARED_NETWORKS = (Shared("network", 12, 12, 0.01),)

GRADING = {int(Intent.GRADING): 0.9}
REWRITING = {int(Intent.REWRITING): 0.9}
MAKING_ITEMS = {int(Intent.GENERATE_ITEMS): 0.9}
NOTHING: dict[int, float] = {}

_RING = Ring(
    accounts=12,
    units=12,
    exchanges=300,
    carried=300,
    templates=1,
    values=9,
    typical_agreement=8.0,
    stratum="batch",
    intents=NOTHING,
    tool_turns=0.0,
    common_units=0,
    reference_units=40,
    complementarity=DEALT_OUT,
    shared=(Shared("payment", 12, 0, 0.01), Shared("ip", 12, 0, 0.01)),
)


def ring(measured: Complementarity = DEALT_OUT, **changes: Any) -> Ring:
    """The dealt-out ring with these changes."""
    return replace(_RING, complementarity=measured, **changes)
