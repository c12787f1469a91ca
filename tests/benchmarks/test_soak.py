"""The soak's own parts: what it asks, what it sees of processes, and when it says that something grows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.soak import run
from benchmarks.soak.asks import Asks
from benchmarks.soak.watching import Moment, Taken, moment


def moments(*megabytes: float, files: int = 10) -> list[Moment]:
    """One a minute."""
    return [Moment(60.0 * n, {"up": Taken(int(size * 1e6), 0, files)}, {}) for n, size in enumerate(megabytes)]


def soaked(seen: list[Moment]) -> run.Soaked:
    return run.Soaked(seen, {}, {}, 1_000)


def test_the_same_seed_asks_the_same_and_every_kind_is_among_them() -> None:
    one, other = Asks(7), Asks(7)
    asked = [one.next() for _ in range(2_000)]
    assert [ask.data for ask in asked] == [other.next().data for _ in range(2_000)]
    assert any(ask.leaves_after for ask in asked)
    assert any(ask.is_odd for ask in asked)
    assert any(ask.data.startswith(b"POST /v1/messages") for ask in asked)
    everybody = b"".join(ask.data for ask in asked)
    assert all(b"sk-" + who in everybody for who in (b"ring", b"greedy", b"stranger", b"wrong", b"customer"))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="this system tells no sizes of processes")
def test_a_process_and_its_children_are_seen_with_memory_and_files(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "segment").write_bytes(bytes(100_000))
    program = "import subprocess; subprocess.run(['cat'])"  # until its stdin ends
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as parent:  # noqa: S603 - our own
        while "up's children" not in (now := moment(3.0, {"up": parent.pid}, tmp_path)).processes:
            pass
        parent.communicate()
    assert now.processes["up"].own_bytes > 1_000_000
    assert now.processes["up"].files >= 3
    assert now.disk["ledger"] >= 100_000


@pytest.mark.parametrize(
    ("sizes", "is_flat"),
    [
        ([50.0] * 60, True),
        ([*range(20, 50), *[50.0] * 30], True),
        ([*[50.0] * 30, *range(50, 80)], False),
    ],
)
def test_growth_after_half_of_an_hour_is_told(sizes: list[float], is_flat: bool) -> None:
    figure = run._process_figure(soaked(moments(*sizes)), "up", 60.0)
    assert figure.is_met is is_flat


def test_files_that_are_never_closed_are_told_and_a_short_run_has_no_target() -> None:
    seen = [*moments(*[50.0] * 40), *moments(*[50.0] * 20, files=10 + run.MORE_FILES + 1)]
    assert run._process_figure(soaked(seen), "up", 60.0).is_met is False
    assert run._process_figure(soaked(seen), "up", 2.0).is_met is None
