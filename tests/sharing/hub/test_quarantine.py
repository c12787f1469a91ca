"""What a collection's own rules hold back: no member sees it, and its status says so until a person has decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import UsageError
from stillwatch.sharing.hub.admission import Answer, Decision
from stillwatch.sharing.hub.members import Member
from tests.sharing.hub.trying import MANIFEST, NOW_US, OBJECTS, ROOT, Hub, collection, indicator, seed


class ByName:
    """Decides by what an object is called."""

    def decide(self, stored: bytes, contributor: Member) -> Decision:
        """Odd things happen to odd names."""
        if b'"name":"indicator 1"' in stored:
            return Decision(Answer.QUARANTINE, "a person has to look")
        if b'"name":"indicator 2"' in stored:
            return Decision(Answer.REJECT, f"not from {contributor.name}")
        return Decision(Answer.ACCEPT)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub whose only collection has such rules."""
    return Hub(tmp_path, seed(collection(profile="strict")), admissions={"strict": ByName()})


def test_what_is_held_is_pending_and_seen_by_nobody(hub: Hub) -> None:
    """Accepted, held and rejected in one post; the contributor sees no more than the others."""
    status = hub.member("alice").post(OBJECTS, *map(indicator, (1, 2, 3))).json()
    assert (status["status"], status["total_count"]) == ("pending", 3)
    assert (status["success_count"], status["failure_count"], status["pending_count"]) == (1, 1, 1)
    assert status["failures"][0]["message"] == "not from alice"
    assert status["pendings"][0]["message"] == "a person has to look"
    assert [hub.member(name).ids(MANIFEST) for name in ("alice", "bob")] == [[indicator(3)["id"]]] * 2


def test_what_is_released_is_there_and_its_status_complete(hub: Hub) -> None:
    """Pollers get it as what was added last."""
    alice = hub.member("alice")
    id = alice.post(OBJECTS, *map(indicator, (1, 3))).json()["id"]
    held = hub.store.held()
    assert [(one.contributor, one.id, one.reason) for one in held] == [
        ("alice", indicator(1)["id"], "a person has to look")
    ]
    assert b'"name":"indicator 1"' in hub.store.held_body(held[0].number)
    hub.store.release(held[0].number, NOW_US)
    assert hub.member("bob").ids() == [indicator(3)["id"], indicator(1)["id"]]
    status = alice.get(f"/alliance/status/{id}/").json()
    assert (status["status"], status["success_count"], status["pending_count"]) == ("complete", 2, 0)
    assert hub.store.held() == []
    with pytest.raises(UsageError, match="nothing is held"):
        hub.store.release(held[0].number, NOW_US)


def test_what_is_refused_is_a_failure_with_its_reason(hub: Hub) -> None:
    """And gone."""
    alice = hub.member("alice")
    id = alice.post(OBJECTS, indicator(1)).json()["id"]
    hub.store.refuse(hub.store.held()[0].number, "names a customer")
    status = alice.get(f"/alliance/status/{id}/").json()
    assert (status["status"], status["failure_count"]) == ("complete", 1)
    assert status["failures"][0]["message"] == "names a customer"
    assert alice.ids() == []


def test_a_profile_without_rules_is_not_written_to(tmp_path: Path) -> None:
    """Closed, not open: a hub that lacks the rules of a collection takes nothing for it, and serves what is there."""
    hub = Hub(tmp_path, seed(collection(profile="extraction", objects=[indicator(1)])))
    assert hub.member("alice").post(OBJECTS, indicator(2)).status_code == 403
    assert hub.member("alice").get(ROOT).status_code == 200
    assert hub.member("alice").ids() == [indicator(1)["id"]]
