"""The evidence families that speak about a ring, and which side of the traffic each looks at."""

from __future__ import annotations

from typing import Any

from stillwatch.tracing.coverage import Coverage
from stillwatch.tracing.family import Family, Kin
from stillwatch.tracing.identity import Identity
from stillwatch.tracing.lineage import Lineage
from stillwatch.tracing.release import Release
from stillwatch.tracing.shape import Shape
from stillwatch.tracing.timing import Timing

TEMPLATE, VARIANTS, SUBJECTS = "template", "variants", "subjects"
COMPLEMENTARITY, INFRASTRUCTURE = "complementarity", "infrastructure"

SCORED: tuple[Family[Any], ...] = (Identity(), Timing(), Release(), Coverage(), Lineage(), Shape())
"""Families that score a group from its exchanges and a background. Template and complementarity, which also find and
judge rings, are scored in `tested`."""

COLUMNS = tuple(dict.fromkeys(column for family in SCORED for column in family.columns))
"""What of a sketch they read."""

KINS = {TEMPLATE: Kin.FORM, COMPLEMENTARITY: Kin.CONTENT} | {family.name: family.kin for family in SCORED}
"""Families that make claims. Variants and subjects find rings and claim nothing of their own."""

ALL_FAMILIES = frozenset({*KINS, VARIANTS, SUBJECTS})
