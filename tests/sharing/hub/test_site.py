"""Discovery, API roots, collections and what is negotiated (TAXII 2.1, 1.6.8, 3.1, 4 and 5.1 to 5.2)."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from stillwatch.sharing.hub.options import Options
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.trying import COLLECTION, MANIFEST, OBJECTS, ROOT, TAXII, Hub, collection, indicator, seed

OTHER = "12345678-1234-4234-8234-123456789012"
ENDPOINTS = ["/taxii2/", "/alliance/", "/alliance/collections/", "/alliance/my-markings/", ROOT, MANIFEST, OBJECTS]


@clause("4.1 discovery", "4.1.1 default", "8.2.1 roots", "3.1 body")
def test_discovery_tells_title_and_roots(shared: Hub) -> None:
    """At the root of the server, absolute URLs at the address that the client used."""
    said = shared.member("alice").get("/taxii2/").json()
    assert said["title"] == "Stillwatch hub"
    assert said["api_roots"] == ["http://testserver/alliance/"]
    assert said["default"] == said["api_roots"][0]


def test_a_public_url_is_told_instead(tmp_path: Path) -> None:
    """Behind a proxy, the address that members know."""
    hub = Hub(tmp_path, seed(), Options(public_url="https://hub.example/"))
    assert hub.member("alice").get("/taxii2/").json()["api_roots"] == ["https://hub.example/alliance/"]


def test_urls_of_the_seed_are_told_as_they_are(tmp_path: Path) -> None:
    """Roots hosted elsewhere included; and the default is the one that the seed says."""
    site = {"title": "T", "api_roots": ["https://other.example/x/", "/alliance/"], "default": "/alliance/"}
    said = Hub(tmp_path, {**seed(), "site": site}).member("alice").get("/taxii2/").json()
    assert (said["title"], said["api_roots"], said["default"]) == ("T", site["api_roots"], "/alliance/")


@clause("4.2 root")
def test_a_root_tells_what_it_takes(shared: Hub) -> None:
    """Title, the version of TAXII, and a length above zero."""
    assert shared.member("alice").get("/alliance/").json() == {
        "title": "The alliance",
        "versions": [TAXII],
        "max_content_length": 104_857_600,
    }


@clause("5.1 collections", "5.2 collection", "3.3 collections")
def test_collections_are_listed_as_the_member_has_them(tmp_path: Path) -> None:
    """In one order; rights are this member's; a reader never writes."""
    other = collection(OTHER, can_read=False, rights={"bob": {"can_read": True, "can_write": False}})
    hub = Hub(tmp_path, seed(collection(), other))
    listed = {
        name: [
            (one["id"], one["can_read"], one["can_write"])
            for one in hub.member(name).get("/alliance/collections/").json()["collections"]
        ]
        for name in ("alice", "bob", "rita")
    }
    assert listed == {
        "alice": [(COLLECTION, True, True), (OTHER, False, True)],
        "bob": [(COLLECTION, True, True), (OTHER, True, False)],
        "rita": [(COLLECTION, True, False), (OTHER, False, False)],
    }
    assert hub.member("bob").get(f"/alliance/collections/{OTHER}/").json()["can_read"] is True


@clause("5.1 collections", "2 list")
def test_a_root_without_collections_lists_none(tmp_path: Path) -> None:
    """An empty object, not an empty list."""
    sown = seed()
    sown["api_roots"][0]["collections"] = []
    assert Hub(tmp_path, sown).member("alice").get("/alliance/collections/").json() == {}


@clause("5.2.1 alias")
def test_an_alias_leads_to_its_collection(tmp_path: Path) -> None:
    """At the collection and below it."""
    alice = Hub(tmp_path, seed(collection(alias="high-value"))).member("alice")
    alice.post(OBJECTS, indicator(1))
    assert alice.get("/alliance/collections/high-value/").json()["id"] == COLLECTION
    assert alice.ids("/alliance/collections/high-value/objects/") == [indicator(1)["id"]]


@clause("5.2.1 media types")
def test_media_types_grow_with_what_is_stored(hub: Hub) -> None:
    """A collection that got STIX 2.0 says so."""
    alice = hub.member("alice")
    alice.post(OBJECTS, {name: value for name, value in indicator(1).items() if name != "spec_version"})
    assert alice.get(ROOT).json()["media_types"] == [
        "application/stix+json;version=2.1",
        "application/stix+json;version=2.0",
    ]


@clause("3.1 accept", "1.6.8 version", "3.1 highest", "3.1 content type")
@pytest.mark.parametrize(
    "accept",
    [
        TAXII,
        "application/taxii+json",
        "application/taxii+json; version=2.1",
        'Application/TAXII+json; version="2.1"',
        "application/taxii+json;version=2.1,application/stix+json;version=2.1",
        "text/html, application/taxii+json;q=0.1",
        "*/*",
    ],
)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_what_may_be_accepted_is_answered(shared: Hub, path: str, accept: str) -> None:
    """With or without a version, among others, as a wildcard; always answered as 2.1."""
    answer = shared.member("alice").ask("GET", path, {"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TAXII)


@clause("3.1 not acceptable", "3.1 error body", "3.1 content type")
@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/taxii+json;version=2.0",
        "application/taxii+json;q=0",
        "application/vnd.oasis.taxii+json",
        "xml",
        "application/taxii+json;q=many",
        "",
    ],
)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_what_cannot_be_accepted_is_406(shared: Hub, path: str, accept: str) -> None:
    """Another type, another version, TAXII that is not wanted; with an error resource, as TAXII."""
    answer = shared.member("alice").ask("GET", path, {"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (406, TAXII)
    assert answer.json()["http_status"] == "406"


@clause("3.1 posted type", "3.1 unsupported")
def test_what_is_posted_has_to_be_taxii(shared: Hub) -> None:
    """2.1, with or without saying so: 202. Anything else: 415."""
    alice = shared.member("alice")
    body = b'{"objects": [{}]}'
    takes = ["application/taxii+json", "application/taxii+json; version=2.1"]
    refuses = ["application/json", "application/stix+json;version=2.1", "application/taxii+json;version=2.0", ""]
    assert [alice.send(OBJECTS, body, {"Content-Type": kind}).status_code for kind in takes] == [202, 202]
    assert [alice.send(OBJECTS, body, {"Content-Type": kind}).status_code for kind in refuses] == [415] * 4


@clause("3.1 slash")
def test_a_path_without_its_slash_is_taken_too(shared: Hub) -> None:
    """Answered, not redirected: some clients lose their credentials on the way."""
    alice = shared.member("alice")
    assert [alice.get(path.rstrip("/")).status_code for path in ENDPOINTS] == [200] * len(ENDPOINTS)


@clause("8.2.1 user agent")
def test_a_client_need_not_say_what_it_is(shared: Hub) -> None:
    """No `User-Agent`, an answer all the same."""
    assert shared.member("alice").ask("GET", OBJECTS, {"User-Agent": ""}).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/", 404), ("/a/b/c/d/e/f/g/", 404), ("/nobody/", 404)])
def test_a_path_that_leads_nowhere_is_404(shared: Hub, path: str, status: int) -> None:
    """With an error resource."""
    answer = shared.member("alice").get(path)
    assert (answer.status_code, answer.json()["http_status"]) == (status, str(status))


def test_a_method_that_an_endpoint_lacks_is_405(shared: Hub) -> None:
    """With those that it has."""
    answer = shared.member("alice").ask("PUT", OBJECTS, {})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


@clause("4.3 status", "4.3 unknown status", "2 identifier")
def test_a_status_is_for_who_posted(hub: Hub) -> None:
    """Others get 404, as for one that is not there; an admin gets it."""
    id = hub.member("alice").post(OBJECTS, indicator(1)).json()["id"]
    path = f"/alliance/status/{id}/"
    assert uuid.UUID(id).version == 4
    assert [hub.member(name).get(path).status_code for name in ("alice", "admin", "bob")] == [200, 200, 404]
    assert hub.member("alice").get(f"/alliance/status/{uuid.uuid4()}/").status_code == 404


def test_a_status_is_kept_for_two_days_and_then_thrown_away(hub: Hub) -> None:
    """Twice as long as the standard asks; the operator's own are kept likewise from when they were seeded."""
    alice, day_us = hub.member("alice"), 86_400_000_000
    where = hub.store.collection("alliance", COLLECTION, hub.store.member("alice"))  # type: ignore[arg-type]  # she is one
    assert where is not None
    hub.store.put_status("alliance", "old", b"{}", 1_000)
    hub.store.add(where, [], 1_000 + 2 * day_us, "alice", "day-2", lambda added: b"{}")
    assert alice.get("/alliance/status/old/").status_code == 200
    hub.store.add(where, [], 1_001 + 2 * day_us, "alice", "later", lambda added: b"{}")
    assert alice.get("/alliance/status/old/").status_code == 404
    assert alice.get("/alliance/status/day-2/").status_code == 200


def test_no_answer_may_be_cached(shared: Hub) -> None:
    """What a member is shown stays out of proxies."""
    assert shared.member("alice").get(OBJECTS).headers["Cache-Control"] == "no-store"


@clause("4.1.1 urls")
def test_an_address_that_the_client_made_up_is_not_told_back(shared: Hub) -> None:
    """A `Host` that is none gives relative URLs."""
    said = shared.member("alice").ask("GET", "/taxii2/", {"Host": 'x"><script>'}).json()
    assert said["api_roots"] == ["/alliance/"]


@clause("3.1 slash", "8.2.1 roots")
def test_each_endpoint_has_its_slash(shared: Hub) -> None:
    """As the standard writes its paths."""
    assert [shared.member("alice").get(path).status_code for path in ENDPOINTS] == [200] * len(ENDPOINTS)
