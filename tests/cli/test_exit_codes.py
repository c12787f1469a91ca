"""Exit codes are those of docs/commands.md, and --json is one document on stdout and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Stillwatch
from .logs import good, log, row, sweep


def test_a_hunt_that_finds_nothing_ends_with_0(hunt: Stillwatch, home: Path) -> None:
    done = hunt(good(home / "log.jsonl"))
    assert (done.code, done.err) == (0, "")
    assert "300 exchanges of 20 accounts" in done.out
    assert "No campaign was found." in done.out


def test_json_is_one_document_on_stdout(hunt: Stillwatch, home: Path) -> None:
    done = hunt(good(home / "log.jsonl"), "--json")
    told = json.loads(done.out)
    assert [said.split(":")[0] for said in told.pop("not_seen")] == [
        "Most exchanges have no response",
        "Most exchanges have no headers",
        "Most exchanges have no network address",
    ]
    assert told == {
        "exchanges": 300,
        "accounts": 20,
        "rejected": 0,
        "campaigns": 0,
        "watched": 0,
        "to_act_on": 0,
        "rule_hits": 0,
        "drift": [],
        "findings": "out/findings.json",
        "report": "out/report.html",
    }
    assert done.err == ""


def test_findings_named_by_fail_on_end_with_1(hunt: Stillwatch, home: Path) -> None:
    source = log(home / "log.jsonl", [*(row(i) for i in range(60)), sweep(60)])
    assert hunt(source).code == 0
    assert hunt(source, "--fail-on", "campaign", "--fail-on", "watch").code == 0
    done = hunt(source, "--fail-on", "rule")
    assert done.code == 1
    assert "1 account sent requests of a form that needs no statistics" in done.out


WRONG_USAGE = {
    "alpha above 1": ["--alpha", "2"],
    "alpha 0": ["--alpha", "0"],
    "alpha not a number": ["--alpha", "nan"],
    "alpha no number at all": ["--alpha", "much"],
    "engine that we do not run on": ["--engine", "spark://cluster"],
    "engine that cannot be opened": ["--engine", "duckdb:////nowhere/at.all"],
    "unknown option": ["--no-such-option"],
    "unknown finding": ["--fail-on", "anything"],
    "no workers": ["--workers", "0"],
}


@pytest.mark.parametrize("options", WRONG_USAGE.values(), ids=WRONG_USAGE)
def test_what_cannot_mean_anything_ends_with_2_before_any_work(
    hunt: Stillwatch, home: Path, options: list[str]
) -> None:
    """Known before hours of sketching, and nothing is left behind."""
    done = hunt(good(home / "log.jsonl"), "--json", *options)
    assert (done.code, done.out) == (2, "")
    assert done.err
    assert not (home / "out").exists()


def test_an_engine_with_a_password_does_not_have_it_repeated(hunt: Stillwatch, home: Path) -> None:
    done = hunt(good(home / "log.jsonl"), "--engine", "clickhouse://reader:hunter2@host")
    assert done.code == 2
    assert "hunter2" not in done.err


def test_a_missing_argument_ends_with_2(stillwatch: Stillwatch) -> None:
    assert stillwatch("hunt", "--out", "out").code == 2
    assert stillwatch("hunt", "log.jsonl").code == 2
    assert stillwatch("no-such-command").code == 2


def test_a_log_that_is_hunted_and_called_benign_is_refused(hunt: Stillwatch, home: Path) -> None:
    """Every campaign in it would count as a common tool, and be let go without a word."""
    source = good(home / "log.jsonl")
    done = hunt(source, "--calibrate", log(home / "same-rows-other-name.jsonl", [row(i) for i in range(300)]))
    assert done.code == 2
    assert "hunted and called benign at once" in done.err


COMMANDS = [[], ["hunt"], ["sketch"], ["exemplars"], ["secret"], ["secret", "new"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "stillwatch")
def test_every_command_explains_itself(stillwatch: Stillwatch, command: list[str]) -> None:
    done = stillwatch(*command, "--help")
    assert (done.code, done.err) == (0, "")
    assert "Usage:" in done.out


@pytest.mark.parametrize("command", [["hunt"], ["sketch"], ["exemplars"], ["secret", "new"]], ids=" ".join)
def test_every_command_shows_an_example(stillwatch: Stillwatch, command: list[str]) -> None:
    assert f"Example: stillwatch {' '.join(command)}" in stillwatch(*command, "--help").out
