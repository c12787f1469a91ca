"""What listed rings leave behind, as profiles: to compare them with known operators, and to know them next time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stillwatch.campaigns.grouping import Parts, groups
from stillwatch.campaigns.objective import objective
from stillwatch.campaigns.profiles import PROFILE_COLUMNS, Profile, profile_of
from stillwatch.campaigns.statements import Found
from stillwatch.tracing.survey import Accounts


def profiles_of(
    rings: Sequence[Found], found: Accounts, parts: Parts, identity: Mapping[str, str], rng: np.random.Generator
) -> list[Profile | None]:
    """For each ring the profile of a sample of its exchanges that carry its words; None where no words link it.

    `identity`: under which keys the sketches were made (`sketch.record.identity`).
    """
    asked = [place for place, one in enumerate(rings) if one.ring.has_wrapper]
    columns = [name for name in PROFILE_COLUMNS if name != "account"]
    made: list[Profile | None] = [None] * len(rings)
    sent = groups([rings[place].candidate for place in asked], found, parts, columns, rng)
    for place, group in zip(asked, sent, strict=True):
        one = rings[place]
        rows = {name: group.columns[name][group.carries] for name in columns} | {
            "account": group.account[group.carries]
        }
        made[place] = profile_of(
            one.id, one.candidate.keys, rows, identity, objective(one.ring.intents, one.ring.tools)
        )
    return made
