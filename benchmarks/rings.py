"""Rings that two providers see: how often a published one is recognised, and how often another is taken for it.

A campaign's accounts are dealt to two providers, each with honest customers of its own; one publishes a signature, the
other compares it with what it sees of every campaign, and with groups of honest accounts of one kind. Each pair of
campaigns of different objectives counts as different rings; those of one objective share a stock of wordings in these
worlds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from benchmarks.figures import Figure
from stillwatch.exchange.record import Exchange
from stillwatch.pseudonym import Secret
from stillwatch.readers.exchange_log import read_row
from stillwatch.sharing.rings.match import match
from stillwatch.sharing.rings.signature import NothingInCommon, Signature, signature
from stillwatch.sharing.rings.traffic import Traffic, shares
from stillwatch.sketch.record import ZONE_SLOTS
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.world.honest import CLASSES
from stillwatch.world.hostile.campaign import campaign
from stillwatch.world.hostile.pool import Pool
from stillwatch.world.hostile.wrapper import WRAPPERS
from stillwatch.world.scenario import parse
from stillwatch.world.sent import Sent
from stillwatch.world.simulate import stage_of
from stillwatch.world.wire.rows import row_of

LEVELS = ("E2", "E3", "E4", "E5", "E6")
OBJECTIVES = tuple(WRAPPERS)[:6]
ACCOUNTS, PER_DAY, DAYS = 24, 8, 4
HONEST = {
    "people": 120,
    "apps": 30,
    "rag": 10,
    "extraction": 10,
    "evaluation": 10,
    "judge": 8,
    "coding_agent": 6,
    "popular_tool": 20,
    "synthetic_data": 4,
}
MOST_OF_A_STREAM = 120
TARGET_WRONG = 0
_BATCH = 2_048


@dataclass(frozen=True)
class Provider:
    """A provider's honest traffic, by class, and its part of each campaign, by level and objective."""

    honest: dict[str, Traffic]
    rings: dict[tuple[str, str], Traffic]

    def others(self, but: str = "") -> Traffic:
        """Honest accounts of all classes but one."""
        return _joined([traffic for name, traffic in self.honest.items() if name != but])


def run() -> Iterator[Figure]:
    """A line a level: how many of six rings were published, and recognised; then who was taken for a ring wrongly."""
    one, other = _providers()
    usual = shares(one.others().thinned())
    published = {key: some for key, ring in one.rings.items() if (some := _told(ring, usual)) is not None}
    everybody = other.others()
    for level in LEVELS:
        made = {key: told for key, told in published.items() if key[0] == level}
        found = sum(match(told, other.rings[key], everybody).is_the_ring for key, told in made.items())
        yield Figure("rings", f"{level}: of 6 rings", found=f"{len(made)} published, {found} recognised")
    pairs = [(told, key) for (_, objective), told in published.items() for key in other.rings if key[1] != objective]
    wrong = sum(match(told, other.rings[key], everybody).is_the_ring for told, key in pairs)
    yield _figure("other rings", wrong, len(pairs))
    groups = [(told, name) for told in published.values() for name in other.honest]
    wrong = sum(match(told, other.honest[name], other.others(but=name)).is_the_ring for told, name in groups)
    yield _figure("honest groups", wrong, len(groups))


def _figure(name: str, wrong: int, tried: int) -> Figure:
    found = f"{wrong} of {tried} taken for the ring"
    return Figure("rings", name, found=found, target=str(TARGET_WRONG), is_met=wrong <= TARGET_WRONG)


def _told(ring: Traffic, usual: np.ndarray) -> Signature | None:
    try:
        return signature(ring, usual)
    except NothingInCommon:
        return None


def _providers() -> tuple[Provider, Provider]:
    alliance = Secret(b"an alliance's secret, 32 bytes !")
    sketcher = Sketcher(Secret(b"a deployment's secret, 32 bytes!"), alliance)
    halves: tuple[dict[tuple[str, str], Traffic], ...] = ({}, {})
    for level in LEVELS:
        for objective in OBJECTIVES:
            whole = _sketched(sketcher, list(_campaign(level, objective)))
            for half, rings in enumerate(halves):
                own = whole.account % 2 == half
                rings[level, objective] = Traffic(whole.account[own], whole.slots[own])
    honest = [{name: _sketched(sketcher, _cast(name, seed)) for name in HONEST} for seed in (11, 12)]
    return Provider(honest[0], halves[0]), Provider(honest[1], halves[1])


def _campaign(level: str, objective: str) -> Iterator[Sent]:
    row = f"name = 'it'\nobjective = '{objective}'\nlevel = '{level}'\naccounts = {ACCOUNTS}\nper_day = {PER_DAY}"
    plan = parse("rings", f"days = {DAYS}\nrelease_day = 2\n[[campaign]]\n{row}")
    stage = stage_of(plan, 5)
    return campaign(stage, plan.campaigns[0], Pool(stage, plan.campaigns[0]))


def _cast(name: str, seed: int) -> list[Sent]:
    stage = stage_of(parse("rings", f"days = {DAYS}\nrelease_day = 2"), seed)
    return [sent for stream in CLASSES[name].cast(stage, HONEST[name]) for sent in list(stream)[:MOST_OF_A_STREAM]]


def _sketched(sketcher: Sketcher, sent: Sequence[Sent]) -> Traffic:
    """What is sketched of these exchanges under the alliance's key; accounts numbered as they come."""
    exchanges: list[Exchange] = [one for row in sent for one in read_row(msgspec.json.encode(row_of(row, 1)))]
    numbers: dict[str, int] = {}
    account = [numbers.setdefault(one.principal.account, len(numbers)) for one in exchanges]
    starts = range(0, len(exchanges), _BATCH)
    slots = [_slots(sketcher, exchanges[start : start + _BATCH]) for start in starts]
    return Traffic(np.array(account, np.int64), np.concatenate(slots))


def _slots(sketcher: Sketcher, exchanges: Sequence[Exchange]) -> np.ndarray:
    column = sketcher.sketch(exchanges).column("alliance")
    return np.frombuffer(b"".join(column.to_pylist()), np.uint8).reshape(-1, ZONE_SLOTS)


def _joined(parts: Sequence[Traffic]) -> Traffic:
    """Several groups as one, their accounts kept apart."""
    base = np.cumsum([0, *(int(part.account.max(initial=-1)) + 1 for part in parts)])
    account = np.concatenate([part.account + first for part, first in zip(parts, base, strict=False)])
    return Traffic(account, np.concatenate([part.slots for part in parts]))
