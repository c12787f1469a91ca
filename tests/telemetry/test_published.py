"""One file, written in place: whatever becomes of it, what is read is what was once written whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.telemetry import published
from stillwatch.telemetry.published import MOST_BYTES, SLOT_BYTES, Snapshot

FIRST = Snapshot("worker", 1, 1.0, 2.0, [(("stillwatch_connections",), 3)])
SECOND = Snapshot("worker", 1, 1.0, 3.0, [(("stillwatch_connections",), 4)])
PLACES = st.one_of(st.integers(0, 80), st.integers(SLOT_BYTES, SLOT_BYTES + 80), st.integers(0, 2 * SLOT_BYTES))


@given(st.lists(st.tuples(PLACES, st.binary(min_size=1, max_size=40)), max_size=4), st.integers(0, 2 * SLOT_BYTES))
def test_what_is_spoiled_is_never_read(spoiled: list[tuple[int, bytes]], length: int) -> None:
    """Bytes anywhere in the file are others, and it is cut anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "worker.metrics"
        descriptor = published.create(file)
        for number, snapshot in enumerate((FIRST, SECOND), 1):
            published.write(descriptor, number, snapshot)
        assert published.read(descriptor) == SECOND
        for place, content in spoiled:
            os.pwrite(descriptor, content, place)
        os.ftruncate(descriptor, length)
        assert published.read(descriptor) in (None, FIRST, SECOND)
        os.close(descriptor)


def test_the_newest_is_read_whichever_slot_it_is_in(tmp_path: Path) -> None:
    descriptor = published.create(tmp_path / "worker.metrics")
    assert published.read(descriptor) is None
    for number in range(1, 6):
        written = Snapshot("worker", 1, 1.0, float(number), [])
        published.write(descriptor, number, written)
        assert published.read(descriptor) == written
    os.close(descriptor)


def test_numbers_that_do_not_fit_are_refused_and_those_before_stay(tmp_path: Path) -> None:
    descriptor = published.create(tmp_path / "worker.metrics")
    published.write(descriptor, 1, FIRST)
    many = Snapshot("worker", 1, 1.0, 2.0, [(("stillwatch_requests_total", "x" * 60, "allow"), n) for n in range(900)])
    with pytest.raises(ValueError, match=f"more than the {MOST_BYTES} that there is room for"):
        published.write(descriptor, 2, many)
    assert published.read(descriptor) == FIRST
    os.close(descriptor)


def test_a_file_has_one_writer(tmp_path: Path) -> None:
    descriptor = published.create(tmp_path / "worker.metrics")
    with pytest.raises(FileExistsError):
        published.create(tmp_path / "worker.metrics")
    other = os.open(tmp_path / "worker.metrics", os.O_RDWR)
    assert published.is_locked(other)
    os.close(descriptor)
    assert not published.is_locked(other)
    os.close(other)
