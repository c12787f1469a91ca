"""What a hunt's findings become passes every rule; each rule stops what it is for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.pseudonym import Secret
from stillwatch.sharing.governance.approval import Signer, approve
from stillwatch.sharing.governance.basis import Basis, Grounds
from stillwatch.sharing.governance.expiry import LONGEST_DAYS
from stillwatch.sharing.governance.rules import Rules
from stillwatch.sharing.stix.from_findings import Telling, objects_of, read_findings
from stillwatch.sharing.stix.vocabulary import Nexus

TODAY = date(2026, 11, 21)
NOW_US = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()) * 1_000_000
KEYS = {name: Ed25519PrivateKey.generate() for name in ("ana", "ben")}
ACT = Basis(title="An act", since=date(2026, 1, 1), until=date(2027, 1, 1), classes=frozenset(LONGEST_DAYS))
RULES = Rules(
    Grounds(basis={"act": ACT}),
    {name: Signer(name, "security", key.public_key().public_bytes_raw()) for name, key in KEYS.items()},
    ("Contoso",),
)
FINDINGS: dict[str, Any] = {
    "schema": "stillwatch.findings/1",
    "alpha": 0.01,
    "campaigns": [
        {
            "id": "campaign-1",
            "exchanges": 48_210,
            "first_us": NOW_US - 9 * 86_400 * 10**6,
            "last_us": NOW_US,
            "log_e": 7.2,
            "verdict": "campaign",
            "objective": "rubric grading",
            "evidence": [{"family": "template"}, {"family": "timing"}, {"family": "infrastructure"}],
        }
    ],
}


@pytest.fixture
def told() -> list[dict[str, Any]]:
    """Everything that is told of the campaign, as JSON."""
    telling = Telling(
        member="member-02",
        secret=Secret(b"a secret for tests only, 32 bytes"),
        nexus=(Nexus.FRAUD,),
        legal_basis="act",
        legal_basis_date=date(2026, 11, 1),
        contest_url="https://provider.example/contest",
        signature="00ff" * 32,
    )
    found = objects_of(read_findings(msgspec.json.encode(FINDINGS)), "campaign-1", telling, NOW_US)
    return [msgspec.to_builtins(one) for one in found]


def of(told: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(one for one in told if one["type"] == kind)


def extraction(document: dict[str, Any]) -> dict[str, Any]:
    return next(iter(document["extensions"].values()))


def test_what_a_hunt_found_may_be_told(told: list[dict[str, Any]]) -> None:
    approvals = [approve(told, "tracer", name, "security", key) for name, key in KEYS.items()]
    for document in told:
        assert RULES.objection(document, TODAY) is None
        assert RULES.unapproved(document, approvals) is None
        assert RULES.violations(document) == []


def test_without_two_people_no_claim_leaves(told: list[dict[str, Any]]) -> None:
    """Who and what is spoken of has no approval; every claim has."""
    unapproved = {one["type"] for one in told if RULES.unapproved(one, [])}
    assert unapproved == {"campaign", "indicator", "relationship", "report"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"x_price": 3}, "not of the vocabulary"),
        ({"extensions": {}}, "not of the vocabulary"),
        ({"confidence": 70}, "not of the vocabulary"),
        ({"object_marking_refs": []}, "not of the vocabulary"),
    ],
)
def test_what_is_not_of_the_vocabulary_is_refused(told: list[dict[str, Any]], change: dict[str, Any], why: str) -> None:
    assert why in (RULES.objection({**of(told, "campaign"), **change}, TODAY) or "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"nexus": []}, "not of the vocabulary"),
        ({"nexus": ["terms-of-service"]}, "not of the vocabulary"),
        ({"legal_basis": "hope"}, "no legal basis"),
        ({"legal_basis_date": "2025-12-31"}, "not between"),
        ({"retention_until": "2029-01-01T00:00:00Z"}, "at most 365 days"),
    ],
)
def test_ground_and_end_are_looked_at(told: list[dict[str, Any]], said: dict[str, Any], why: str) -> None:
    campaign = of(told, "campaign")
    extraction(campaign).update(said)
    assert why in (RULES.objection(campaign, TODAY) or "")


def test_a_basis_that_lapses_stops_everything_on_it_the_next_day(told: list[dict[str, Any]]) -> None:
    last = date(2027, 1, 1)
    assert RULES.objection(of(told, "report"), last) is None
    assert "in force" in (RULES.objection(of(told, "report"), last + timedelta(days=1)) or "")


@pytest.mark.parametrize(
    "sentence", ["Please block them everywhere.", "Contoso saw it as well.", "They pay $40 a month."]
)
def test_sentences_are_read_wherever_they_stand(told: list[dict[str, Any]], sentence: str) -> None:
    campaign = of(told, "campaign")
    for place in ("name", "description", "objective"):
        (violation, *_) = RULES.violations({**campaign, place: sentence})
        assert violation.where == place
        assert sentence not in str(violation)


def test_withdrawing_waits_for_nobody(told: list[dict[str, Any]]) -> None:
    assert RULES.unapproved({**of(told, "campaign"), "revoked": True}, []) is None
