"""What an attacker sends: bodies, cursors and paths that are made to break something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.sharing.hub.stix_object import MOST_BYTES, NotStix, read_object
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.trying import COLLECTION, MANIFEST, OBJECTS, Hub, collection, indicator, seed

DEEP = "[" * 100_000 + "]" * 100_000


def failure(hub: Hub, one: str) -> str:
    """Why one object is not taken; another in the same envelope is."""
    posted = hub.member("alice").send(OBJECTS, f'{{"objects": [{one}, {json.dumps(indicator(99))}]}}'.encode())
    assert posted.status_code == 202, posted.text
    assert (posted.json()["success_count"], posted.json()["failure_count"]) == (1, 1)
    return str(posted.json()["failures"][0]["message"])


@clause("5.5 too large", "4.2.1 length")
def test_a_body_is_read_up_to_the_limit_and_no_further(tmp_path: Path) -> None:
    """413 by the length that is declared, and by what arrives without one; at the limit it is read."""
    body = json.dumps({"objects": [indicator(1)]}).encode()
    alice = Hub(tmp_path, seed(max_content_length=len(body))).member("alice")
    assert alice.send(OBJECTS, body).status_code == 202
    assert alice.send(OBJECTS, body + b" ").status_code == 413
    assert alice.send(OBJECTS, body, {"Content-Length": "many"}).status_code == 413
    pieces = (body[at : at + 7] for at in range(0, len(body) * 2, 7))
    assert alice.send(OBJECTS, pieces).status_code == 202
    endless = (body for _ in range(10_000))
    assert alice.send(OBJECTS, endless).status_code == 413


@clause("5.5 unprocessable")
@pytest.mark.parametrize(
    "body",
    [
        b'{"objects": ' + DEEP.encode() + b"}",
        b'{"x": ' + DEEP.encode() + b', "objects": [{}]}',
        b'{"objects": [{}], "objects": [{}]}',
        b'{"objects": [{}], "x": 1, "x": 2}',
        b'{"objects": [{}]} {"objects": [{}]}',
        b'{"objects": [{}]',
        b'{"objects": {}}',
        b'{"objects": [NaN]}',
        b'\xff\xfe{"objects": [{}]}',
        b'{"objects": [{}]}\x00',
        b'{"objects": [{}], "x": "\\ud800"}',
        b'{"objects": [{"x": "\\ud800"}]}',
        b'{"objects": [{}], "x": "\xff"}',
        b'{"objects": [{}], "x": "\\u0000"}',
        "{}".encode("utf-16"),
    ],
    ids=range(15),
)
def test_an_envelope_that_is_broken_is_unprocessable(shared: Hub, body: bytes) -> None:
    """Never 500: deep, doubled, cut off, of another encoding."""
    assert shared.member("alice").send(OBJECTS, body).status_code == 422


@clause("7.1.1 custom")
def test_custom_properties_of_an_envelope_are_passed_over(hub: Hub) -> None:
    """Whatever they hold, the list of objects too."""
    listed = json.dumps([indicator(1)])
    body = f'{{"x_before": {listed}, "objects": {listed}, "x_after": {listed}, "more": true}}'
    assert hub.member("alice").send(OBJECTS, body.encode()).json()["success_count"] == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": None}, "type is missing"),
        ({"type": "Indicator"}, "type is missing"),
        ({"type": "bundle", "id": "bundle--00000001-0000-4000-8000-000000000000"}, "a bundle is no object"),
        ({"id": "indicator--1"}, "id is missing"),
        ({"id": 7}, "id is missing"),
        ({"id": "malware--00000001-0000-4000-8000-000000000000"}, "id is missing or not the type"),
        ({"id": "indicator--00000001-0000-4000-8000-000000000000\n"}, "id is missing"),
        ({"created": "2026-01-01"}, "created is not a timestamp"),
        ({"created": 1_700_000_000}, "created is not a timestamp"),
        ({"modified": "2026-02-30T00:00:00Z"}, "modified is"),
        ({"modified": "2025-01-01T00:00:00Z"}, "modified is before created"),
        ({"modified": None}, "modified is not a timestamp"),
        ({"spec_version": "2.2"}, "spec_version is neither"),
        ({"spec_version": 2.1}, "spec_version is neither"),
        ({"spec_version": ["2.1"]}, "spec_version is neither"),
        ({"object_marking_refs": "marking-definition--x"}, "a marking is referred to"),
        ({"object_marking_refs": ["indicator--00000001-0000-4000-8000-000000000000"]}, "a marking is referred to"),
        ({"object_marking_refs": [{}]}, "a marking is referred to"),
        ({"granular_markings": {}}, "granular_markings is no list"),
        ({"granular_markings": [{"marking_ref": 1}]}, "a marking is referred to"),
        ({"x": "a" * (MOST_BYTES + 1)}, "larger than"),
        ({"x": "\0"}, "NUL"),
        ({"x": [{"\0": 1}]}, "NUL"),
    ],
)
def test_an_object_that_is_not_as_stix_says_fails_alone(shared: Hub, change: dict[str, Any], reason: str) -> None:
    """Each with its reason in the status, which quotes nothing that could not be shown."""
    assert reason in failure(shared, json.dumps({**indicator(1), **change}))


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (json.dumps(indicator(1))[:-1] + ', "x": ' + "[" * 65 + "]" * 65 + "}", "nested deeper than 64"),
        (json.dumps(indicator(1))[:-1] + ', "name": "other"}', "a key occurs twice"),
        (json.dumps(indicator(1))[:-1] + ', "x": {"a": 1, "a": 1}}', "a key occurs twice"),
        ("[]", "not a JSON object"),
        ('"indicator"', "not a JSON object"),
    ],
)
def test_json_that_parsers_read_differently_is_refused(shared: Hub, one: str, reason: str) -> None:
    """What is checked here is what every client will read."""
    assert reason in failure(shared, one)


def test_brackets_in_strings_are_not_levels() -> None:
    """Depth is that of the document, not of what its texts quote."""
    assert read_object(json.dumps({**indicator(1), "x": '["\\"' * 100, "y": [[[]]]}).encode()).id == indicator(1)["id"]


def test_an_identifier_may_be_in_capitals(shared: Hub) -> None:
    """RFC 4122, 3: UUIDs are read in either case, and kept as they came; but no marking goes by two names."""
    capital = {**indicator(1), "id": indicator(0xABCDEF)["id"].upper().replace("INDICATOR", "indicator")}
    assert read_object(json.dumps(capital).encode()).id == capital["id"]
    marking = {"type": "marking-definition", "id": "marking-definition--5E57C739-391A-4EB3-B6BE-7D15CA92D5ED"}
    assert "has capitals" in failure(shared, json.dumps({**indicator(1), **marking}))


def test_the_lack_of_created_does_not_make_an_observable(shared: Hub) -> None:
    """An indicator without times is broken; an observable has none."""
    bare = {name: value for name, value in indicator(1).items() if name not in ("created", "modified")}
    assert failure(shared, json.dumps(bare)) == "created is missing"
    assert read_object(b'{"type":"url","id":"url--00000001-0000-5000-8000-000000000000","value":"x"}').spec == 21


@settings(max_examples=30)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_object_or_a_reason(raw: bytes) -> None:
    """Nothing else is ever raised."""
    try:
        assert read_object(raw).stored
    except NotStix as error:
        assert error.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["type", "id", "created", "modified", "spec_version", "object_marking_refs", "x"]), JSON
    )
)
def test_any_properties_are_an_object_or_a_reason(change: dict[str, Any]) -> None:
    """Properties of any type and value in place of the right ones."""
    try:
        assert read_object(json.dumps({**indicator(1), **change}).encode()).type == "indicator"
    except NotStix as error:
        assert error.reason


@clause("B next")
def test_a_cursor_is_good_for_what_it_was_given_for_and_nothing_else(tmp_path: Path) -> None:
    """Not for another member, endpoint, filter, collection or root, and not with a character changed."""
    objects = [indicator(number) for number in range(4)]
    other = "12345678-1234-4234-8234-123456789012"
    sown = seed(collection(objects=objects), collection(other, objects=objects))
    sown["api_roots"].append({"name": "second", "title": "S", "collections": [collection(objects=objects)]})
    hub = Hub(tmp_path, sown)
    alice = hub.member("alice")
    cursor = alice.get(OBJECTS, limit="2").json()["next"]
    assert alice.get(OBJECTS, limit="1", next=cursor).status_code == 200, "the limit may change"
    replayed = [
        hub.member("bob").get(OBJECTS, next=cursor),
        alice.get(MANIFEST, next=cursor),
        alice.get(OBJECTS, next=cursor, match_version="all"),
        alice.get(OBJECTS, next=cursor, added_after="2020-01-01T00:00:00Z"),
        alice.get(OBJECTS.replace(COLLECTION, other), next=cursor),
        alice.get(OBJECTS.replace("alliance", "second"), next=cursor),
        alice.get(f"{OBJECTS}{indicator(1)['id']}/", next=cursor),
    ]
    assert [answer.status_code for answer in replayed] == [400] * len(replayed)
    for at in range(0, len(cursor), 4):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        assert alice.get(OBJECTS, limit="2", next=changed).status_code == 400


@pytest.mark.parametrize("next_", ["A" * 59, "A" * 60, "=", "é", "../../etc/passwd", "1", "A" * 10_000])
def test_a_cursor_that_was_made_up_is_a_bad_request(shared: Hub, next_: str) -> None:
    """Of the right length or of none."""
    assert shared.member("alice").get(OBJECTS, next=next_).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        f"{OBJECTS}%00/",
        f"{OBJECTS}..%2f..%2fstatus/",
        f"{OBJECTS}indicator--' OR 1=1 --/",
        f"{OBJECTS}%ff%fe/",
        "/alliance/collections/' OR '1'='1/objects/",
        "/alliance/status/%00/",
        "/%2e%2e/collections/",
    ],
)
def test_a_path_made_to_break_out_leads_nowhere(shared: Hub, path: str) -> None:
    """404, and nothing else."""
    shared.member("alice").post(OBJECTS, indicator(1))
    assert shared.member("alice").get(path).status_code == 404


def test_filters_are_values_and_never_part_of_a_query(shared: Hub) -> None:
    """Quotes, wildcards and JSON in a filter match literally: nothing."""
    alice = shared.member("alice")
    alice.post(OBJECTS, indicator(1))
    for value in ("' OR 1=1 --", "%", "*", '"]', "indicator'"):
        assert alice.ids(match_id=value) == alice.ids(match_type=value) == []
