"""From candidates to groups: the right accounts' rows, no more than a group can use, and none that ask nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray

from stillwatch.campaigns.grouping import ALWAYS, ROWS_PER_ACCOUNT, UNITS_IN_A_GROUP, Parts, groups
from stillwatch.sketch.record import LINEAGE_SLOTS, PROJECTION_DIMENSIONS, ZONE_SLOTS
from stillwatch.tracing.family import Group
from stillwatch.tracing.skeleton import keys_of
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate

from .logs import accounts, exchanges

Ints = NDArray[np.int64]

COLUMNS = ("lineage", "exchange_id")
EMBEDDING = 2


def wordless(*members: int) -> Candidate:
    return Candidate(np.array(members, np.int64), np.empty(0, np.uint64), 0)


def parts_of(log: pa.Table, each: int = 10**6) -> Parts:
    """Reads a log in parts of `each` accounts."""

    def read(columns: Sequence[str], only: Ints | None) -> Iterator[pa.Table]:
        wanted = np.unique(log.column("account").to_numpy()) if only is None else only
        for some in np.array_split(wanted, -(-len(wanted) // each)) if len(wanted) else []:
            yield log.filter(pc.is_in(log.column("account"), pa.array(some))).select(list(columns))

    return read


def grouped(candidates: Sequence[Candidate], log: pa.Table, found: Accounts, each: int = 10**6) -> list[Group]:
    return list(groups(candidates, found, parts_of(log, each), COLUMNS, np.random.default_rng(1)))


@pytest.mark.parametrize("each", [1, 2, 100])
def test_groups_have_the_rows_of_their_accounts(each: int) -> None:
    """Whatever the parts; units are numbered from 0, and one of them may have nothing here."""
    found = accounts(6, unit=np.array([7, 7, 3, 9, 4, 4]))
    pseudonym = np.array([1, 2, 3, 5, 1, 4, 4, 3])
    log = exchanges(pseudonym, exchange_id=np.arange(100, 108))
    one, other = grouped([wordless(0, 1, 2), wordless(3, 4, 5)], log, found, each)
    assert sorted(zip(one.account.tolist(), one.column("exchange_id").tolist(), strict=True)) == [
        (0, 100), (0, 104), (1, 101), (2, 102), (2, 107)
    ]  # fmt: skip
    assert (one.units, other.units) == (2, 2)
    assert one.unit.tolist() == np.array([1, 1, 0])[one.account].tolist()
    assert sorted(zip(other.account.tolist(), other.unit.tolist(), strict=True)) == [(3, 1), (3, 1), (4, 0)]


def test_columns_have_the_shapes_that_families_read() -> None:
    (one,) = grouped([wordless(0)], exchanges(np.array([1, 1])), accounts(1))
    assert set(one.columns) == {*ALWAYS, *COLUMNS, "matches"} - {"account"}
    assert one.columns["zones"].shape == one.columns["matches"].shape == (2, ZONE_SLOTS)
    assert one.columns["lineage"].shape == (2, LINEAGE_SLOTS)
    assert one.columns["projection"].shape == (2, PROJECTION_DIMENSIONS)


def test_long_accounts_are_thinned_evenly_over_time() -> None:
    """The first exchange and nearly the last are among what is kept, of the long account only."""
    rows = 10 * ROWS_PER_ACCOUNT
    log = exchanges(np.repeat([1, 2], [rows, 5]))
    (one,) = grouped([wordless(0, 1)], log, accounts(2))
    when = np.sort(one.column("ts_us")[one.account == 0])
    assert (one.account == 1).sum() == 5
    assert len(when) == ROWS_PER_ACCOUNT
    assert np.unique(np.diff(when)).tolist() == [10]


def test_indexed_texts_are_left_out() -> None:
    """Whoever only indexes is in the group and has no rows."""
    log = exchanges(np.array([1, 1, 2]), flags=np.array([0, EMBEDDING, EMBEDDING]))
    (one,) = grouped([wordless(0, 1)], log, accounts(2))
    assert (one.account.tolist(), one.units) == ([0], 2)


def test_of_large_candidates_some_units_are_grouped_with_all_their_accounts() -> None:
    """Two accounts to a unit, twice as many units as are scored."""
    count = 4 * UNITS_IN_A_GROUP
    log, found = exchanges(np.arange(1, count + 1)), accounts(count, np.arange(count) // 2)
    (one,) = grouped([wordless(*range(count))], log, found)
    assert one.units == UNITS_IN_A_GROUP
    assert len(one.account) == 2 * UNITS_IN_A_GROUP
    assert (np.bincount(one.unit) == 2).all()


def test_what_carries_the_words_is_marked_and_without_words_all_does() -> None:
    zones = np.zeros((2, ZONE_SLOTS), np.uint32)
    zones[0, :4] = 5
    keys = np.sort(keys_of(zones)[zones != 0])
    log, found = exchanges(np.array([1, 2]), zones=zones), accounts(2)
    (worded,) = grouped([Candidate(np.array([0, 1]), keys, 1)], log, found)
    (bare,) = grouped([wordless(0, 1)], log, found)
    assert worded.carries.tolist() == [True, False]
    assert bare.carries.tolist() == [True, True]


def test_nothing_to_group_is_nothing() -> None:
    """No candidate; one without accounts here; and accounts without rows."""
    log, found = exchanges(np.array([1])), accounts(2)
    assert grouped([], log, found) == []
    nobody, silent = grouped([wordless(), wordless(1)], log, found)
    assert (len(nobody.account), nobody.units) == (0, 0)
    assert (len(silent.account), silent.units) == (0, 1)
    (alone,) = grouped([wordless()], log, found)
    assert alone.columns["zones"].shape == (0, ZONE_SLOTS)
    assert (len(alone.carries), alone.units) == (0, 0)
