"""One writer at a time, and any number of readers."""

from __future__ import annotations

import pytest

from stillwatch.errors import LedgerError
from stillwatch.ledger.ledger import Ledger

from .sketches import sketches


def test_a_second_writer_is_refused_at_once(ledger: Ledger) -> None:
    """The error names the holder and what to do; waiting silently would look like a hang."""
    second = Ledger.open(ledger.path)
    with ledger.writer(), pytest.raises(LedgerError, match=r"another run \(process \d+\).*Wait until"), second.writer():
        pass
    with ledger.writer(), pytest.raises(LedgerError, match="another run"):
        second.compact()
    with second.writer() as writer:
        writer.commit(sketches(5))


def test_readers_see_each_commit_while_a_writer_works(ledger: Ledger) -> None:
    """Reading needs no lock and no reopening."""
    reader = Ledger.open(ledger.path)
    with ledger.writer() as writer:
        writer.commit(sketches(5, seed=1))
        assert reader.counts().exchanges == 5
        writer.commit(sketches(5, seed=2))
        assert sum(b.num_rows for b in reader.scan(["account"])) == 10


def test_a_writer_may_compact_its_own_ledger(ledger: Ledger) -> None:
    """The lock that is held counts."""
    with ledger.writer() as writer:
        writer.commit(sketches(5, seed=1))
        writer.commit(sketches(5, seed=2))
        assert ledger.compact() == 1
        writer.commit(sketches(5, seed=3))
    assert ledger.counts().exchanges == 15


def test_a_reader_that_a_compaction_overtook_is_told_so(ledger: Ledger) -> None:
    with ledger.writer() as writer:
        writer.commit(sketches(5, seed=1))
        writer.commit(sketches(5, seed=2))
    scan = ledger.scan(["account"])
    next(scan)
    Ledger.open(ledger.path).compact()
    with pytest.raises(LedgerError, match=r"compacted while it was read.*again"):
        next(scan)
    assert ledger.damage == []
