"""The hidden folder of a world that is being made: stopped between any two lines, it leaves nothing to the next run."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from stillwatch.errors import UsageError
from stillwatch.world.unfinished import UNFINISHED, unfinished

CODE = inspect.unwrap(unfinished).__code__
SOURCE, FIRST = inspect.getsourcelines(CODE)
CALLS = [FIRST + place for place, text in enumerate(SOURCE) if "rmtree" in text or "work." in text or "yield" in text]
"""Lines that touch the folder. Outside of these there is only the lock, which goes with its process."""


@contextmanager
def stopped_before(line: int) -> Iterator[None]:
    """Inside, Ctrl-C comes just before this line of `unfinished`: the first time that it is reached."""
    left = [line]

    def at_each_line(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line" and frame.f_code is CODE and frame.f_lineno in left:
            left.clear()
            raise KeyboardInterrupt
        return at_each_line

    before = sys.gettrace()
    sys.settrace(at_each_line)
    try:
        yield
    finally:
        sys.settrace(before)


def make(folder: Path) -> None:
    with unfinished(folder) as work:
        (work / "half").write_text("a file")


@pytest.mark.parametrize("line", CALLS)
def test_ctrl_c_at_any_line_leaves_nothing_behind_for_good(line: int, tmp_path: Path) -> None:
    """Between making the folder and holding it, too. Only in the midst of tidying up may it stay until the next run."""
    with stopped_before(line), pytest.raises(KeyboardInterrupt):
        make(tmp_path)
    make(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_as_the_folder_is_made_leaves_nothing_at_once(tmp_path: Path) -> None:
    """Before and after the line that makes it."""
    making = next(FIRST + place for place, text in enumerate(SOURCE) if "mkdir" in text)
    for line in (making, making + 1):
        with stopped_before(line), pytest.raises(KeyboardInterrupt):
            make(tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_is_gone_with_the_next_run(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED / "hours").mkdir(parents=True)
    (tmp_path / UNFINISHED / "hours" / "0").write_text("half an hour")
    with unfinished(tmp_path) as work:
        assert list(work.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_two_runs_do_not_write_into_one_place(tmp_path: Path) -> None:
    """The second is told so, and takes nothing from the first."""
    with unfinished(tmp_path) as work:
        (work / "half").write_text("a file")
        with pytest.raises(UsageError, match="another run is writing a world"):
            make(tmp_path)
        assert (work / "half").exists()
