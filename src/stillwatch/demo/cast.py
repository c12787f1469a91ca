"""Who is in the demonstration: customers and one campaign, whose past is history and whose future is played live.

One cast is made again from its seed and its days in every process that needs it: what an account sends is one stream,
of which everything before *now* is in the ledger already and everything after is sent through the gateway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from stillwatch.demo.tool_users import tool_users
from stillwatch.world.account import Account
from stillwatch.world.honest import CLASSES
from stillwatch.world.honest.kind import Streams
from stillwatch.world.hostile.campaign import campaign
from stillwatch.world.hostile.fleet import terms
from stillwatch.world.hostile.ladder import knobs_of
from stillwatch.world.hostile.plan import Plan
from stillwatch.world.hostile.pool import Pool
from stillwatch.world.sent import Sent
from stillwatch.world.stage import DAY_US, Stage

DAYS = 10
"""Of history. Chosen: rings are linked on half of the days and tested on the other half (docs/guarantees.md)."""
_PLAYED_DAYS = 4_000  # after now: at a hundred requests a second, more than a day of demonstration
_NEVER_DAYS = 100_000  # no new model comes out
SCENARIO = "demo"
CAMPAIGN = "campaign"
TOOL_USERS = "tool_users"

# Live: classes that differ. Benign: the same and others, with many tools, so that there are honest groups enough.
_LIVE = {"people": 80, "apps": 24, "rag": 8, "extraction": 6, "tutoring": 8}
_LIVE_TOOLS, _LIVE_TOOL_USERS = 8, 3
_BENIGN = {
    "people": 110, "apps": 24, "rag": 12, "extraction": 6, "tutoring": 8, "evaluation": 10, "judge": 4,
    "coding_agent": 6, "university": 24, "popular_tool": 6,
}  # fmt: skip
_BENIGN_TOOLS, _BENIGN_TOOL_USERS = 64, 4

_HARVEST = Plan(
    name="demo-harvest",
    objective="chain_of_thought",
    level="E2",
    # One client program for all and four accounts behind an address, as at E1; cards of four and few wordings.
    knobs=knobs_of("E2", {"variants": 3, "random_clients": False, "per_address": 4}),
    accounts=32,
    per_day=20.0,
    start_day=2.0,
)
"""The campaign. On eight of the ten days of history, below the published 26 exchanges an account and day."""


class _Played(Stage):
    """A stage whose accounts are drawn as for the days of history, and which goes on after them."""

    __slots__ = ()

    @property
    def last_us(self) -> int:
        return self.first_us + (self.days + _PLAYED_DAYS) * DAY_US


@dataclass(frozen=True, slots=True)
class Actor:
    """One account or, for the campaign, all of its accounts: who they are, and everything they send, by time."""

    label: str
    accounts: tuple[Account, ...]
    stream: Iterator[Sent]


def live_cast(seed: int, first_us: int, scale: float = 1.0) -> Iterator[Actor]:
    """Who is live: honest actors, then the campaign. `scale`: times the accounts; below 1, too few to act upon."""
    stage = _Played(SCENARIO, seed, "traffic", first_us, DAYS, first_us + _NEVER_DAYS * DAY_US)
    yield from _honest(stage, _LIVE, _LIVE_TOOLS, _LIVE_TOOL_USERS, scale)
    plan = replace(_HARVEST, accounts=_times(_HARVEST.accounts, scale))
    held = [term.desk.account for slot in range(plan.accounts) for term in terms(stage, plan, slot)]
    yield Actor(CAMPAIGN, tuple(held), campaign(stage, plan, Pool(stage, plan)))


def benign_cast(seed: int, first_us: int, scale: float = 1.0) -> Iterator[Actor]:
    """Customers of the benign log, for `DAYS` days: strangers of the same classes, and of some more."""
    stage = Stage(SCENARIO, seed, "benign", first_us, DAYS, first_us + _NEVER_DAYS * DAY_US)
    yield from _honest(stage, _BENIGN, _BENIGN_TOOLS, _BENIGN_TOOL_USERS, scale)


def _honest(stage: Stage, counts: Mapping[str, int], tools: int, users: int, scale: float) -> Iterator[Actor]:
    casts = {name: CLASSES[name].cast(stage, _times(count, scale)) for name, count in counts.items()}
    casts[TOOL_USERS] = tool_users(stage, _times(tools, scale), users)
    for name, streams in casts.items():
        yield from _actors(name, streams)


def _actors(label: str, streams: Streams) -> Iterator[Actor]:
    """Those who send anything at all; every stream of these classes is one account's."""
    for stream in streams:
        first = next(stream, None)
        if first is not None:
            yield Actor(label, (first.account,), chain((first,), stream))


def _times(count: int, scale: float) -> int:
    return max(1, round(count * scale))


def classes() -> tuple[str, ...]:
    """The labels of live actors, the campaign last."""
    return (*_LIVE, TOOL_USERS, CAMPAIGN)
