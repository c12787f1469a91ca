"""The standing of everything that is claimed, from what members published about it.

Opinions and sightings are objects like others; this reads them all, takes each member's newest word on each claim since
the claim's newest version, and each source's record from its other claims: held are those that another member saw and
nobody disputed, failed those that were withdrawn or suspended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stillwatch.sharing.alliance.store import AllianceStore, Published
from stillwatch.sharing.governance.contest import Said, Standing, Word, standing, track_record
from stillwatch.sharing.taxii.timestamps import read_us

_EVERYTHING = 10_000_000
_CLAIMS = frozenset({"campaign", "intrusion-set", "threat-actor", "infrastructure", "indicator"})


@dataclass(slots=True)
class _Claim:
    author: str
    confidence: int
    modified_us: int
    is_revoked: bool
    said: list[Said] = field(default_factory=list)


class Standings:
    """The standings of collections, worked out again where something was published since they were asked for."""

    def __init__(self, store: AllianceStore) -> None:
        self._store = store
        self._known: dict[str, tuple[int, dict[str, Standing]]] = {}

    def of(self, collection: str) -> dict[str, Standing]:
        """The standing of each claim of a collection that is not withdrawn, by id."""
        newest_us = self._store.newest_us(collection)
        known = self._known.get(collection)
        if known is None or known[0] != newest_us:
            known = newest_us, standings(self._store.published(collection, 0, _EVERYTHING))
            self._known[collection] = known
        return known[1]


def standings(published: Iterable[Published]) -> dict[str, Standing]:
    """The standing of each claim that is not withdrawn, by id."""
    claims = _claims(published)
    records = _records(claims.values())
    return {
        id: standing(claim.author, claim.confidence, records[claim.author], claim.said)
        for id, claim in claims.items()
        if not claim.is_revoked
    }


def _claims(published: Iterable[Published]) -> dict[str, _Claim]:
    """The newest version of each claim with what was said since; what was said of an older one is answered by it."""
    claims: dict[str, _Claim] = {}
    words: list[tuple[str, Said]] = []
    for one in published:
        document = msgspec.json.decode(one.body)
        if document["type"] in _CLAIMS:
            _take(claims, document, one.contributor)
        else:
            words += _words(document, one)
    for id, said in words:
        if id in claims and said.ts_us >= claims[id].modified_us:
            claims[id].said.append(said)
    return claims


def _take(claims: dict[str, _Claim], document: dict[str, Any], contributor: str) -> None:
    modified_us = read_us(document["modified"])
    known = claims.get(document["id"])
    if known is None or (known.author == contributor and known.modified_us <= modified_us):
        is_revoked = document.get("revoked") is True
        claims[document["id"]] = _Claim(contributor, document["confidence"], modified_us, is_revoked)


def _words(document: dict[str, Any], one: Published) -> Iterable[tuple[str, Said]]:
    if document["type"] == "sighting":
        yield document["sighting_of_ref"], Said(one.contributor, Word.SEEN, one.date_added_us)
    elif document["type"] == "opinion":
        for id in document["object_refs"]:
            yield id, Said(one.contributor, Word(document["opinion"]), one.date_added_us)


def _records(claims: Iterable[_Claim]) -> dict[str, float]:
    held, failed = defaultdict[str, int](int), defaultdict[str, int](int)
    authors = set()
    for claim in claims:
        authors.add(claim.author)
        plain = standing(claim.author, claim.confidence, 1.0, claim.said)
        failed[claim.author] += claim.is_revoked or plain.is_suspended
        held[claim.author] += plain.contributors > 1 and not plain.disputes and not claim.is_revoked
    return {author: track_record(held[author], failed[author]) for author in authors}
