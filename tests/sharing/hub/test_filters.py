"""Filters, order and pages (TAXII 2.1, 3.3 to 3.5), at the endpoints that have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch.sharing.hub.options import Options
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.trying import COLLECTION, MANIFEST, OBJECTS, Asker, Hub, collection, indicator, seed

TIMES = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"]
MALWARE = "malware--00000001-0000-4000-8000-000000000000"
FIRST = indicator(1)["id"]


def malware(spec: str | None, modified: str) -> dict[str, Any]:
    """One malware, which exists in two STIX versions."""
    said = {"spec_version": spec} if spec else {}
    return {"type": "malware", "id": MALWARE, "created": TIMES[0], "modified": modified, "name": "m", **said}


@pytest.fixture(scope="module")
def reader(database: None, tmp_path_factory: pytest.TempPathFactory) -> Asker:
    """Three versions of an indicator, another one, and malware as STIX 2.1 and, later, 2.0; seven seconds apart."""
    objects = [indicator(1, modified=time) for time in TIMES]
    objects += [indicator(2), malware("2.1", TIMES[1]), malware(None, TIMES[2])]
    dated = [
        {"date_added": f"2026-04-01T00:00:{7 * number:02}.000000Z", "object": one} for number, one in enumerate(objects)
    ]
    return Hub(tmp_path_factory.mktemp("dated"), seed(collection(objects=dated))).member("rita")


def versions(asker: Asker, **parameters: str) -> list[str]:
    """What the manifest lists, as id and version."""
    objects = asker.get(MANIFEST, **parameters).json().get("objects", [])
    return [f"{one['id'].partition('--')[0]} {one['version'][5:7]}" for one in objects]


@clause("3.4.1 version default", "3.4.1 spec default", "5.4 objects")
def test_without_filters_the_latest_of_each_object_is_listed(reader: Asker) -> None:
    """One row an object: of the latest STIX version, the latest version."""
    assert versions(reader) == ["indicator 03", "indicator 01", "malware 02"]
    assert reader.ids() == [FIRST, indicator(2)["id"], MALWARE]


@clause("3.4.1 version keywords")
@pytest.mark.parametrize(
    ("version", "listed"),
    [
        ("first", ["indicator 01", "indicator 01", "malware 02"]),
        ("last", ["indicator 03", "indicator 01", "malware 02"]),
        ("first,last", ["indicator 01", "indicator 03", "indicator 01", "malware 02"]),
        ("all", ["indicator 01", "indicator 02", "indicator 03", "indicator 01", "malware 02"]),
    ],
)
def test_keywords_choose_versions_within_the_latest_stix_version(
    reader: Asker, version: str, listed: list[str]
) -> None:
    """First, last, both, all."""
    assert versions(reader, match_version=version) == listed


@clause("3.4.1 version exact")
def test_a_timestamp_chooses_the_version_of_that_time(reader: Asker) -> None:
    """However the fraction of the second is written; and with a keyword, both."""
    assert versions(reader, match_version="2026-02-01T00:00:00Z", match_id=FIRST) == ["indicator 02"]
    assert versions(reader, match_version=f"{TIMES[1]},first", match_id=FIRST) == ["indicator 01", "indicator 02"]


@clause("3.4.1 spec default")
def test_the_latest_stix_version_is_the_latest_of_what_else_matches(reader: Asker) -> None:
    """Of the malware's March version there is only STIX 2.0."""
    assert versions(reader, match_version=TIMES[2], match_type="malware") == ["malware 03"]


@clause("3.4.1 spec_version")
@pytest.mark.parametrize(
    ("spec", "listed"),
    [
        ("2.0", ["malware 03"]),
        ("2.1", ["indicator 03", "indicator 01", "malware 02"]),
        ("2.0,2.1", ["indicator 03", "indicator 01", "malware 03"]),
        ("3.7", []),
    ],
)
def test_stix_versions_are_chosen_before_the_latest_version(reader: Asker, spec: str, listed: list[str]) -> None:
    """With both allowed, the latest version counts, whatever its STIX version."""
    assert versions(reader, match_spec_version=spec) == listed


@clause("3.4.1 id", "3.4.1 type", "3.4 and or", "5.3 manifest")
def test_fields_are_joined_by_and_and_their_values_by_or(reader: Asker) -> None:
    """Id or id, type or type, both fields at once; at objects and manifest alike."""
    both = f"{FIRST},{MALWARE}"
    assert reader.ids(match_id=both) == reader.ids(MANIFEST, match_id=both) == [FIRST, MALWARE]
    assert reader.ids(match_type="malware,indicator") == [FIRST, indicator(2)["id"], MALWARE]
    assert reader.ids(match_id=both, match_type="malware,tool") == [MALWARE]
    assert reader.ids(match_type="x-nobody-has-this") == []


@clause("3.4.1 type")
def test_every_type_of_stix_is_a_type_to_ask_for(reader: Asker) -> None:
    """Asking for what is not there is no error."""
    types = "attack-pattern,campaign,grouping,note,opinion,report,sighting,url,windows-registry-key,language-content"
    assert reader.get(OBJECTS, match_type=types).status_code == 200


@clause("3.4 added_after", "3.2 dates")
def test_only_what_was_added_after_a_time_is_listed(reader: Asker) -> None:
    """Strictly after; and the dates of the page's ends stand in the header."""
    page = reader.get(OBJECTS, added_after="2026-04-01T00:00:14.000000Z")
    assert [one["id"] for one in page.json()["objects"]] == [indicator(2)["id"], MALWARE]
    assert page.headers["X-TAXII-Date-Added-First"] == "2026-04-01T00:00:21.000000Z"
    assert page.headers["X-TAXII-Date-Added-Last"] == "2026-04-01T00:00:28.000000Z"


@clause("3.2 dates", "3.7 envelope", "2 list")
def test_an_empty_page_keeps_the_poller_s_place(reader: Asker) -> None:
    """No objects, no empty list, no `undefined`: both dates repeat from when on it looked."""
    page = reader.get(OBJECTS, added_after="2027-01-01T00:00:00Z")
    assert (page.status_code, page.json()) == (200, {})
    assert page.headers["X-TAXII-Date-Added-First"] == page.headers["X-TAXII-Date-Added-Last"]
    assert page.headers["X-TAXII-Date-Added-Last"] == "2027-01-01T00:00:00.000000Z"


@clause("3.4 limit", "3.5 more", "3.5 next", "3.3 sorting")
@pytest.mark.parametrize("path", [OBJECTS, MANIFEST])
def test_pages_lead_through_everything_once_and_in_order(reader: Asker, path: str) -> None:
    """Two at a time, all versions: five rows in three pages."""
    asked = {"limit": "2", "match_version": "all"}
    first = reader.get(path, **asked).json()
    second = reader.get(path, **asked, next=first["next"]).json()
    third = reader.get(path, **asked, next=second["next"]).json()
    assert [len(page["objects"]) for page in (first, second, third)] == [2, 2, 1]
    assert [page["more"] for page in (first, second, third)] == [True, True, False]
    assert "next" not in third
    whole = reader.get(path, match_version="all").json()["objects"]
    assert [*first["objects"], *second["objects"], *third["objects"]] == whole


@clause("3.5 next")
def test_what_is_added_while_a_client_pages_comes_at_the_end(hub: Hub) -> None:
    """Nothing is lost and nothing comes twice when others post between two pages."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.post(OBJECTS, *map(indicator, range(4)))
    first = bob.get(OBJECTS, limit="3").json()
    alice.post(OBJECTS, *map(indicator, range(4, 7)))
    alice.delete(f"{OBJECTS}{indicator(1)['id']}/")
    rest = bob.get(OBJECTS, limit="5", next=first["next"]).json()
    seen = [one["id"] for one in (*first["objects"], *rest["objects"])]
    assert seen == [indicator(number)["id"] for number in range(7)]


@clause("3.3 sorting", "2 timestamp")
def test_dates_added_are_unique_and_ascend_whatever_the_post(hub: Hub) -> None:
    """A thousand objects of one post have a thousand dates, with microseconds, and so do those of the next."""
    alice = hub.member("alice")
    alice.post(OBJECTS, *map(indicator, range(600)))
    alice.post(OBJECTS, *map(indicator, range(600, 1000)))
    dates = [one["date_added"] for one in alice.get(MANIFEST).json()["objects"]]
    assert len(dates) == 1000
    assert all(len(date) == 27 and date.endswith("Z") for date in dates)
    assert dates == sorted(set(dates))


@clause("3.5 next")
def test_polling_by_the_last_date_misses_nothing(hub: Hub) -> None:
    """The other way to page, which clients use that ignore `next`."""
    alice = hub.member("alice")
    alice.post(OBJECTS, *map(indicator, range(10)))
    seen, after = [], "1970-01-01T00:00:00Z"
    for _ in range(4):
        page = alice.get(OBJECTS, limit="3", added_after=after)
        seen += [one["id"] for one in page.json()["objects"]]
        after = page.headers["X-TAXII-Date-Added-Last"]
    assert seen == [indicator(number)["id"] for number in range(10)]


@clause("3.4 malformed", "3.4 limit positive", "3.4 once", "3.4.1 version alone")
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-20",
        "limit=ten",
        "limit=1.5",
        "limit=99999999999999999999",
        "limit=",
        "limit=1&limit=2",
        "added_after=yesterday",
        "added_after=2026-13-01T00:00:00Z",
        "added_after=2026-01-01T00:00:00",
        "added_after=2026-01-01T00:00:00Z,2026-01-02T00:00:00Z",
        "added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z",
        "match[id]=",
        "match[type]=a,,b",
        "match[type]=a&match[type]=b",
        "match[version]=newest",
        "match[version]=all,first",
        "match[version]=first,first",
        "match[spec_version]=two",
        "next=made-up",
        "match[id]=%00",
    ],
)
def test_a_malformed_parameter_is_a_bad_request(shared: Hub, query: str) -> None:
    """Never ignored: a client that mistypes a filter must not take everything for an answer."""
    assert shared.member("alice").get(f"{OBJECTS}?{query}").status_code == 400


@clause("3.4 unknown")
def test_fields_that_the_standard_does_not_name_are_passed_over(reader: Asker) -> None:
    """Custom filters of other servers do no harm."""
    assert len(reader.ids(f"{OBJECTS}?match[confidence]=80&x_colour=red")) == 3


@clause("3.4.1 created", "3.4.1 unversioned", "4.3.1 details")
def test_what_has_no_modified_has_a_version_all_the_same(hub: Hub) -> None:
    """A marking has its `created`; an observable the time at which it was added, which stays."""
    statement = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--00000001-0000-4000-8000-000000000000",
        "created": TIMES[1],
        "definition_type": "statement",
        "definition": {"statement": "(c) somebody"},
    }
    address = {"type": "ipv4-addr", "id": "ipv4-addr--00000001-0000-5000-8000-000000000000", "value": "192.0.2.1"}
    alice = hub.member("alice")
    posted = alice.post(OBJECTS, statement, address).json()
    again = alice.post(OBJECTS, address).json()
    records = {one["id"]: one for one in alice.get(MANIFEST).json()["objects"]}
    assert records[statement["id"]]["version"] == posted["successes"][0]["version"] == TIMES[1]
    added = records[address["id"]]
    assert added["version"] == added["date_added"] == again["successes"][0]["version"]
    assert len(records) == 2


def test_the_page_of_a_collection_never_exceeds_what_the_server_gives(tmp_path: Path) -> None:
    """A limit above the server's is met with the server's."""
    objects = [indicator(number) for number in range(30)]
    asker = Hub(tmp_path, seed(collection(COLLECTION, objects=objects)), Options(page=20)).member("rita")
    assert (len(asker.ids(limit="1000")), len(asker.ids())) == (20, 20)
