"""Real TAXII clients against a real server: OASIS' own and Cyware's, unmodified."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator

import pytest
import requests
from cytaxii2.cytaxii2 import cytaxii2
from taxii2client.v21 import Collection, Server, as_pages

from tests.sharing.hub.clauses import clause
from tests.sharing.hub.serving import Served, send_slowly, serving
from tests.sharing.hub.trying import COLLECTION, OBJECTS, collection, indicator, seed

OBJECTS_SEEDED = 25


@pytest.fixture(scope="module")
def served(database: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """One hub with 25 indicators, in pages of at most ten."""
    sown = seed(collection(objects=[indicator(number) for number in range(OBJECTS_SEEDED)]))
    with serving(tmp_path_factory.mktemp("served"), sown, "--page", "10") as hub:
        yield hub


@clause("4.1 discovery", "3.5 next", "4.3 status", "5.7 delete", "5.8 versions")
def test_the_client_of_oasis_finds_reads_adds_and_deletes(served: Served) -> None:
    """From discovery to a collection, its pages, a post whose status is complete, versions and deletion."""
    server = Server(f"{served.url}/taxii2/", user="alice", password="alice")  # noqa: S106 - a test's
    assert server.default.title == "The alliance"
    found: Collection = server.api_roots[0].collections[0]
    assert (found.id, found.can_write) == (COLLECTION, True)
    pages = list(as_pages(found.get_objects, per_request=7))
    assert [len(page["objects"]) for page in pages] == [7, 7, 7, 4]
    assert len(list(as_pages(found.get_manifest, per_request=10))) == 3
    status = found.add_objects({"objects": [indicator(100), {**indicator(101), "created": "never"}]})
    assert (status.status, status.success_count, status.failure_count) == ("complete", 1, 1)
    status.refresh()
    assert "created" in status.failures[0]["message"]
    id = indicator(100)["id"]
    assert found.get_object(id)["objects"] == [indicator(100)]
    assert found.object_versions(id)["versions"] == [indicator(100)["modified"]]
    found.delete_object(id)
    with pytest.raises(requests.HTTPError, match="404"):
        found.get_object(id)


def test_the_client_of_cyware_discovers_polls_and_posts(served: Served) -> None:
    """It needs absolute addresses, and a default root."""
    client = cytaxii2(f"{served.url}/taxii2/", "bob", "bob")
    assert client.root_discovery()["response"]["title"] == "The alliance"
    assert client.collection_request()["response"]["collections"][0]["id"] == COLLECTION
    first = client.poll_request(COLLECTION, limit=10)["response"]
    rest = client.poll_request(COLLECTION, limit=10, next=first["next"])["response"]
    assert (len(first["objects"]), len(rest["objects"])) == (10, 10)
    assert client.poll_request(COLLECTION, object_id=indicator(3)["id"])["response"]["objects"] == [indicator(3)]
    posted = client.inbox_request(COLLECTION, stix_bundle=json.dumps({"objects": [indicator(200)]}))
    assert (posted["status_code"], posted["response"]["success_count"]) == (202, 1)


def test_a_hundred_answers_over_one_connection(served: Served) -> None:
    """Connections are kept, and HEAD is answered without a body."""
    with requests.Session() as session:
        session.auth = ("rita", "rita")
        session.headers["Accept"] = "application/taxii+json"
        assert {session.get(f"{served.url}{OBJECTS}").status_code for _ in range(100)} == {200}
        head = session.head(f"{served.url}{OBJECTS}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["X-TAXII-Date-Added-First"]


def test_a_client_that_hangs_up_while_posting_leaves_nothing(served: Served) -> None:
    """Half of a body is none, and the hub goes on."""
    body = json.dumps({"objects": [indicator(300)]}).encode()
    authorization = "Basic " + base64.b64encode(b"alice:alice").decode()
    send_slowly(served.url, OBJECTS, authorization, body, len(body) + 10).close()
    assert served.get(f"{OBJECTS}{indicator(300)['id']}/", "alice").status_code == 404
