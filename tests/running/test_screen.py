"""What people see of a running deployment."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from stillwatch.decision.verdict import Step, Verdict
from stillwatch.running.screen import changes, page
from stillwatch.running.snapshot import Part, Snapshot

MADE_US = 1_788_000_000_000_000
ACCOUNTS = tuple(f"acct-{number}" for number in range(32))
REASONS = (
    "they repeat one skeleton",
    "they divide one pool",
    "they share cards",
    "and more",
    "at most 1 % in the mean",
)
GIVEN = Verdict("V-1", Step.DEGRADE, ACCOUNTS, REASONS, "tracer", MADE_US, MADE_US + 86_400_000_000, "C-7")
RECENT = {"sent": 151, "answered": 154, "limited": 0, "delayed": 0, "wanted_reasoning": 19, "without_reasoning": 3}
CLASSES = {"tool_users": {"accounts": 80, "total": {}, "recent": RECENT | {"seconds_median": 0.52}}}
SEEN = Snapshot("127.0.0.1:8080", [Part("gateway", True, 0)], [], {}, {}, Path("/var/journal.jsonl"))


def shown(seen: Snapshot, width: int = 200) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(page(seen, "for a test"))
    return console.export_text()


def test_without_a_verdict_the_page_says_so() -> None:
    assert "Nobody is treated otherwise" in shown(SEEN)
    assert "looks for the first time" in shown(SEEN)


def test_a_verdict_comes_with_its_reasons_its_error_rate_its_end_and_how_it_is_undone() -> None:
    text = shown(replace(SEEN, verdicts=[GIVEN]))
    assert "degrade 32 accounts of campaign C-7, until 2026-08-30" in text
    assert all(reason in text for reason in (*REASONS[:3], REASONS[-1]))
    assert "stillwatch verdict lift V-1 --reason ... --journal /var/journal.jsonl" in text


def test_many_verdicts_do_not_push_the_page_away() -> None:
    verdicts = [replace(GIVEN, id=f"V-{number}") for number in range(9)]
    assert "and 5 more: stillwatch verdict list" in shown(replace(SEEN, verdicts=verdicts))


def test_a_population_shows_how_each_class_fares() -> None:
    text = shown(replace(SEEN, population={"classes": CLASSES, "campaign_in_seconds": 4.2}))
    assert "the campaign begins in 4 s" in text
    (row,) = [line for line in text.splitlines() if "tool users" in line]
    assert row.split() == ["tool", "users", "80", "151", "154", "0", "0", "3", "of", "19", "0.52", "s"]


def test_the_tracer_says_what_stands_in_its_way() -> None:
    assert "no ledger yet" in shown(replace(SEEN, tracer={"looks": 0, "waiting": "no ledger yet", "problem": ""}))
    told = shown(replace(SEEN, tracer={"looks": 1, "exchanges": 17_187, "last_look_seconds": 24.9}))
    assert "1 look at 17,187 exchanges, the last took 25 s" in told


def test_a_process_that_died_is_red_and_counted() -> None:
    assert "tracer (started again 2 x)" in shown(replace(SEEN, parts=[Part("tracer", False, 2)]))


def test_elsewhere_than_on_a_terminal_each_change_is_a_sentence() -> None:
    given = replace(SEEN, verdicts=[GIVEN])
    assert list(changes(None, SEEN)) == []
    (said,) = changes(SEEN, given)
    assert said.startswith("Verdict V-1: degrade for 32 accounts of campaign C-7 until 2026-08-30")
    assert list(changes(given, given)) == []
    assert list(changes(given, SEEN)) == ["Verdict V-1 is no longer in force."]
    died = replace(SEEN, parts=[Part("gateway", True, 1)])
    assert list(changes(SEEN, died)) == ["The gateway died and was started again."]
