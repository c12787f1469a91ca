"""Which stratum an account or a group is compared in where skeletons are not known: that of its form alone.

`strata.stratum` also asks how templated traffic is, which the families' backgrounds do not know. Here everybody counts
as not templated, so that programs with one-shot requests of no other stratum and people's chats share "chat".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing.family import Group
from stillwatch.tracing.strata import TRAITS, stratum, traits
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]

PEER_COLUMNS = ("flags", "intent", "temperature")
"""Of the sketch, that `stratum_of` reads."""


def strata_of(found: Accounts, accounts: Ints) -> list[str]:
    """The stratum of each of `accounts`, dense indices."""
    sent = np.maximum(found.exchanges[accounts], 1)
    shares = {name: found.traits[name][accounts] / sent for name in TRAITS}
    return [_named({name: float(share[place]) for name, share in shares.items()}) for place in range(len(accounts))]


def stratum_of(group: Group) -> str:
    """The stratum of a group's exchanges, all units together."""
    of = traits(*(group.column(name) for name in PEER_COLUMNS))
    return _named({name: float(np.mean(of[name])) if len(group.unit) else 0.0 for name in TRAITS})


def called(stratum: str) -> str:
    """What a sentence calls these peers: `chat` here holds programs' single requests as well (see above)."""
    return "strata chat and batch" if stratum == "chat" else f"stratum {stratum}"


def _named(shares: dict[str, float]) -> str:
    return stratum(shares | {"skeleton": 0.0})
