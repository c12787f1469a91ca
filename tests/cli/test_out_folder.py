"""The folder of --out: made, resumed, never mixed, never shared by two hunts, and never read as a log."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from stillwatch.ledger.lock import WriterLock

from .conftest import Stillwatch
from .logs import good, lines, log, row


def findings(home: Path, out: str = "out") -> bytes:
    return (home / out / "findings.json").read_bytes()


def test_a_second_hunt_goes_on_from_the_first_and_finds_the_same(hunt: Stillwatch, home: Path) -> None:
    source = good(home / "log.jsonl")
    first = hunt(source, "--json").out, findings(home)
    segments = {path: path.stat().st_mtime_ns for path in (home / "out").rglob("*.parquet")}
    assert (hunt(source, "--json").out, findings(home)) == first
    assert {path: path.stat().st_mtime_ns for path in (home / "out").rglob("*.parquet")} == segments


def test_other_logs_in_the_same_folder_never_mix(hunt: Stillwatch, home: Path) -> None:
    one, two = good(home / "one.jsonl", 100), log(home / "two.jsonl", [row(i) for i in range(500, 540)])
    assert json.loads(hunt(one, "--json").out)["exchanges"] == 100
    assert json.loads(hunt(two, "--json").out)["exchanges"] == 40
    assert json.loads(hunt(one, two, "--json").out)["exchanges"] == 140
    assert json.loads(hunt(one, "--json").out)["exchanges"] == 100


def test_two_standard_inputs_never_mix(hunt: Stillwatch, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe has no name by which it could be told from the last one."""
    for rows, exchanges in (([row(i) for i in range(100)], 100), ([row(i) for i in range(500, 540)], 40)):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines(rows))))
        assert json.loads(hunt("-", "--json").out)["exchanges"] == exchanges


def test_a_log_called_benign_is_kept_apart(hunt: Stillwatch, home: Path) -> None:
    one, two = good(home / "one.jsonl", 100), log(home / "two.jsonl", [row(i) for i in range(500, 540)])
    assert json.loads(hunt(one, "--calibrate", two, "--json").out)["exchanges"] == 100
    assert json.loads(hunt(two, "--calibrate", one, "--json").out)["exchanges"] == 40


def test_a_folder_of_logs_that_holds_the_output_is_hunted_without_it(hunt: Stillwatch, home: Path) -> None:
    """`hunt . --out ./out`, twice: sketches and findings of the first are no logs of the second."""
    good(home / "logs" / "log.jsonl", 100)
    for _ in range(2):
        done = hunt(home / "logs", "--out", home / "logs" / "out", "--json")
        assert (done.code, json.loads(done.out)["exchanges"], json.loads(done.out)["rejected"]) == (0, 100, 0)


def test_a_ledger_is_hunted_as_it_is(hunt: Stillwatch, stillwatch: Stillwatch, home: Path) -> None:
    """With the same findings as its logs, and nothing written into it."""
    source = good(home / "log.jsonl")
    stillwatch("sketch", source, "--out", "ledger", "--workers", "1")
    before = sorted((home / "ledger").rglob("*"))
    hunt(source)
    assert hunt("ledger", "--out", "of-ledger").code == 0
    assert findings(home, "of-ledger") == findings(home)
    assert sorted((home / "ledger").rglob("*")) == before


def test_a_ledger_beside_a_log_is_refused(hunt: Stillwatch, stillwatch: Stillwatch, home: Path) -> None:
    source = good(home / "log.jsonl", 30)
    stillwatch("sketch", source, "--out", "ledger", "--workers", "1")
    done = hunt("ledger", source)
    assert done.code == 3
    assert "Name one ledger, or only logs" in done.err


def test_a_hunt_at_work_keeps_another_out_of_its_folder(hunt: Stillwatch, home: Path) -> None:
    source = good(home / "log.jsonl", 30)
    hunt(source)
    with WriterLock(home / "out"):
        done = hunt(source)
        assert done.code == 3
        assert "another hunt is writing into out" in done.err
    assert hunt(source).code == 0


OBSTACLES = {
    "a file": "file",
    "below a file": "file/out",
    "where nobody may write": "/proc/self",
    "nowhere": "/proc/no/where",
}


@pytest.mark.parametrize("out", OBSTACLES.values(), ids=OBSTACLES)
@pytest.mark.parametrize("command", ["hunt", "sketch"])
def test_an_output_that_cannot_be_written_is_a_sentence(
    stillwatch: Stillwatch, home: Path, command: str, out: str
) -> None:
    (home / "file").write_text("mine")
    done = stillwatch(command, good(home / "log.jsonl", 30), "--out", out, "--workers", "1")
    assert done.code in (2, 3)
    assert out.split("/")[1 if out.startswith("/") else 0] in done.err
    assert "Traceback" not in done.err
    assert (home / "file").read_text() == "mine"


def test_exemplars_are_shown_for_as_long_as_they_were_to_be_kept(stillwatch: Stillwatch, home: Path) -> None:
    """Which the ledger knows: a second run and a look name no retention."""
    long_ago_us = time.time_ns() // 1000 - 20 * 86_400_000_000
    log(home / "log.jsonl", [row(i, ts_us=long_ago_us) for i in range(60)])
    keep = ("sketch", "log.jsonl", "--out", "ledger", "--exemplars", "2", "--workers", "1")
    stillwatch(*keep, "--retention-days", "30")
    assert stillwatch(*keep).code == 0
    shown = stillwatch("exemplars", "ledger", "user-3", "--reader", "j.doe", "--reason", "case 12")
    assert len(shown.out.splitlines()) == 2


def test_exemplars_are_shown_to_who_says_who_and_why(stillwatch: Stillwatch, home: Path) -> None:
    """And each look is for one account that was kept."""
    now_us = time.time_ns() // 1000  # exemplars expire
    log(home / "log.jsonl", [row(i, ts_us=now_us) for i in range(60)])
    assert stillwatch("sketch", "log.jsonl", "--out", "ledger", "--exemplars", "2", "--workers", "1").code == 0
    shown = stillwatch("exemplars", "ledger/", "user-3", "--reader", "j.doe", "--reason", "case 12")
    assert shown.code == 0
    assert len(shown.out.splitlines()) == 2
    assert stillwatch("exemplars", "ledger", "user-3", "--reader", "j.doe").code == 2
    assert "no exemplar is kept" in stillwatch("exemplars", "ledger", "nobody", "--reader", "j", "--reason", "r").err
    assert stillwatch("exemplars", "elsewhere", "user-3", "--reader", "j", "--reason", "r").code == 3
