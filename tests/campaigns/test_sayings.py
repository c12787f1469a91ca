"""What the families say of listed rings: those that are heard, for every ring, and claiming nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray

from stillwatch.campaigns.families import ALL_FAMILIES, INFRASTRUCTURE, SCORED
from stillwatch.campaigns.half import Parts
from stillwatch.campaigns.sayings import sayings
from stillwatch.evidence import Evidence
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.tracing.survey import accounts
from stillwatch.tracing.template import Candidate

from .logs import WIDE, exchanges

# Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

Ints = NDArray[np.int64]

ACCOUNTS, EACH = 200, 20
RING, OTHER = (Candidate(np.array(some), np.empty(0, np.uint64), 0) for some in (range(6), range(6, 12)))
NOBODY = Candidate(np.empty(0, np.int64), np.empty(0, np.uint64), 0)


@pytest.fixture(scope="module")
def log() -> pa.Table:
    """Accounts that send one exchange an hour; the first six pay with one card."""
    rng = np.random.default_rng(1)
    account = np.repeat(np.arange(1, ACCOUNTS + 1), EACH)
    when = 1_772_323_200_000_000 + rng.integers(0, EACH * 3_600_000_000, len(account))
    return exchanges(
        account,
        ts_us=when,
        day=when // 86_400_000_000,
        payment=np.where(account <= 6, 7, 1000 + account),
        payload=rng.integers(1, 10**9, len(account)),
        projection=rng.integers(-30, 30, (len(account), PROJECTION_DIMENSIONS)),
    )


def said(log: pa.Table, rings: Sequence[Candidate], families: frozenset[str]) -> list[tuple[Evidence, ...]]:
    def read(columns: Sequence[str], only: Ints | None) -> Iterator[pa.Table]:
        yield log.filter(pc.is_in(log.column("account"), pa.array(only))).select(list(columns))

    parts: Parts = read
    binary = [pa.field(one.name, pa.binary()) if one.name in WIDE else one for one in log.schema]
    table = ibis.memtable(log.cast(pa.schema(binary)))
    return sayings(rings, accounts(table), table, parts, families, np.random.default_rng(1))


def spoke(some: Sequence[Evidence]) -> list[str]:
    return [one.family for one in some]


def test_every_ring_is_spoken_of_in_its_place(log: pa.Table) -> None:
    """Of the six with one card it is said that they have one, and nothing is claimed by saying it."""
    ring, other = said(log, [RING, OTHER], ALL_FAMILIES)
    assert {one.log_e for one in (*ring, *other)} == {0.0}
    assert {one.family for one in ring} <= {family.name for family in SCORED}
    assert any("6 of 6 use a card that another of them uses" in one.statement for one in ring)
    assert INFRASTRUCTURE not in spoke(other)
    swapped = said(log, [OTHER, RING], ALL_FAMILIES)
    assert [spoke(some) for some in swapped] == [spoke(other), spoke(ring)]


def test_families_that_are_not_heard_say_nothing(log: pa.Table) -> None:
    every = {one.family for one in said(log, [RING], ALL_FAMILIES)[0]}
    assert {one.family for one in said(log, [RING], ALL_FAMILIES - {INFRASTRUCTURE})[0]} == every - {INFRASTRUCTURE}
    assert said(log, [RING], frozenset()) == [()]


def test_sentences_begin_like_sentences_and_hold_no_number_that_only_a_key_explains(log: pa.Table) -> None:
    """A capital or a figure first; a keyed hash, of nine or ten digits, tells a reader nothing."""
    for one in (each for some in said(log, [RING, OTHER], ALL_FAMILIES) for each in some):
        assert one.statement[0].isupper() or one.statement[0].isdigit(), one
        assert max((abs(value) for value in one.detail.values() if not isinstance(value, str)), default=0) < 1e8, one
        assert not re.search(r"\d%", one.statement), one


def test_of_nobody_nothing_is_said(log: pa.Table) -> None:
    """Without rings nothing is read; a ring without rows is no error."""
    assert said(log, [], ALL_FAMILIES) == []
    assert said(log, [NOBODY], ALL_FAMILIES) == [()]
