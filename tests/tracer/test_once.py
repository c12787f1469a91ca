"""One look by the real command line: its verdicts are what `stillwatch hunt --state` says, and given once."""

from __future__ import annotations

import json

import pytest

from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal, verify

from .place import ALPHA, RING, Place, register_in


def test_whom_evidence_supports_action_on_has_a_verdict_with_its_reasons(place: Place) -> None:
    done = place.once()
    assert (done.returncode, done.stderr) == (0, "")
    look = json.loads(done.stdout.splitlines()[1])
    assert (look["campaigns"], look["acted_on"], look["accounts_acted_on"]) == (1, 1, len(RING))
    (entry,) = place.entries()
    assert entry.kind == "verdict given"
    assert frozenset(entry.body["accounts"]) == RING
    assert (entry.body["step"], entry.body["by"]) == ("degrade", "tracer")
    assert entry.body["expires_us"] - entry.body["made_us"] == 7 * 86_400_000_000
    assert any("repeat the same skeleton" in reason for reason in entry.body["reasons"])
    assert entry.body["reasons"][-1].startswith("Of the campaigns ever acted on by this rule, at most 50 % in the")
    assert place.register().found == 1


@pytest.mark.long
def test_the_register_and_the_decision_are_those_of_a_hunt_that_remembers(place: Place) -> None:
    """Same code, same features: two ways to take the first look of a register leave the same register."""
    place.once()
    options = ("--calibrate", place.benign, "--out", "out", "--alpha", str(ALPHA), "--json")
    hunted = place.home.run("hunt", place.ledger, "--state", "hunted", *options)
    assert (hunted.returncode, hunted.stderr) == (0, "")
    assert register_in(place.home.folder / "hunted") == place.register()
    findings = json.loads((place.home.folder / "out" / "findings.json").read_text())
    acted = {account["account"] for account in findings["accounts"] if account["verdict"] == "act"}
    assert acted == set(place.entries()[0].body["accounts"])


@pytest.mark.long
def test_another_look_at_the_same_ledger_writes_nothing(place: Place) -> None:
    place.once()
    before = place.journal.read_bytes()
    assert place.once().returncode == 0
    assert place.journal.read_bytes() == before


def test_without_a_benign_ledger_nobody_is_acted_on_and_the_policy_says_what_becomes_of_those_shown(
    place: Place,
) -> None:
    showing = place.showing()
    done = showing.once()
    assert (done.returncode, done.stderr) == (0, "")
    (entry,) = showing.entries()
    assert entry.body["id"].endswith(".shown.1")
    assert (entry.body["step"], frozenset(entry.body["accounts"])) == ("delay", RING)


@pytest.mark.long
def test_a_verdict_that_a_person_lifts_is_not_given_again_until_a_person_takes_the_hold_away(place: Place) -> None:
    place.once()
    id, campaign = place.entries()[0].body["id"], place.entries()[0].body["campaign"]
    lifted = place.home.run("verdict", "lift", id, "--reason", "a course", "--by", "ada", "--journal", place.journal)
    assert lifted.returncode == 0
    place.once()
    assert len(place.entries()) == 2
    some = sorted(RING)[:3]
    why = ("--reason", "three of them are none", "--by", "ada", "--days", "1")
    place.home.run("verdict", "give", *some, *why, "--campaign", campaign, "--journal", place.journal)
    place.once()
    last = place.entries()[-1].body
    assert (last["id"], last["accounts"], last["by"]) == (f"T-{campaign}.acted.2", some, "tracer")


@pytest.mark.long
def test_the_journal_stays_whole_and_the_status_says_what_was_done(place: Place) -> None:
    place.once()
    assert verify(place.journal)[0] == 1
    status = place.status()
    (campaign,) = status["campaigns"]
    assert (status["looks"], status["problem"], status["joined"]) == (1, "", 0)
    assert (campaign["accounts"], campaign["acted_on"], campaign["step"]) == (len(RING), len(RING), "degrade")
    assert len(campaign["evidence"]) == 2
    docket = Docket(Journal(place.journal))
    docket.follow()
    assert docket.table(status["updated_us"]).standing(min(RING), status["updated_us"]) is not None
    assert not any(account in (place.state / "status.json").read_text() for account in RING)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--alpha", "2"), "a rate between 0 and 1"),
        (("--calibrate", "ledger"), "traced and called benign at once"),
        (("--policy", "policy.toml"), "the policy policy.toml is not one"),
    ],
)
def test_what_cannot_be_meant_is_refused(place: Place, options: tuple[str, ...], said: str) -> None:
    (place.home.folder / "policy.toml").write_text('[tracer]\nact = "shout"\n')
    done = place.once(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.long
def test_another_rate_than_the_state_was_begun_with_is_refused(place: Place) -> None:
    place.once()
    done = place.once("--alpha", "0.01")
    assert done.returncode == 2
    assert "begun with --alpha 0.5" in done.stderr
