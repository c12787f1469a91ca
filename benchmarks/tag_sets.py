"""The set of tags that a hub hands out, at three sizes: bytes, and the hub's work for the first to ask and the next.

The tags lie in a hub's store as members publish them, 1,000 to an indicator; keys and the network are not in it
(`benchmarks.tags` has these).
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from stillwatch.sharing.alliance.tag_sets import TagSets
from stillwatch.sharing.hub.seed import read_seed, sow
from stillwatch.sharing.stix.patterns import MOST_TAGS, write_tags
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import Tag, TagSet
from stillwatch.storage.hub.store import SqliteStore

SIZES = 10_000, 100_000, 1_000_000
_COLLECTION = "5f4d7b1e-0c8a-4f3b-9b7d-2a6c1e8f9d30"
_NOW_US = 1_795_262_400_000_000


def run() -> Iterator[Figure]:
    """CPU of the first download and of the next one, which finds the set made; bytes of it and of the indicators."""
    for size in SIZES:
        indicators = [_indicator(number) for number in range(size // MOST_TAGS)]
        told = sum(len(json.dumps(one, separators=(",", ":"))) for one in indicators)
        with tempfile.TemporaryDirectory() as folder:
            store = _sown(Path(folder), indicators)
            sets, member = TagSets(store, lambda: _NOW_US), store.member("member-01")
            assert member is not None
            collections = store.collections("alliance", member)
            begun = time.process_time()
            made = sets.of(collections, member, (), 0)
            first = time.process_time() - begun
            assert sets.of(collections, member, (), 0) is made
            again = time.process_time() - begun - first
        assert len(TagSet.decode(made.encoded)) == size, "not every tag is in the set"
        said = f"{len(made.encoded):,} bytes; in indicators {told:,}"
        yield Figure("tags", f"set of {size:,}, first", size, first, 0, 0, said)
        yield Figure("tags", f"set of {size:,}, next", 1, again)


def _indicator(number: int) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{number:08x}-0000-4000-8000-000000000000",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "indicator_types": ["malicious-activity"],
        "pattern": write_tags([Tag(Kind.EMAIL, 0, secrets.token_bytes(16)) for _ in range(MOST_TAGS)]),
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2027-01-01T00:00:00Z",
        "confidence": 50,
    }


def _sown(folder: Path, indicators: list[dict[str, Any]]) -> SqliteStore:
    collection = {"id": _COLLECTION, "title": "Signals", "profile": "extraction", "objects": indicators}
    root = {"name": "alliance", "title": "The alliance", "collections": [collection]}
    member = {"name": "member-01", "password": "a password of nobody"}
    (folder / "seed.json").write_text(json.dumps({"users": [member], "api_roots": [root]}))
    store = SqliteStore(folder / "hub.sqlite")
    sow(read_seed(folder / "seed.json"), store, _NOW_US)
    return store
