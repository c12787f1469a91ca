"""An exchange counts once, however often its row is delivered."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ledger.duplicates import first_of_each
from stillwatch.ledger.ledger import Ledger

from .sketches import sketches


def test_copies_within_a_commit_are_dropped_and_counted(ledger: Ledger) -> None:
    batch = sketches(100)
    twice = pa.Table.from_batches([batch, batch])
    with ledger.writer() as writer:
        done = writer.commit(twice)
    assert (done.exchanges, done.duplicates) == (100, 100)
    assert ledger.counts().duplicates == 100


def test_copies_in_another_commit_are_dropped_by_the_search(ledger: Ledger) -> None:
    """Overlapping exports of one log are the usual cause; the first copy stays."""
    first, second = sketches(100, seed=1, days=2), sketches(100, seed=2, days=2)
    overlap = pa.Table.from_batches([second, first.slice(60)])
    with ledger.writer() as writer:
        writer.commit(first)
        writer.commit(overlap)
    assert ledger.drop_duplicates() == 40
    assert ledger.counts().exchanges == 200
    assert ledger.counts().duplicates == 40
    assert ledger.table().exchange_id.nunique().to_pyarrow().as_py() == 200


def test_a_segment_of_copies_only_disappears(ledger: Ledger) -> None:
    with ledger.writer() as writer:
        writer.commit(sketches(100))
        writer.commit(sketches(100))
    assert ledger.drop_duplicates() == 100
    assert ledger.counts().segments == 1
    assert len(list(ledger.path.glob("segments/*/*"))) == 1


def test_days_that_did_not_change_are_not_searched_again(ledger: Ledger) -> None:
    """The search is incremental: only a day that got a new segment is read."""
    with ledger.writer() as writer:
        writer.commit(sketches(50, seed=1))
        writer.commit(sketches(50, seed=2))
    assert ledger.drop_duplicates() == 0
    points: list[str] = []
    ledger.drop_duplicates(points.append)
    assert points == []


def test_the_same_id_of_two_accounts_is_two_exchanges(ledger: Ledger) -> None:
    """Ids are the client's or the provider's; two accounts may use the same."""
    batch = sketches(2, accounts=1)
    other = batch.set_column(4, batch.schema.field("account"), pa.array([11, 13], pa.int64()))
    with ledger.writer() as writer:
        writer.commit(batch)
        writer.commit(other)
    assert ledger.drop_duplicates() == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3))))
def test_the_first_of_each_is_what_a_set_would_keep(keys: list[tuple[int, int]]) -> None:
    """Vectorised and obvious agree; id 0 means unknown and is never a copy."""
    seen: set[tuple[int, int]] = set()
    expected = []
    for key in keys:
        expected.append(key[1] == 0 or key not in seen)
        seen.add(key)
    account, exchange_id = np.array(keys, np.int64).reshape(-1, 2).T
    assert first_of_each(account, exchange_id).tolist() == expected
