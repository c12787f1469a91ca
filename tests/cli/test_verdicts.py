"""Verdicts on the command line: given with a reason and an end, listed, adopted from a hunt, lifted, on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Stillwatch

ACT = {"account": "a1", "verdict": "act", "campaign": "C-1"}
FINDINGS = {
    "schema": "stillwatch.findings/1",
    "campaigns": [
        {"id": "C-1", "evidence": [{"statement": "12 accounts repeat one skeleton"}]},
        {"id": "C-2", "evidence": [{"statement": "shown for review"}]},
    ],
    "accounts": [ACT, ACT | {"account": "a2", "verdict": "watch"}, ACT | {"account": "b1", "verdict": "watch"}],
}


@pytest.fixture(autouse=True)
def journal(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.delenv("STILLWATCH_JOURNAL", raising=False)
    return home / "state" / "stillwatch" / "journal.jsonl"


def listed(stillwatch: Stillwatch) -> list[dict[str, object]]:
    return json.loads(stillwatch("verdict", "list", "--json").out)["verdicts"]


def test_a_verdict_is_given_listed_and_lifted_and_all_of_it_is_on_record(stillwatch, journal):
    given = stillwatch("verdict", "give", "a1", "a2", "--step", "deny", "--reason", "ring C-1", "--by", "j.doe")
    assert given.code == 0
    (verdict,) = listed(stillwatch)
    assert (verdict["step"], verdict["accounts"], verdict["reasons"]) == ("deny", ["a1", "a2"], ["ring C-1"])
    assert "given by j.doe" in stillwatch("verdict", "list").out
    assert stillwatch("verdict", "lift", verdict["id"], "--reason", "a reseller").code == 0
    assert listed(stillwatch) == []
    assert "a reseller" in stillwatch("journal", "show").out
    verified = json.loads(stillwatch("journal", "verify", "--json").out)
    assert verified["entries"] == 2
    assert stillwatch("journal", "verify", "--head", verified["head"]).code == 0


def test_a_hunt_gives_verdicts_only_on_whom_its_evidence_supports_action(stillwatch, home):
    (home / "findings.json").write_text(json.dumps(FINDINGS))
    assert stillwatch("verdict", "adopt", home / "findings.json").code == 0
    (verdict,) = listed(stillwatch)
    assert (verdict["accounts"], verdict["campaign"], verdict["step"]) == (["a1"], "C-1", "degrade")
    assert verdict["reasons"] == ["12 accounts repeat one skeleton"]


def test_a_hunt_that_supports_no_action_gives_none(stillwatch, home):
    (home / "findings.json").write_text(json.dumps(FINDINGS | {"accounts": []}))
    assert "supports action on nobody" in stillwatch("verdict", "adopt", home / "findings.json").out
    assert listed(stillwatch) == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("give", "a1", "--reason", "r", "--step", "ban"), 2, "'ban' is no step"),
        (("give", "a1", "--reason", " "), 2, "gives no reason"),
        (("give", "a1", "--reason", "r", "--days", "91"), 2, "90"),
        (("give", "a1"), 2, "--reason"),
        (("lift", "V-0", "--reason", "r"), 2, "no verdict V-0 is in force"),
        (("adopt", "nowhere.json"), 3, "nowhere.json"),
    ],
)
def test_what_cannot_be_meant_changes_nothing_and_says_why(stillwatch, journal, arguments, code, says):
    done = stillwatch("verdict", *arguments)
    assert done.code == code
    assert says in done.err
    assert not journal.exists() or journal.stat().st_size == 0


def test_findings_of_something_else_are_refused(stillwatch, home):
    (home / "other.json").write_text('{"schema": "other", "campaigns": [], "accounts": []}')
    assert "of other" in stillwatch("verdict", "adopt", home / "other.json").err
    (home / "other.json").write_text("[]")
    assert stillwatch("verdict", "adopt", home / "other.json").code == 3


def test_a_journal_that_was_altered_is_found_and_gives_3(stillwatch, journal):
    stillwatch("verdict", "give", "a1", "--reason", "r")
    journal.write_bytes(journal.read_bytes().replace(b'"a1"', b'"a2"'))
    done = stillwatch("journal", "verify")
    assert done.code == 3
    assert "entry 1 is not what was written" in done.err
