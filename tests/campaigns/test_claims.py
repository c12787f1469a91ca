"""Claims rest on days that linked nothing: what a search makes look alike is not evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from tracing.worlds import known

from stillwatch.campaigns import tested
from stillwatch.campaigns.claims import NO_CLAIM, SAME_RING, Claim, claims, matches, others
from stillwatch.campaigns.families import ALL_FAMILIES, COMPLEMENTARITY, TEMPLATE
from stillwatch.campaigns.half import Half, HeldOut
from stillwatch.campaigns.judgement import COMMON_UNITS, UNITS_AT_LEAST
from stillwatch.campaigns.reference import of_benign_log
from stillwatch.campaigns.tested import Frozen, measured
from stillwatch.sketch.record import PROJECTION_DIMENSIONS, ZONE_SLOTS
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.tracing.calibration import TOO_FEW_DAYS, Scored
from stillwatch.tracing.commonness import CommonSkeletons, Population
from stillwatch.tracing.skeleton import Conversations, mine, value_of
from stillwatch.tracing.strata import TRAITS
from stillwatch.tracing.survey import Accounts, Survey
from stillwatch.tracing.variants import Sample

Ints = NDArray[np.int64]
EACH = 12
VALUES = 8
ALPHA = 0.05
NOT_COMMON = Population(np.empty(0, np.uint64), np.empty(0), 0)


@dataclass(frozen=True)
class People:
    """Honest accounts: each repeats what it likes, on whatever day, and has subjects of its own."""

    accounts: int
    likes: NDArray[np.uint32]  # (accounts, VALUES) of a zone
    centre: NDArray[np.float64]

    @classmethod
    def some(cls, accounts: int, rng: np.random.Generator, phrases: int = 40) -> People:
        """Who likes one of a few phrases shares it with others, by chance and for good."""
        stock = rng.integers(1, 2**32, (phrases, VALUES), np.uint32)
        own = rng.integers(1, 2**32, (accounts, VALUES), np.uint32)
        shares = rng.random(accounts) < 0.3
        likes = np.where(shares[:, None], stock[rng.integers(phrases, size=accounts)], own)
        return cls(accounts, likes, rng.normal(0, 4.0, (accounts, PROJECTION_DIMENSIONS)))

    def half(self, rng: np.random.Generator) -> Half:
        """Their exchanges on some days."""
        account = np.repeat(np.arange(self.accounts), EACH)
        zones = rng.integers(1, 2**32, (len(account), ZONE_SLOTS), np.uint32)
        repeats = rng.random(len(account)) < rng.uniform(0.2, 0.9, self.accounts)[account]
        zones[repeats, :VALUES] = self.likes[account[repeats]]
        projection = np.clip(rng.normal(self.centre[account], 8.6), -127, 127).astype(np.int8)
        return half(account, zones, projection)


def half(account: Ints, zones: NDArray[np.uint32], projection: NDArray[np.int8]) -> Half:
    found = known(np.unique(account))
    rows = Conversations(account, zones)
    repeated = mine(rows)
    count = np.full(len(found), EACH)
    table = pa.table(
        {
            "account": account,
            **{
                name: np.zeros(len(account), np.int64)
                for name in ("ts_us", "conversation", "flags", "intent", "ip", "network", "payment")
            },
            "temperature": np.full(len(account), -1),
            "payload": np.arange(1, len(account) + 1),
            "zones": packed(zones.astype("<u4").view(np.uint8).reshape(len(zones), -1)),
            "projection": packed(projection.view(np.uint8)),
        }
    )

    def parts(columns: Sequence[str], only: Ints | None) -> Iterator[pa.Table]:
        keep = np.ones(len(account), bool) if only is None else np.isin(account, only)
        yield table.filter(pa.array(keep)).select(list(columns))

    seen = Survey(with_traits(found), repeated, count, NOT_COMMON, Sample(0).all())
    return Half(seen, repeated, parts)


def held_out(half: Half) -> HeldOut:
    """The same exchanges as those of testing days."""
    unread: Any = None  # no family that looks at the table speaks here
    return HeldOut(half.seen.accounts, half.parts, unread)


def scored(rings: list[Frozen], others: Half, rng: np.random.Generator) -> list[Scored]:
    """What the families say of these rings on testing days, where nothing is usual."""
    return measured(rings, held_out(others), rng).scored(NOT_COMMON, NOT_COMMON.keys)


def with_traits(found: Accounts) -> Accounts:
    ones = np.full(len(found), EACH)
    return replace(found, exchanges=ones, traits={name: np.zeros(len(found), np.int64) for name in TRAITS})


def packed(rows: NDArray[np.uint8]) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(rows.shape[1]), len(rows), [None, pa.py_buffer(rows.tobytes())]
    )


def searched(people: People, half: Half) -> list[Frozen]:
    """The rings that a search finds among honest accounts: those who repeat one phrase, where three or more do."""
    keys, _ = np.unique(half.skeleton.key, return_inverse=True)
    rings = []
    for phrase in np.unique(people.likes[:, 0]):
        mine = keys[value_of(keys) == phrase]
        members = np.unique(half.skeleton.account[np.isin(half.skeleton.key, mine)])
        if len(members) >= UNITS_AT_LEAST:
            held = np.unique(half.skeleton.key[np.isin(half.skeleton.account, members)])
            rings.append(Frozen(half.seen.accounts.account[members], held, len(members)))
    return rings


@pytest.fixture(autouse=True)
def of_two_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose null is at stake here; the others have tests of their own."""
    monkeypatch.setattr(tested, "SCORED", ())
    monkeypatch.setattr(tested, "COLUMNS", ())


def of_people(people: People, rng: np.random.Generator) -> tuple[list[Frozen], list[Scored]]:
    linking, others = people.half(rng), people.half(rng)
    rings = searched(people, linking)
    return rings, scored(rings, others, rng)


def claimed(seed: int) -> list[Claim]:
    """What is claimed of every ring that a search finds in honest traffic, beside other honest traffic."""
    rng = np.random.default_rng(seed)
    reference = of_benign_log(of_people(People.some(80, rng, 6), rng)[1])
    rings, said = of_people(People.some(80, rng, 6), rng)
    return claims(range(len(rings)), rings, said, reference, ALL_FAMILIES)


def test_a_ring_that_linking_days_do_not_show_claims_nothing() -> None:
    few = Frozen(np.arange(3), np.arange(1, 5, dtype=np.uint64), 3)
    said = [Scored("batch", {TEMPLATE: np.array([9.0])})]
    reference = of_benign_log([Scored("batch", {TEMPLATE: np.array([0.0])})] * 9)
    [shown] = claims(matches([few.accounts], [few]), [few], said, reference, ALL_FAMILIES)
    assert shown.combined > 0
    ring = np.arange(round(3 / SAME_RING) + 1)
    assert claims(matches([ring], [few]), [few], said, reference, ALL_FAMILIES) == [NO_CLAIM]
    assert claims(matches([ring], []), [], [], reference, ALL_FAMILIES) == [NO_CLAIM]
    assert claims(matches([], [few]), [few], said, reference, ALL_FAMILIES) == []


def test_rings_that_only_linking_days_show_are_asked_about_as_well() -> None:
    """But not who is let go without evidence: too few organisations, and users of a tool that the benign log knows."""
    known_tool = np.arange(1, 5, dtype=np.uint64)
    reviewed, unseen, pair, tool = (
        Frozen(np.arange(first, first + 4), keys, units)
        for first, keys, units in (
            (0, known_tool + 10, UNITS_AT_LEAST),
            (10, known_tool + 20, UNITS_AT_LEAST),
            (20, known_tool + 30, UNITS_AT_LEAST - 1),
            (30, known_tool, UNITS_AT_LEAST),
        )
    )
    rings = [reviewed, unseen, pair, tool]
    common = CommonSkeletons(known_tool, np.full(len(known_tool), COMMON_UNITS))
    assert others(matches([reviewed.accounts], rings), rings, common) == [1]
    assert others([], rings, CommonSkeletons(known_tool, np.ones(len(known_tool), np.int64))) == [0, 1, 3]


def test_accounts_that_were_gone_on_testing_days_claim_nothing() -> None:
    """Banned in between: there is nothing to test."""
    rng = np.random.default_rng(1)
    people = People.some(60, rng)
    linking = people.half(rng)
    ring = Frozen(np.arange(5), np.unique(linking.skeleton.key[linking.skeleton.account < 5]), 5)
    account = np.repeat(np.arange(100, 110), EACH)
    others = half(
        account,
        rng.integers(1, 2**32, (len(account), ZONE_SLOTS), np.uint32),
        rng.integers(-9, 9, (len(account), PROJECTION_DIMENSIONS)).astype(np.int8),
    )
    reference = of_benign_log(of_people(People.some(60, rng, 6), rng)[1])
    [claim] = claims([0], [ring], scored([ring], others, rng), reference, ALL_FAMILIES)
    assert set(claim.log_e.values()) <= {0.0}
    assert claim.combined == 0.0


def test_a_benign_log_of_one_day_makes_no_claims() -> None:
    """It has no groups that one day links and another tests, and the hunt goes on without."""
    ring = Frozen(np.arange(3), np.arange(1, 5, dtype=np.uint64), 3)
    said = [Scored("batch", {TEMPLATE: np.array([9.0])})]
    [claim] = claims([0], [ring], said, TOO_FEW_DAYS, ALL_FAMILIES)
    assert (dict(claim.log_e), claim.combined) == ({TEMPLATE: 0.0}, 0.0)


def test_a_family_that_is_not_heard_claims_nothing() -> None:
    rng = np.random.default_rng(2)
    rings, said = of_people(People.some(60, rng, 6), rng)
    members = [ring.accounts for ring in rings]
    made = claims(matches(members, rings), rings, said, of_benign_log(said), ALL_FAMILIES - {TEMPLATE})
    assert made
    assert all(set(claim.log_e) == {COMPLEMENTARITY} for claim in made)


@pytest.mark.long
def test_rings_of_honest_traffic_are_worth_nothing() -> None:
    """A search over honest accounts, who keep their habits, finds no more than chance: mean e-values are at most 1."""
    worlds = [claimed(seed) for seed in range(30)]
    worth = np.array([np.mean([math.exp(claim.combined) for claim in world]) for world in worlds if world])
    assert len(worth) > 25
    assert worth.mean() - 2.6 * worth.std() / np.sqrt(len(worth)) <= 1.0  # a one-sided test at 0.5 %
    assert worth.std() > 0.05
    crossed = sum(
        max((claim.combined for claim in world), default=0.0) >= math.log(len(world) / ALPHA) for world in worlds
    )
    assert chance_of_so_many(crossed, len(worlds), ALPHA) > 0.005
