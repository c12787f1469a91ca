"""Claims rest on days that linked nothing: what a search makes look alike is not evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from tracing.worlds import known

from stillwatch.campaigns import reference
from stillwatch.campaigns.claims import SAME_RING, Claim, claims
from stillwatch.campaigns.half import Half
from stillwatch.campaigns.reference import build_reference
from stillwatch.sketch.record import PROJECTION_DIMENSIONS, ZONE_SLOTS
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.tracing.skeleton import Conversations, Repeated, mine
from stillwatch.tracing.strata import TRAITS
from stillwatch.tracing.survey import Accounts, Survey
from stillwatch.tracing.template import Candidate
from stillwatch.tracing.variants import Sample

Ints = NDArray[np.int64]
EACH = 12
VALUES = 8
ALPHA = 0.05


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
                for name in ("ts_us", "flags", "intent", "ip", "network", "payment")
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

    return Half(Survey(with_traits(found), repeated, count, None, Sample(0).all()), repeated, parts)  # type: ignore[arg-type] - the population is not read


def with_traits(found: Accounts) -> Accounts:
    ones = np.full(len(found), EACH)
    return replace(found, exchanges=ones, traits={name: np.zeros(len(found), np.int64) for name in TRAITS})


def packed(rows: NDArray[np.uint8]) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(rows.shape[1]), len(rows), [None, pa.py_buffer(rows.tobytes())]
    )


def searched(linking: Half, rng: np.random.Generator) -> Candidate | None:
    """The ring that a search finds among honest accounts: those who like one phrase, the largest of them."""
    keys, accounts = np.unique(linking.skeleton.key, return_counts=True)
    if accounts.max(initial=0) < 3:
        return None
    members = np.unique(linking.skeleton.account[linking.skeleton.key == keys[accounts.argmax()]])
    held = Repeated(*(column[np.isin(linking.skeleton.account, members)] for column in fields_of(linking.skeleton)))
    common, users = np.unique(held.key, return_counts=True)
    return Candidate(members, common[users >= 3], 1)


def fields_of(found: Repeated) -> tuple[Ints, NDArray[np.uint64], Ints]:
    return found.account, found.key, found.support


def claimed(seed: int) -> float:
    """The template family's log e of the best ring that a search finds in honest traffic, beside other traffic."""
    rng = np.random.default_rng(seed)
    benign, people = People.some(80, rng), People.some(80, rng)
    honest = build_reference(benign.half(rng), benign.half(rng), rng)
    linking, testing = people.half(rng), people.half(rng)
    ring = searched(linking, rng)
    if ring is None:
        return 0.0
    [claim] = claims([linking.seen.accounts.account[ring.accounts]], [ring], linking, testing, honest, rng)
    return claim.template_log_e


def test_a_ring_that_linking_days_do_not_show_claims_nothing() -> None:
    rng = np.random.default_rng(0)
    people = People.some(60, rng)
    linking, testing = people.half(rng), people.half(rng)
    honest = build_reference(linking, testing, rng)
    few = Candidate(np.arange(3), linking.skeleton.key[:4], 1)
    ring = np.arange(round(3 / SAME_RING) + 1)
    assert claims([ring], [few], linking, testing, honest, rng) == [Claim()]
    assert claims([ring], [], linking, testing, honest, rng) == [Claim()]
    assert claims([], [few], linking, testing, honest, rng) == []


def test_accounts_that_were_gone_on_testing_days_claim_nothing() -> None:
    """Banned in between: there is nothing to test."""
    rng = np.random.default_rng(1)
    people = People.some(60, rng)
    linking = people.half(rng)
    ring = Candidate(np.arange(5), np.unique(linking.skeleton.key[linking.skeleton.account < 5]), 1)
    account = np.repeat(np.arange(100, 110), EACH)
    others = half(
        account,
        rng.integers(1, 2**32, (len(account), ZONE_SLOTS), np.uint32),
        rng.integers(-9, 9, (len(account), PROJECTION_DIMENSIONS)).astype(np.int8),
    )
    honest = build_reference(linking, people.half(rng), rng)
    assert claims([np.arange(5)], [ring], linking, others, honest, rng) == [Claim()]


def test_the_best_ring_of_honest_traffic_is_worth_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search over honest accounts, who keep their habits, finds no more than chance: the mean e-value is at most 1.

    Beside all honest accounts, not only those that were linked too, the mean is 1.7.
    """
    monkeypatch.setattr(reference, "_complementarity_scores", lambda *given: {})  # another family's, and slow
    worth = np.exp([claimed(seed) for seed in range(120)])
    assert worth.mean() - 2.6 * worth.std() / np.sqrt(len(worth)) <= 1.0  # a one-sided test at 0.5 %
    assert worth.std() > 0.1
    crossed = int((worth >= 1 / ALPHA).sum())
    assert chance_of_so_many(crossed, len(worth), ALPHA) > 0.005
