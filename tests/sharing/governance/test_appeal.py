"""An appeal that one member upheld reaches those who acted on the claim, and nobody else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stillwatch.sharing.governance.appeal import UPHELD, Alliance, Review
from stillwatch.sharing.governance.lint import lint
from stillwatch.sharing.governance.rules import needs_approval
from stillwatch.sharing.stix.bundle import read_object
from stillwatch.sharing.stix.identifiers import agreed
from tests.sharing.stix.told import MEMBER, one_of_each, told

US = agreed("identity", "member-02")
BEFORE, LATER = "2026-11-20T12:00:00.000000Z", "2026-11-22T12:00:00.000000Z"
TOLD = [msgspec.to_builtins(one) for one in told()]
CAMPAIGN = next(one for one in TOLD if one["type"] == "campaign")
INDICATORS = [one for one in TOLD if one["type"] == "indicator"]
OPINION = next(one for one in map(msgspec.to_builtins, one_of_each()) if one["type"] == "opinion")
ACTED = {CAMPAIGN["id"]: ["seen here"], INDICATORS[0]["id"]: ["C-1", "C-2"]}


def upheld(id: str, modified: str = LATER, by: str = "member-03", **more: Any) -> dict[str, Any]:
    said = {"object_refs": [id], "explanation": UPHELD, "created_by_ref": agreed("identity", by), "modified": modified}
    return {**OPINION, "created": BEFORE, "opinion": "strongly-disagree", **said, **more}


def reviews(*changed: dict[str, Any], suspended: frozenset[str] = frozenset()) -> list[Review]:
    return Alliance([*TOLD, *changed]).reviews(ACTED, suspended, US)


def test_the_sentence_goes_out_at_once_and_another_does_not() -> None:
    """It breaks no rule; one letter more is somebody's own sentence, which two people approve."""
    assert lint({"explanation": UPHELD}) == []
    assert not needs_approval(read_object(upheld(CAMPAIGN["id"])))
    assert needs_approval(read_object(upheld(CAMPAIGN["id"], explanation=f"{UPHELD} Twice.")))


def test_with_a_campaign_go_its_indicators() -> None:
    alliance = Alliance(TOLD)
    assert {one["id"] for one in alliance.concerned(CAMPAIGN["id"])} == {one["id"] for one in (CAMPAIGN, *INDICATORS)}
    assert alliance.concerned(INDICATORS[0]["id"]) == [INDICATORS[0]]
    assert alliance.concerned(TOLD[0]["id"]) == alliance.concerned("campaign--none") == []


def test_another_member_cannot_tie_its_indicator_to_a_campaign() -> None:
    """Else an appeal against the one would dispute the other."""
    foreign = {**INDICATORS[0], "created_by_ref": agreed("identity", "member-03")}
    found = Alliance([*TOLD, foreign]).concerned(CAMPAIGN["id"])
    assert foreign["id"] not in [one["id"] for one in found]


def test_who_acted_on_it_or_on_what_rests_on_it_looks_again() -> None:
    """An appeal against the campaign concerns its indicators, one against an indicator that alone."""
    assert [one.id for one in reviews(upheld(CAMPAIGN["id"]))] == sorted(ACTED)
    (alone,) = reviews(upheld(INDICATORS[0]["id"]))
    assert (alone.own, alone.why) == (("C-1", "C-2"), "another member upheld an objection to it")
    assert reviews(upheld(INDICATORS[1]["id"])) == []


@pytest.mark.parametrize(
    "one",
    [
        upheld(CAMPAIGN["id"], modified=BEFORE),
        upheld(CAMPAIGN["id"], by="member-02"),
        upheld(CAMPAIGN["id"], explanation="Something else."),
        upheld("campaign--11111111-1111-4111-8111-111111111111"),
    ],
    ids=["of an older version", "our own", "an ordinary opinion", "of nothing here"],
)
def test_other_words_ask_for_nothing(one: dict[str, Any]) -> None:
    assert reviews(one) == []


def test_a_withdrawal_and_a_suspension_do_too_and_the_gravest_is_said() -> None:
    withdrawn = {**CAMPAIGN, "revoked": True, "modified": LATER}
    found = reviews(withdrawn, upheld(CAMPAIGN["id"]), suspended=frozenset({CAMPAIGN["id"]}))
    assert {one.why for one in found} == {"its author withdrew it"}
    (suspended,) = reviews(suspended=frozenset({INDICATORS[0]["id"]}))
    assert "suspended" in suspended.why
    assert CAMPAIGN["created_by_ref"] == MEMBER
