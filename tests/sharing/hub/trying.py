"""A hub to try: the real application over a real store, asked without a socket.

Members' passwords are their names. Their hashes have the least memory and time that Argon2 takes, so that tests are
fast; which parameters a hash has is written in it, and nothing else is different.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from starlette.testclient import TestClient

from stillwatch.sharing.hub.admission import Admission
from stillwatch.sharing.hub.app import application
from stillwatch.sharing.hub.options import Options
from stillwatch.sharing.hub.seed import read_seed, sow
from tests.storage.hub import places

TAXII = "application/taxii+json;version=2.1"
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
ROOT = f"/alliance/collections/{COLLECTION}/"
OBJECTS = f"{ROOT}objects/"
MANIFEST = f"{ROOT}manifest/"
NOW_US = 1_790_000_000_000_000
Response = Any
"""Of the library that starlette asks with, which differs between its versions."""
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def indicator(number: int, **more: Any) -> dict[str, Any]:
    """A small indicator, a different one for each number."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{number:08x}-0000-4000-8000-000000000000",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": f"indicator {number}",
        "pattern": f"[ipv4-addr:value = '192.0.2.{number % 256}']",
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
        **more,
    }


def user(name: str, role: str = "writer", **more: Any) -> dict[str, Any]:
    """A user of a seed whose password is its name."""
    return {"name": name, "password": _CHEAP.hash(name), "role": role, **more}


def collection(id: str = COLLECTION, **more: Any) -> dict[str, Any]:
    """A collection of a seed."""
    return {"id": id, "title": f"Collection {id[:4]}", **more}


def seed(
    *collections: Mapping[str, Any], users: Sequence[Mapping[str, Any]] | None = None, **root: Any
) -> dict[str, Any]:
    """A seed of one root, `alliance`, by default with two writers, a reader and an admin."""
    usual = [user("alice"), user("bob"), user("rita", "reader"), user("admin", "admin")]
    about = {"name": "alliance", "title": "The alliance", "collections": list(collections or [collection()]), **root}
    return {"users": usual if users is None else list(users), "api_roots": [about]}


def _query(parameters: Mapping[str, str]) -> dict[str, str] | None:
    """`match_id` for `match[id]`; none at all leaves a query in the path alone."""
    fields = {f"match[{name[6:]}]" if name.startswith("match_") else name: parameters[name] for name in parameters}
    return fields or None


class Asker:
    """A member at a hub."""

    def __init__(self, http: TestClient, authorization: str | None) -> None:
        self.http = http
        self.authorization = authorization or ""
        self._headers = {"Accept": TAXII} | ({"Authorization": authorization} if authorization else {})

    def get(self, path: str, **parameters: str) -> Response:
        """GET, with filters as `match_id=...` for `match[id]`."""
        return self.http.get(path, params=_query(parameters), headers=self._headers)

    def ask(self, method: str, path: str, headers: Mapping[str, str | None]) -> Response:
        """A request with other headers; None for one that is to be left out."""
        asked = {**self._headers, **headers}
        for name in [name for name, value in asked.items() if value is None]:
            del asked[name]
        return self.http.request(method, path, headers={name: str(value) for name, value in asked.items()})

    def post(self, path: str, *objects: Any, headers: Mapping[str, str] | None = None) -> Response:
        """POST of an envelope of these objects."""
        return self.send(path, json.dumps({"objects": objects}).encode(), headers)

    def send(self, path: str, body: bytes | Iterable[bytes], headers: Mapping[str, str] | None = None) -> Response:
        """POST of any body; in pieces, it has no length."""
        return self.http.post(path, content=body, headers={**self._headers, "Content-Type": TAXII, **(headers or {})})

    def delete(self, path: str, **parameters: str) -> Response:
        """DELETE, with filters likewise."""
        return self.http.delete(path, params=_query(parameters), headers=self._headers)

    def ids(self, path: str = OBJECTS, **parameters: str) -> list[str]:
        """Ids of the objects or manifest records of a page."""
        return [one["id"] for one in self.get(path, **parameters).json().get("objects", [])]


class Hub:
    """A hub over a store of its own."""

    def __init__(
        self,
        folder: Path,
        sown: Mapping[str, Any],
        options: Options | None = None,
        admissions: Mapping[str, Admission] | None = None,
        busy_seconds: float = 60.0,
    ) -> None:
        file = folder / "seed.json"
        file.write_text(json.dumps(sown))
        self.store = places.kept(folder, busy_seconds)
        sow(read_seed(file), self.store, NOW_US)
        self.http = TestClient(application(self.store, options, admissions), raise_server_exceptions=False)

    def member(self, name: str, password: str | None = None) -> Asker:
        """The hub as this member sees it."""
        pair = f"{name}:{name if password is None else password}".encode()
        return Asker(self.http, f"Basic {base64.b64encode(pair).decode()}")

    def bearer(self, token: str) -> Asker:
        """The hub as the holder of a token sees it."""
        return Asker(self.http, f"Bearer {token}")

    def stranger(self, authorization: str | None = None) -> Asker:
        """The hub as somebody without credentials sees it, or with a header of his own."""
        return Asker(self.http, authorization)
