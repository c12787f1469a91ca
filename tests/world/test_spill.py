"""Sorting on disk: any order in, order of time out, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.world import spill
from stillwatch.world.chance import Chance


@pytest.mark.parametrize("held_bytes", [1, 1 << 20])
def test_lines_come_back_by_time_however_little_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_bytes: int
) -> None:
    """Three hundred lines over a day, equal moments by name; each exactly once."""
    monkeypatch.setattr(spill, "_HELD_BYTES", held_bytes)
    chance, sorter, added = Chance("spill"), spill.Spill(tmp_path), []
    for number in range(300):
        ts_us = chance.below(24) * 3_600_000_000 + chance.below(3)
        line = b'{"n": %d}' % number
        sorter.add(ts_us, f"ex-{number:03}", line)
        added.append((ts_us, number, line + b"\n"))
    assert list(sorter.by_time()) == [line for *_, line in sorted(added)]
    assert list(tmp_path.iterdir()) == []
