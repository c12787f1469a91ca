"""A torn or flipped segment is found, set aside, reported, and never read as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import LedgerError
from stillwatch.ledger.inputs import InputProgress
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.lock import WriterLock

from .sketches import FIRST_DAY, sketches

PROGRESS = InputProgress("f", "log", 9, 900, 100, 0, is_done=True)


@pytest.fixture
def torn(ledger: Ledger) -> Path:
    """The segment of the second of two days, which the tests below damage."""
    with ledger.writer() as writer:
        writer.commit(sketches(100, days=2), [PROGRESS])
    return ledger.segment_paths([FIRST_DAY + 1])[0]


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x10
    path.write_bytes(content)


def is_set_aside(path: Path, ledger: Ledger) -> bool:
    return not path.exists() and (ledger.path / "quarantine" / path.name).exists()


@pytest.mark.parametrize("size", [0, 3, 1_000])
def test_a_truncated_segment_is_set_aside_on_opening(ledger: Ledger, torn: Path, size: int) -> None:
    whole = ledger.counts().exchanges
    torn.write_bytes(torn.read_bytes()[:size])
    found = Ledger.open(ledger.path)
    assert is_set_aside(torn, found)
    assert found.counts().exchanges == whole - found.counts().lost > 0
    assert found.table().day.max().to_pyarrow().as_py() == FIRST_DAY


def test_a_missing_segment_is_reported(ledger: Ledger, torn: Path) -> None:
    torn.unlink()
    (sentence,) = Ledger.open(ledger.path).damage
    assert "the file is missing" in sentence
    assert "Sketch its logs again" in sentence


def test_a_damaged_footer_is_set_aside_on_opening(ledger: Ledger, torn: Path) -> None:
    flip(torn, -1)
    assert Ledger.open(ledger.path).days() == [FIRST_DAY]
    assert is_set_aside(torn, ledger)


def test_a_flipped_byte_is_found_by_verify(ledger: Ledger, torn: Path) -> None:
    """Opening stays cheap and cannot see it; the digest does."""
    flip(torn, torn.stat().st_size // 2)
    found = Ledger.open(ledger.path)
    assert found.damage == []
    (sentence,) = found.verify()
    assert "digest differs" in sentence
    assert is_set_aside(torn, found)
    assert found.days() == [FIRST_DAY]


def test_a_flipped_byte_stops_a_scan(ledger: Ledger, torn: Path) -> None:
    """Pages carry checksums: a scan that meets a flipped byte raises, and the next goes on without the segment."""
    flip(torn, torn.stat().st_size // 2)
    found = Ledger.open(ledger.path)
    with pytest.raises(LedgerError, match="damaged and was set aside"):
        list(found.scan(["zones", "lineage", "projection", "alliance"]))
    assert {b.column("day")[0].as_py() for b in found.scan(["day", "zones"])} == {FIRST_DAY}


def test_damage_is_remembered_until_its_log_is_read_again(ledger: Ledger, torn: Path) -> None:
    """The input says how much it may have lost; reading it again settles that."""
    torn.unlink()
    lost = Ledger.open(ledger.path).counts().lost
    again = Ledger.open(ledger.path)
    progress = again.input_progress("f")
    assert progress is not None
    assert progress.lost_rows == lost > 0
    with again.writer() as writer:
        writer.restart_input("f")
        assert again.input_progress("f") is None
        assert again.damage == []
        writer.commit(sketches(100, days=2), [PROGRESS])
    assert again.drop_duplicates() == 100 - lost
    assert again.counts().exchanges == 100
    assert again.input_progress("f") == PROGRESS


def test_damage_found_while_another_run_writes_is_left_out_and_recorded_later(ledger: Ledger, torn: Path) -> None:
    """A reader never moves files under a writer; it only does not read them."""
    torn.unlink()
    with WriterLock(ledger.path):
        reader = Ledger.open(ledger.path)
        assert reader.days() == [FIRST_DAY]
        assert len(reader.damage) == 1
    assert len(Ledger.open(ledger.path).damage) == 1
    assert len(reader.damage) == 1
