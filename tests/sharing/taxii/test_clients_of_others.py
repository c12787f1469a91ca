"""What clients of other makers send, and what they make of the answers: against a hub that runs as a process."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import uuid
from collections.abc import Generator, Mapping
from typing import Any

import pytest
import requests
from cytaxii2.cytaxii2 import cytaxii2
from stix2 import Campaign, Filter, Indicator, TAXIICollectionStore
from taxii2client.v21 import ApiRoot, Collection

from stillwatch.sharing.hub.heads import MOST_HEAD_BYTES
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.serving import SECONDS, Served, serving
from tests.sharing.hub.trying import COLLECTION, OBJECTS, TAXII, collection, indicator, seed
from tests.sharing.stix.asking import asked

SEEDED = 25


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """One hub with 25 indicators, in pages of at most ten."""
    sown = seed(collection(objects=[indicator(number) for number in range(SEEDED)]))
    with serving(tmp_path_factory.mktemp("served"), sown, "--page", "10") as hub:
        yield hub


def stored(served: Served) -> Collection:
    """The collection as OASIS' client has it."""
    return Collection(f"{served.url}/alliance/collections/{COLLECTION}/", user="alice", password="alice")  # noqa: S106 - a test's


def send(served: Served, path: str, headers: Mapping[str, str], body: bytes | None = None) -> requests.Response:
    """GET, or POST where there is a body, with these headers besides."""
    told = {"Accept": TAXII, "Content-Type": TAXII, **headers}
    method = "GET" if body is None else "POST"
    return requests.request(
        method, f"{served.url}{path}", data=body, headers=told, auth=("alice", "alice"), timeout=SECONDS
    )


def raw(served: Served, head: str) -> bytes:
    """The answer to a request of which every byte of the head is given; the connection ends with it."""
    host, port = served.url.removeprefix("http://").split(":")
    authorization = "Basic " + base64.b64encode(b"alice:alice").decode()
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(f"{head}\r\nAuthorization: {authorization}\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def envelope(number: int) -> bytes:
    """A body to post."""
    return json.dumps({"objects": [indicator(number)]}).encode()


EVENT = {
    "info": "Accounts that harvest answers",
    "Orgc": {"name": "Member", "uuid": "5d0092c5-5f74-4287-9642-33f4c354e56d"},
    "Tag": [{"name": "tlp:green"}],
    "Attribute": [
        {"type": "domain", "value": "relay.example", "to_ids": True},
        {"type": "ip-dst", "value": "192.0.2.7", "to_ids": True},
        {"type": "AS", "value": "64500", "comment": "where they come from"},
        {"type": "stix2-pattern", "value": "[domain-name:value = 'other.example']", "to_ids": True},
    ],
}
"""What a MISP user has, as MISP exports it."""


@clause("7.1.1 custom", "5.5 accepted", "3.5 next", "5.6 object", "5.8 versions")
def test_the_store_of_stix2_writes_and_reads(served: Served) -> None:
    """It posts each object in a bundle, reads all versions of one, and queries by type."""
    store = TAXIICollectionStore(stored(served))
    first = Indicator(pattern="[domain-name:value = 'relay.example']", pattern_type="stix", name="first")
    second = first.new_version(name="second")
    store.add([first, second, Campaign(name="harvest")])
    assert store.get(first.id) == second
    assert {one.name for one in store.all_versions(first.id)} == {"first", "second"}
    assert [one.name for one in store.query([Filter("type", "=", "campaign")])] == ["harvest"]


@clause("7.1.1 custom")
def test_a_bundle_is_taken_for_the_objects_in_it(served: Served) -> None:
    """Cyware's client asks for one; the bundle itself is nowhere."""
    bundle = {"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": [indicator(200)]}
    posted = cytaxii2(f"{served.url}/taxii2/", "bob", "bob").inbox_request(COLLECTION, stix_bundle=json.dumps(bundle))
    assert posted["response"]["successes"] == [{"id": indicator(200)["id"], "version": indicator(200)["modified"]}]
    assert served.get(f"{OBJECTS}{bundle['id']}/", "bob").status_code == 404


def test_what_misp_makes_of_an_event_is_taken_whole(served: Served) -> None:
    """Converted as MISP does it, pushed in envelopes below the root's limit, and returned as it was."""
    made = asked("misp_made", json.dumps(EVENT))
    root = ApiRoot(f"{served.url}/alliance/", user="alice", password="alice")  # noqa: S106 - a test's
    body = json.dumps({"objects": made}).encode()
    assert {"indicator", "grouping", "identity"} <= {one["type"] for one in made}
    assert len(body) < root.max_content_length
    status = stored(served).add_objects(body, wait_for_completion=False)
    assert (status.status, status.success_count, status.failures) == ("complete", len(made), [])
    for one in made:
        assert served.get(f"{OBJECTS}{one['id']}/", "bob").json()["objects"] == [one]


@clause("3.2 dates", "3.5 next")
def test_a_poller_that_keeps_only_dates_and_cursors_misses_nothing(served: Served) -> None:
    """As OpenCTI's ingestion does: the cursor with the date it began at; at the end, the date in the header."""
    seen: list[str] = []
    state: dict[str, str] = {"added_after": "1970-01-01T00:00:00.000Z"}
    more = True
    while more:
        answer = served.get(OBJECTS, "rita", params={"match[type]": "indicator", **state})
        page = answer.json()
        seen += [one["id"] for one in page["objects"]]
        more = page["more"]
        state |= {"next": page["next"]} if more else {}
    last = answer.headers["X-TAXII-Date-Added-Last"]
    assert seen[:SEEDED] == [indicator(number)["id"] for number in range(SEEDED)]
    assert len(set(seen)) == len(seen)
    served.post(OBJECTS, "alice", [indicator(300)])
    polled = served.get(OBJECTS, "rita", params={"match[type]": "indicator", "added_after": last}).json()
    assert [one["id"] for one in polled["objects"]] == [indicator(300)["id"]]


@clause("3.1 accept", "1.6.8 version")
@pytest.mark.parametrize(
    "accept",
    [
        "application/taxii+json; version=2.1",
        "application/taxii+json ; version=2.1 ; q=0.9, */*; q=0.1",
        'application/taxii+json;version="2.1"',
        "application/taxii+json;charset=utf-8;version=2.1",
        "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
        "text/html, application/xhtml+xml, */*;q=0.8",
    ],
)
def test_accept_is_read_as_http_writes_it(served: Served, accept: str) -> None:
    """Spaces, quotes, other parameters and several ranges."""
    assert send(served, "/taxii2/", {"Accept": accept}).status_code == 200


@pytest.mark.parametrize(
    "version", ["application/vnd.oasis.taxii+json; version=2.0", "application/vnd.oasis.stix+json"]
)
def test_a_client_of_taxii_2_0_is_told_so(served: Served, version: str) -> None:
    """Its media types are not these: 406, and 415 for what it posts."""
    assert send(served, OBJECTS, {"Accept": version}).status_code == 406
    assert send(served, OBJECTS, {"Content-Type": version}, envelope(400)).status_code == 415


@clause("3.4 and or")
@pytest.mark.parametrize(
    "query",
    [
        "match[type]=indicator&match[version]=first,last&limit=3",
        "match%5Btype%5D=indicator&match%5Bversion%5D=first%2Clast&limit=3",
        "match[type]=indicator,+tool&match[version]=last,%20first&limit=3",
    ],
)
def test_filters_are_read_however_they_are_escaped(served: Served, query: str) -> None:
    """Brackets and commas as they are or in percents, with a space after a comma."""
    assert len(served.get(f"{OBJECTS}?{query}", "rita").json()["objects"]) == 3


def test_older_and_plainer_http_is_answered(served: Served) -> None:
    """HTTP/1.0 without a host, and a path that is a whole URL."""
    for first in ("GET /taxii2/ HTTP/1.0", f"GET {served.url}/taxii2/ HTTP/1.1\r\nHost: x\r\nConnection: close"):
        answer = raw(served, f"{first}\r\nAccept: {TAXII}")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"title":"Stillwatch hub"' in answer


@clause("3.1 content type")
@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("NONSENSE", "Invalid HTTP request"),
        (f"GET /taxii2/ HTTP/1.1\r\nX-Endless: {'a' * MOST_HEAD_BYTES}", "head of the request is longer"),
        ("GET /taxii2/ HTTP/1.1" + "\r\nX-Many: 12345678" * 5000, "head of the request is longer"),
        (f"GET /taxii2/?x={'a' * MOST_HEAD_BYTES}", "head of the request is longer"),
    ],
    ids=["no HTTP", "one header", "many headers", "one line"],
)
def test_a_head_that_is_no_head_is_refused_before_it_ends(served: Served, head: str, reason: str) -> None:
    """By a stranger even: 400 as TAXII, and the end of the connection."""
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(f"{head}\r\n".encode())
        answer = connection.makefile("rb").read()
    status, _, rest = answer.partition(b"\r\n")
    assert status == b"HTTP/1.1 400 Bad Request"
    assert f"Content-Type: {TAXII}".encode() in rest
    assert reason in json.loads(rest.partition(b"\r\n\r\n")[2])["description"]


def test_ranges_of_taxii_2_0_are_passed_over(served: Served) -> None:
    """The whole page, status 200: 2.1 has no ranges."""
    answer = send(served, OBJECTS, {"Range": "items 0-1"})
    assert (answer.status_code, len(answer.json()["objects"]), "Content-Range" in answer.headers) == (200, 10, False)


def test_a_body_may_come_in_pieces(served: Served) -> None:
    """Chunked, without a length."""

    def pieces() -> Generator[bytes]:
        yield envelope(500)[:20]
        yield envelope(500)[20:]

    answer: Any = requests.post(
        f"{served.url}{OBJECTS}",
        pieces(),
        headers={"Accept": TAXII, "Content-Type": TAXII},
        auth=("alice", "alice"),
        timeout=SECONDS,
    )
    assert (answer.status_code, answer.json()["success_count"]) == (202, 1)


def test_a_compressed_body_is_refused_and_told_why(served: Served) -> None:
    """415 and what is taken instead (RFC 9110, 12.5.3), not a complaint about its bytes."""
    answer = send(served, OBJECTS, {"Content-Encoding": "gzip"}, gzip.compress(envelope(600)))
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
    assert send(served, OBJECTS, {"Content-Encoding": "identity"}, envelope(600)).status_code == 202


@clause("1.6.9 challenge", "5.1 authentication")
def test_a_wrong_password_at_every_endpoint_is_told_401_each_time(served: Served) -> None:
    """A client that tries them all is not yet one that guesses."""
    below = f"/alliance/collections/{COLLECTION}/"
    id = indicator(1)["id"]
    paths = ["/taxii2/", "/alliance/", "/alliance/status/x/", "/alliance/collections/", below, f"{below}manifest/"]
    paths += [OBJECTS, f"{OBJECTS}{id}/", f"{OBJECTS}{id}/versions/", "/alliance/my-markings/", "/nobody/"]
    asked = [requests.get(f"{served.url}{path}", auth=("alice", "wrong"), timeout=SECONDS) for path in paths * 2]
    assert {answer.status_code for answer in asked} == {401}
    assert all(answer.headers["WWW-Authenticate"].startswith("Basic realm=") for answer in asked)
