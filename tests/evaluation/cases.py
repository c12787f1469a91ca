"""Cases made by hand: a few accounts, what was said of them, what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stillwatch.evaluation.detector import Entry, Look, Tier
from stillwatch.evaluation.metrics.case import DAY_US, Case
from stillwatch.evaluation.truth import Campaign, Harvest, HonestClass, Truth

RING = ("a", "b", "c", "d")
OTHER = ("e", "f")
PEOPLE = ("p", "q", "r")
BIG = ("u", "v")


def truth(harvest: Sequence[tuple[str, str, int]] = ()) -> Truth:
    """Two campaigns, three people and two heavy customers; `harvest`: account, campaign, day of each exchange."""
    campaigns = (campaign("X", "E0", RING), campaign("Y", "E5", OTHER))
    classes = {"people": HonestClass(False, "People.", PEOPLE), "big": HonestClass(True, "Big customers.", BIG)}
    columns = [np.array([row[place] for row in harvest], dtype=object) for place in range(2)]
    ts_us = np.array([row[2] * DAY_US + 1 for row in harvest], np.int64)
    return Truth("by hand", 1, 0, 4 * DAY_US, 40, classes, campaigns, Harvest(columns[0], columns[1], ts_us))


def campaign(name: str, level: str, accounts: tuple[str, ...]) -> Campaign:
    return Campaign(name, "items", level, accounts, 4, 0, 4 * DAY_US)


def entry(accounts: str, tier: Tier = "act") -> Entry:
    """An entry of accounts with one letter each."""
    return Entry(tuple(accounts), tier)


def look(day: int, acted: str = "", *entries: Entry, scores: Mapping[str, float] | None = None) -> Look:
    return Look(day, dict(scores or {}), tuple(acted), entries)


def case(*looks: Look, has_rings: bool = True, of: Truth | None = None, days: int = 4) -> Case:
    """A case in which every account of a campaign sends once a day."""
    known = of or truth()
    sent = {account: np.arange(days) * DAY_US + 1 for account in (*RING, *OTHER)}
    return Case(known, frozenset((*RING, *OTHER, *PEOPLE, *BIG)), looks, has_rings, sent)
