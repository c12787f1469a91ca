"""Adding objects (TAXII 2.1, 5.5) and their status (4.3)."""

from __future__ import annotations

import json

from tests.sharing.hub.clauses import clause
from tests.sharing.hub.trying import MANIFEST, OBJECTS, Hub, indicator


@clause("5.5 accepted", "4.3.1 counts", "4.3 status")
def test_a_post_is_answered_with_a_status_that_can_be_asked_for_again(hub: Hub) -> None:
    """202 and a status resource, and the same resource under its id."""
    alice = hub.member("alice")
    posted = alice.post(OBJECTS, indicator(1), indicator(2))
    assert posted.status_code == 202
    status = posted.json()
    assert (status["status"], status["total_count"], status["success_count"]) == ("complete", 2, 2)
    assert (status["failure_count"], status["pending_count"]) == (0, 0)
    assert alice.get(f"/alliance/status/{status['id']}/").json() == status


def test_what_was_stored_is_what_is_returned(hub: Hub) -> None:
    """The bytes of an object come back as they were sent, white space between tokens apart."""
    sent = '{ "objects" : [ {"type":"indicator", "id":"indicator--00000001-0000-4000-8000-000000000000",\n'
    sent += '"created":"2026-01-01T00:00:00Z", "modified":"2026-01-01T00:00:00Z", "x_n": 1.10, "x_u":"\\u00e9 é"}]}'
    hub.member("alice").send(OBJECTS, sent.encode())
    got = hub.member("bob").get(OBJECTS).content
    assert b'"x_n":1.10,"x_u":"\\u00e9 \xc3\xa9"}' in got


@clause("5.5 duplicate")
def test_an_exact_duplicate_is_no_error_and_is_there_once(hub: Hub) -> None:
    """Posted twice, listed once, a success both times."""
    alice = hub.member("alice")
    alice.post(OBJECTS, indicator(1))
    again = alice.post(OBJECTS, indicator(1), indicator(1)).json()
    assert (again["success_count"], again["failure_count"]) == (2, 0)
    assert len(alice.ids(MANIFEST, match_version="all")) == 1


@clause("4.3.1 counts")
def test_objects_stand_and_fall_one_by_one(hub: Hub) -> None:
    """A broken object does not cost the others; the status says which one failed and why."""
    posted = hub.member("alice").post(OBJECTS, indicator(1), indicator(2, created="yesterday"), 7).json()
    assert (posted["total_count"], posted["success_count"], posted["failure_count"]) == (3, 1, 2)
    assert posted["failures"][0]["id"] == indicator(2)["id"]
    assert posted["failures"][0]["message"].startswith("created is not a timestamp")
    assert posted["failures"][1] == {
        "id": "object 3 of the envelope",
        "version": posted["request_timestamp"],
        "message": "not a JSON object",
    }


@clause("5.5 unprocessable")
def test_a_body_that_is_no_envelope_is_unprocessable(hub: Hub) -> None:
    """A bare object, an empty list, a list, half a document: 422, and nothing is stored."""
    alice = hub.member("alice")
    bodies = [json.dumps(indicator(1)), '{"objects": []}', "[]", '{"objects": [', "", "null"]
    assert [alice.send(OBJECTS, body.encode()).status_code for body in bodies] == [422] * len(bodies)
    assert alice.ids() == []


@clause("3.6.1 error")
def test_a_refusal_is_an_error_resource(hub: Hub) -> None:
    """Title, description, an id of its own, and the status as a string."""
    refused = hub.member("alice").send(OBJECTS, b"{}")
    assert refused.json()["http_status"] == str(refused.status_code) == "422"
    assert refused.json()["title"]
    assert refused.json()["error_id"] != hub.member("alice").send(OBJECTS, b"{}").json()["error_id"]
