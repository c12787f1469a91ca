"""Requests of any kind, made by schemathesis from a description of the interface: never a fault of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.sharing.hub.trying import COLLECTION, TAXII, Hub, collection, indicator, seed

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed: pip install 'stillwatch[fuzz]'"
)

EXAMPLES = 25
"""Requests an endpoint: some three hundred in all, which take half a minute of a core."""
FILTERS = ["added_after", "limit", "next", "match[id]", "match[type]", "match[version]", "match[spec_version]"]
RIGHT = {"root": "alliance", "collection": COLLECTION, "object": indicator(1)["id"], "status": "s"}
ANSWERS = {200, 202, 400, 403, 404, 405, 413, 415, 422}
"""What a member that is logged in and takes TAXII may be told."""
_COLLECTION = "/{root}/collections/{collection}"


def described(path: str, *methods: str) -> dict[str, Any]:
    """An endpoint: what is in braces is the right thing or any string, filters are any strings."""
    inside = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    placed: list[dict[str, Any]] = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in FILTERS]
    for name in inside:
        either = {"anyOf": [{"enum": [RIGHT[name]]}, {"type": "string", "minLength": 1}]}
        placed.append({"name": name, "in": "path", "required": True, "schema": either})
    envelope = {"type": "object", "properties": {"objects": {"type": "array", "items": {"type": "object"}}}}
    body = {"requestBody": {"content": {"application/json": {"schema": envelope}}}}
    answers = {"default": {"description": "a resource or an error"}}
    return {
        method: {"parameters": placed, "responses": answers} | (body if method == "post" else {}) for method in methods
    }


ENDPOINTS = {
    "/taxii2/": ["get"],
    "/{root}/": ["get"],
    "/{root}/my-markings/": ["get"],
    "/{root}/status/{status}/": ["get"],
    "/{root}/collections/": ["get"],
    f"{_COLLECTION}/": ["get"],
    f"{_COLLECTION}/manifest/": ["get"],
    f"{_COLLECTION}/objects/": ["get", "post"],
    f"{_COLLECTION}/objects/{{object}}/": ["get", "delete"],
    f"{_COLLECTION}/objects/{{object}}/versions/": ["get"],
}
SCHEMA = schemathesis.openapi.from_dict(
    {
        "openapi": "3.0.3",
        "info": {"title": "TAXII", "version": "2.1"},
        "paths": {path: described(path, *methods) for path, methods in ENDPOINTS.items()},
    }
)


@pytest.fixture(scope="module")
def asked(database: None, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub with an object."""
    return Hub(tmp_path_factory.mktemp("asked"), seed(collection(objects=[indicator(1)])))


@pytest.mark.long
@SCHEMA.parametrize()  # type: ignore[untyped-decorator]  # it is not installed where types are checked
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_any_request_is_answered_as_taxii(case: Any, asked: Hub) -> None:
    """A status of those that are meant, and the media type of TAXII."""
    body = json.dumps(case.body).encode() if isinstance(case.body, dict | list) else b"{}"
    member = asked.member("admin")
    answer = member.http.request(
        case.method,
        case.formatted_path,
        params=dict(case.query or {}),
        content=body if case.method == "POST" else None,
        headers={"Accept": TAXII, "Content-Type": TAXII, "Authorization": member.authorization},
    )
    assert answer.status_code in ANSWERS
    assert answer.headers["Content-Type"] == TAXII
