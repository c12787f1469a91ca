"""What the evidence families say of listed rings, in sentences, from all days: for people, beside the claims."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import ibis
import numpy as np

from stillwatch.campaigns.families import COLUMNS, SCORED
from stillwatch.campaigns.grouping import groups
from stillwatch.campaigns.half import Parts
from stillwatch.evidence import Evidence
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate


def sayings(
    rings: Sequence[Candidate],
    found: Accounts,
    table: ibis.Table,
    parts: Parts,
    families: Collection[str],
    rng: np.random.Generator,
) -> list[tuple[Evidence, ...]]:
    """For each ring the statements of those `families` that have anything to say of it; log_e is 0."""
    if not rings:
        return []
    speakers = [(family, family.background(table, found)) for family in SCORED if family.name in families]
    said = []
    for group in groups(rings, found, parts, COLUMNS, rng):
        heard = [family.statement(group, background) for family, background in speakers]
        said.append(tuple(one for one in heard if one is not None))
    return said
