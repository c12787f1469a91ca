"""A sketch run loses nothing and doubles nothing, however often it is killed, and says what it refused."""

from __future__ import annotations

import errno
import gzip
import itertools
import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.errors import InputError, Interrupted, SketchMismatch, StorageFull
from stillwatch.ledger import durable, segments
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.reservoir import Reservoir
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.readers.block import open_log
from stillwatch.sketch.record import COLUMN_NAMES
from stillwatch.sketching import run as sketching
from stillwatch.sketching.run import sketch_logs
from stillwatch.sketching.workers import WorkerDied

SECRET = Secret(b"a secret for tests only, 32 bytes")
ROWS = 260
POINTS = 23  # checkpoints that a run of so many rows passes in the blocks and commits of these tests
PROCESSES = multiprocessing.get_context("forkserver")  # forked from one without threads: milliseconds each
PROCESSES.set_forkserver_preload(["pytest", "stillwatch.sketching.run"])
START_US = 20_718 * 86_400_000_000


def row(number: int) -> str:
    """One line of an exchange log: fifty accounts of five organizations, an exchange every ten minutes."""
    body = {"model": "m-1", "messages": [{"role": "user", "content": f"Why is the number {number} interesting?"}]}
    return json.dumps(
        {
            "id": f"x-{number}",
            "ts_us": START_US + number * 600_000_000,
            "account": f"user-{number % 50}",
            "organization": f"org-{number % 5}",
            "path": "/v1/chat/completions",
            "body": body,
        }
    )


def log(path: Path, numbers: range, *, bad: tuple[int, ...] = ()) -> Path:
    """A log of these exchanges, with garbage in place of the bad ones."""
    text = "".join(("{garbage" if n in bad else row(n)) + "\n" for n in numbers)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def rows(ledger: Path) -> pa.Table:
    table = pa.Table.from_batches(list(Ledger.open(ledger).scan(COLUMN_NAMES)))
    return table.sort_by("exchange_id")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 40 rows and commits of 100, so that little logs take many steps."""
    monkeypatch.setattr(sketching, "BLOCK_ROWS", 40)
    monkeypatch.setattr(sketching, "COMMIT_ROWS", 100)


# -- what comes in --------------------------------------------------------------------------------------------


def test_logs_become_a_ledger(tmp_path: Path, small_blocks: None) -> None:
    one, two = log(tmp_path / "a.jsonl", range(300)), log(tmp_path / "b.jsonl.gz", range(300, 500))
    report = sketch_logs([one, two], tmp_path / "out", SECRET, workers=1)
    assert (report.exchanges, report.added, report.accounts, report.rejected) == (500, 500, 50, 0)
    assert report.rejections == report.damage == ()
    assert len(rows(tmp_path / "out")) == 500


def test_the_number_of_workers_changes_nothing(tmp_path: Path, small_blocks: None) -> None:
    """Results are taken in order, so positions, names and rows are the same from one process or several."""
    source = log(tmp_path / "a.jsonl", range(500))
    alone = sketch_logs([source], tmp_path / "alone", SECRET, workers=1)
    together = sketch_logs([source], tmp_path / "together", SECRET, workers=3)
    assert alone == together
    assert rows(tmp_path / "alone").equals(rows(tmp_path / "together"))
    fingerprint = open_log(source).fingerprint
    places = [Ledger.open(tmp_path / out).input_progress(fingerprint) for out in ("alone", "together")]
    assert places[0] == places[1]


def test_accounts_can_be_shown_by_the_name_the_log_gave(tmp_path: Path) -> None:
    sketch_logs([log(tmp_path / "a.jsonl", range(60))], tmp_path / "out", SECRET, workers=1)
    names = NameTable.open(tmp_path / "out", SECRET)
    assert set(names.names("account").values()) == {f"user-{i}" for i in range(50)}
    assert set(names.names("organization").values()) == {f"org-{i}" for i in range(5)}
    stored = {b for batch in Ledger.open(tmp_path / "out").scan(["account"]) for b in batch.column(0).to_pylist()}
    assert set(names.names("account")) == stored


def test_exemplars_are_kept_only_where_they_are_asked_for(tmp_path: Path, small_blocks: None) -> None:
    """The same few exchanges of each account, from one process or several."""
    source = log(tmp_path / "a.jsonl", range(500))
    sketch_logs([source], tmp_path / "without", SECRET, workers=1)
    assert not any("reservoir" in path.name for path in (tmp_path / "without").iterdir())
    account = Pseudonymiser(SECRET, "account")("user-7")
    kept = []
    for workers in (1, 2):
        reservoir = Reservoir.open(tmp_path / f"r{workers}.sqlite", SECRET, per_account=2, retention_days=999)
        sketch_logs([source], tmp_path / f"with{workers}", SECRET, workers=workers, reservoir=reservoir)
        kept.append(reservoir.look(account, reader="test", reason="test", now_us=START_US))
    assert kept[0] == kept[1]
    assert len(kept[0]) == 2
    assert all(b"interesting" in exemplar.plaintext_json for exemplar in kept[0])


def test_progress_rises_to_the_end(tmp_path: Path, small_blocks: None) -> None:
    seen: list[tuple[float, int, int]] = []
    sources = [log(tmp_path / "a.jsonl", range(400)), log(tmp_path / "b.jsonl", range(400, 500), bad=(450,))]
    sketch_logs(sources, tmp_path / "out", SECRET, workers=1, progress=lambda *now: seen.append(now))
    shares = [share for share, _, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert seen[-1] == (1.0, 499, 1)


def test_work_is_committed_after_a_while_even_if_there_is_little(tmp_path: Path, small_blocks: None) -> None:
    """A slow log does not hold back what has been read of it."""
    ticks = iter(range(0, 10_000, 31))
    commits: list[str] = []
    sketch_logs(
        [log(tmp_path / "a.jsonl", range(80))],
        tmp_path / "out",
        SECRET,
        workers=1,
        clock=lambda: float(next(ticks)),
        checkpoint=commits.append,
    )
    assert commits.count("file written") == 2  # one for each block of forty rows


# -- again ----------------------------------------------------------------------------------------------------


def test_a_log_that_is_done_is_not_read_again(tmp_path: Path) -> None:
    source = log(tmp_path / "a.jsonl", range(200))
    first = sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    seen: list[tuple[float, int, int]] = []
    renamed = source.rename(tmp_path / "b.jsonl")
    again = sketch_logs([renamed], tmp_path / "out", SECRET, workers=1, progress=lambda *now: seen.append(now))
    assert seen == []
    assert (again.added, again.exchanges, again.duplicates) == (0, first.exchanges, 0)


def test_the_same_log_under_two_names_is_read_once(tmp_path: Path) -> None:
    sources = [log(tmp_path / name, range(200)) for name in ("a.jsonl", "b.jsonl")]
    report = sketch_logs(sources, tmp_path / "out", SECRET, workers=1)
    assert (report.exchanges, report.duplicates) == (200, 0)


def test_a_log_that_grew_is_read_from_its_start_and_not_doubled(tmp_path: Path) -> None:
    """Another fingerprint is another log; what both hold is dropped as duplicates."""
    source = log(tmp_path / "a.jsonl", range(200))
    sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    log(source, range(260))
    report = sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    assert (report.exchanges, report.added, report.duplicates) == (260, 60, 200)


def test_a_log_that_disappeared_leaves_what_was_read(tmp_path: Path) -> None:
    source = log(tmp_path / "a.jsonl", range(200))
    sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    source.unlink()
    with pytest.raises(InputError, match="does not exist"):
        sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    assert Ledger.open(tmp_path / "out").counts().exchanges == 200


def test_another_secret_is_refused(tmp_path: Path) -> None:
    source = log(tmp_path / "a.jsonl", range(20))
    sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    with pytest.raises(SketchMismatch):
        sketch_logs([source], tmp_path / "out", Secret(bytes(32)), workers=1)


def test_a_log_that_lost_exchanges_is_read_again(tmp_path: Path, small_blocks: None) -> None:
    """Damage is said in the report, mended from the log, and then forgotten."""
    source = log(tmp_path / "a.jsonl", range(500))
    sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    whole = rows(tmp_path / "out")
    torn = Ledger.open(tmp_path / "out").segment_paths()[0]
    torn.write_bytes(torn.read_bytes()[:100])
    mended = sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    assert "set aside" in mended.damage[0]
    assert "read again" in mended.damage[1]
    assert rows(tmp_path / "out").equals(whole)
    assert sketch_logs([source], tmp_path / "out", SECRET, workers=1).damage == ()


# -- killed ---------------------------------------------------------------------------------------------------

_RUN = """
import multiprocessing, os, signal, sys
from pathlib import Path
from stillwatch.errors import StillwatchError
from stillwatch.sketching import run as sketching
from stillwatch.pseudonym import Secret
if __name__ == "__main__":
    source, out, workers, left, what = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    sketching.BLOCK_ROWS, sketching.COMMIT_ROWS = 40, 100
    def count_down(*seen):
        global left
        left -= 1
        if left < 0:
            strike()
    def strike():
        children = [child.pid for child in multiprocessing.active_children()]
        print(*children, flush=True)
        if what == "worker":
            os.kill(children[0], signal.SIGKILL)
        elif what == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    secret = Secret(b"a secret for tests only, 32 bytes")
    try:
        sketching.sketch_logs([Path(source)], Path(out), secret, workers=workers, progress=count_down)
    except StillwatchError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "run.py"
    path.write_text(_RUN)
    return path


def run(
    program: Path, source: Path, out: Path, *, workers: int, left: int, what: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(program), str(source), str(out), str(workers), str(left), what]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


def gone(pid: int) -> bool:
    """Wait until a process that is not our child has ended; True if it has, within ten seconds."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], 10.0)[0])
    finally:
        os.close(watched)


def sketch_dying_at(point: int, source: Path, out: Path) -> None:
    """Sketch in a process of its own, which is killed when its n-th checkpoint is passed, counting from 0."""
    passed = itertools.count()

    def checkpoint(_: str) -> None:
        if next(passed) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sketching.BLOCK_ROWS, sketching.COMMIT_ROWS = 40, 100
    sketch_logs([source], out, SECRET, workers=1, checkpoint=checkpoint)


def test_the_checkpoints_of_the_run_are_those_tested_here(tmp_path: Path, small_blocks: None) -> None:
    points: list[str] = []
    source = log(tmp_path / "a.jsonl", range(ROWS))
    sketch_logs([source], tmp_path / "out", SECRET, workers=1, checkpoint=points.append)
    assert len(points) == POINTS


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_at_any_point_of_a_commit_it_goes_on(tmp_path: Path, undisturbed: Path, point: int) -> None:
    """Old state or new state, and from there to the end: the same ledger as without the kill."""
    source = log(tmp_path / "a.jsonl", range(ROWS))
    process = PROCESSES.Process(target=sketch_dying_at, args=(point, source, tmp_path / "out"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    goes_on(source, tmp_path / "out", undisturbed)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a run over the same log that nobody disturbed."""
    place = tmp_path_factory.mktemp("undisturbed")
    sketch_logs([log(place / "a.jsonl", range(ROWS))], place / "out", SECRET, workers=1)
    return place / "out"


def goes_on(source: Path, out: Path, undisturbed: Path) -> None:
    """Started again, the run ends with the ledger of a run that nobody disturbed."""
    report = sketch_logs([source], out, SECRET, workers=1)
    assert (report.exchanges, report.duplicates, report.accounts, report.damage) == (ROWS, 0, 50, ())
    assert rows(out).equals(rows(undisturbed))
    names = [NameTable.open(ledger, SECRET).names("account") for ledger in (out, undisturbed)]
    assert names[0] == names[1]


def test_a_killed_run_leaves_no_workers_behind_and_goes_on(tmp_path: Path, program: Path, undisturbed: Path) -> None:
    """SIGKILL gives no chance to tidy up: workers notice that their pipe has ended."""
    source = log(tmp_path / "a.jsonl", range(ROWS))
    done = run(program, source, tmp_path / "out", workers=2, left=4, what="run")
    assert done.returncode == -signal.SIGKILL, done.stderr
    workers = [int(pid) for pid in done.stdout.split()]
    assert len(workers) == 2
    assert all(gone(pid) for pid in workers)
    assert 0 < Ledger.open(tmp_path / "out").counts().exchanges < ROWS
    goes_on(source, tmp_path / "out", undisturbed)


def test_a_killed_worker_is_an_error_and_not_a_hang(tmp_path: Path, program: Path, undisturbed: Path) -> None:
    """Killed after the first block, each worker still has blocks to come."""
    source = log(tmp_path / "a.jsonl", range(ROWS))
    done = run(program, source, tmp_path / "out", workers=2, left=0, what="worker")
    assert done.returncode == WorkerDied.exit_code
    assert "a worker process died (exit code -9" in done.stderr
    assert "Run the same command again" in done.stderr
    goes_on(source, tmp_path / "out", undisturbed)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, program: Path, undisturbed: Path, workers: int) -> None:
    """Ctrl-C drops at most the batch in the works, and leaves no trace of workers on the terminal."""
    source = log(tmp_path / "a.jsonl", range(ROWS))
    done = run(program, source, tmp_path / "out", workers=workers, left=4, what="interrupt")
    assert done.returncode == Interrupted.exit_code
    assert "the ledger has 120 exchanges. Run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    goes_on(source, tmp_path / "out", undisturbed)


def test_a_full_disk_leaves_what_was_committed(
    tmp_path: Path, small_blocks: None, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = log(tmp_path / "a.jsonl", range(ROWS))

    room = iter([True, True, False])

    def write_file(*given: Any, **more: Any) -> None:
        if not next(room):
            raise OSError(errno.ENOSPC, "No space left on device")
        durable.write_file(*given, **more)

    with monkeypatch.context() as patch, pytest.raises(StorageFull, match="make room and run the same command again"):
        patch.setattr(segments, "write_file", write_file)
        sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    assert 0 < Ledger.open(tmp_path / "out").counts().exchanges < ROWS
    goes_on(source, tmp_path / "out", undisturbed)


# -- malformed ------------------------------------------------------------------------------------------------


def test_a_few_malformed_lines_are_counted_and_named(tmp_path: Path) -> None:
    """At most one in a hundred does not stop a run; each is in the report with line and reason."""
    source = log(tmp_path / "a.jsonl", range(300), bad=(4, 7, 200))
    report = sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    assert (report.exchanges, report.rejected) == (297, 3)
    assert [r.split(": ")[0] for r in report.rejections] == [f"{source}, line {n}" for n in (5, 8, 201)]


def test_too_many_malformed_lines_are_an_error_after_the_good_ones_are_kept(tmp_path: Path) -> None:
    """It names file, first line and reason, and again when the run is repeated; other logs are read all the same."""
    bad = log(tmp_path / "a.jsonl", range(200), bad=(9, 50, 60))
    good = log(tmp_path / "b.jsonl", range(200, 300))
    for _ in range(2):
        with pytest.raises(InputError, match=r"a\.jsonl: 3 of 200 rows are malformed, the first in line 10: "):
            sketch_logs([bad, good], tmp_path / "out", SECRET, workers=1)
        assert Ledger.open(tmp_path / "out").counts().exchanges == 297


def test_a_short_log_may_have_a_bad_line(tmp_path: Path) -> None:
    """Under a hundred rows one bad line is no share worth an error."""
    report = sketch_logs([log(tmp_path / "a.jsonl", range(50), bad=(9,))], tmp_path / "out", SECRET, workers=1)
    assert report.rejected == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_log_that_breaks_off_is_an_error_after_the_good_part_is_kept(tmp_path: Path, workers: int) -> None:
    broken = log(tmp_path / "a.jsonl.gz", range(2_000))
    broken.write_bytes(broken.read_bytes()[:-2_000])
    good = log(tmp_path / "b.jsonl", range(5_000, 5_100))
    with pytest.raises(InputError, match=r"a\.jsonl\.gz breaks off after line"):
        sketch_logs([broken, good], tmp_path / "out", SECRET, workers=workers)
    ledger = Ledger.open(tmp_path / "out")
    progress = ledger.input_progress(open_log(broken).fingerprint)
    assert progress is not None
    assert not progress.is_done
    assert ledger.counts().exchanges == progress.accepted + 100 > 1_000


def test_a_mended_log_completes_what_its_broken_copy_began(tmp_path: Path) -> None:
    source = log(tmp_path / "a.jsonl.gz", range(2_000))
    whole = source.read_bytes()
    source.write_bytes(whole[:-2_000])
    with pytest.raises(InputError):
        sketch_logs([source], tmp_path / "out", SECRET, workers=1)
    source.write_bytes(whole)
    assert sketch_logs([source], tmp_path / "out", SECRET, workers=1).exchanges == 2_000
