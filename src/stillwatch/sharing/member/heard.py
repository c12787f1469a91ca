"""What the alliance's claims may count for at this member: who is behind each, their record, and how much it bears.

A claim is an indicator of a template or of blind tags, together with the campaigns that its author says it indicates: a
word on one of them is a word on all. It **moves nothing** where one of these holds (`stopped` says which):

    1. it, or what it indicates, was withdrawn by its author
    2. the hub calls it suspended, or tells no standing of it
    3. it has ended, or not begun
    4. we dispute it ourselves
    5. nothing was pulled for a day: a withdrawal might be waiting

What is ours is no claim here at all, and our own word on another's claim does not speak for it: what we have seen is in
our log already. Else a claim comes first in a review; and it **may count as evidence** where two members or more stand
behind it, its author and others who say that they have seen it.

Its `bound` is 1 / (1 - r), r being the least of its score in hundredths, the second best record among these members,
and 0.9: one member alone, whatever its record, bears nothing, and two bear what the lesser is believed. A record counts
what came of a member's *other* claims, and only what others than these members confirmed, so that two who vouch for
each other gain nothing by it. A member who disputes most of what two others stand behind is not heard on any of it,
except that two such suspend, which is the alliance's rule and not ours.

Assumption: members are who they say, which the hub's registration sees to. Two who conspire are two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from stillwatch.errors import InputError
from stillwatch.sharing.governance.contest import Said, Word, standing, track_record
from stillwatch.sharing.member.hub_client import StandingTold
from stillwatch.sharing.member.inbox import Inbox, Received
from stillwatch.sharing.rings.signature import Signature
from stillwatch.sharing.stix import patterns
from stillwatch.sharing.stix.extension import EXTRACTION
from stillwatch.sharing.stix.identifiers import agreed
from stillwatch.sharing.tags.tag_set import Tag
from stillwatch.sharing.taxii.timestamps import read_us

FRESH_US = 86_400_000_000
"""Chosen: withdrawals are due within minutes; after a day without a pull too much may have been taken back."""
MOST_RECORD = 0.9
"""Chosen: whatever a record says, one claim in ten is taken to be wrong, so partners count tenfold at most. That is
also by how much a lie of all of them together can exceed the false-discovery rate (docs/families/partners.md)."""
SOURCES = 2
"""Prescribed: what one member says moves nothing but the order of reviews."""
CONTRARY_AT_LEAST = 3
"""Claims: chosen, as a member may well be right about two."""
MOST_CLAIMS = 1_000
"""Read of an inbox, the best supported first: chosen, so that a flood of claims costs a hunt seconds and no more."""
_DISPUTES = {Word.DISAGREE, Word.STRONGLY_DISAGREE}


@dataclass(frozen=True, slots=True)
class HeardClaim:
    """One claim of others. `about`: what a sighting should name; `members`: identities behind it, never ours.

    `score`: as the hub publishes it. `record`: of the second best believed of `members`, 0..1; of the only one else.
    `bound`: the largest e-value it bears, 1 where it may not count. `stopped`: why it moves nothing; else empty.
    """

    id: str
    about: str
    author: str
    confidence: int
    score: int
    members: frozenset[str]
    record: float
    bound: float
    stopped: str
    looked_for: Signature | tuple[Tag, ...]

    @property
    def signature(self) -> Signature | None:
        return self.looked_for if isinstance(self.looked_for, Signature) else None

    @property
    def tags(self) -> tuple[Tag, ...]:
        return () if isinstance(self.looked_for, Signature) else self.looked_for

    @property
    def counts(self) -> bool:
        """Whether it may be evidence; one that may not can still come first in a review."""
        return not self.stopped and self.bound > 1.0


@dataclass(slots=True)
class _Claim:
    """A campaign with the indicators of it, or an indicator alone: what stands or falls together."""

    author: str
    ids: set[str] = field(default_factory=set)
    is_withdrawn: bool = False
    words: dict[str, Said] = field(default_factory=dict)  # the newest of each member


class _Told:
    """An inbox's objects, read once."""

    def __init__(self, received: Iterable[Received], standings: Mapping[str, StandingTold], us: str) -> None:
        self.documents: dict[str, dict[str, Any]] = {one.id: msgspec.json.decode(one.body) for one in received}
        self.standings, self.us = standings, us
        self.claim_of: dict[str, _Claim] = {}
        self.indicated: dict[str, str] = {}
        for document in self._of("relationship"):
            self._relate(document)
        for document in self._of("indicator", "campaign"):
            self._claim(document)
        for document in self._of("sighting"):
            self._say(document, document["sighting_of_ref"], Word.SEEN)
        for document in self._of("opinion"):
            for spoken_of in document["object_refs"]:
                self._say(document, spoken_of, Word(document["opinion"]))
        self.authored: defaultdict[str, list[_Claim]] = defaultdict(list)
        for root, claim in self.claim_of.items():
            if root not in self.indicated:
                self.authored[claim.author].append(claim)

    def _of(self, *types: str) -> list[dict[str, Any]]:
        return [one for one in self.documents.values() if one["type"] in types]

    def _relate(self, document: dict[str, Any]) -> None:
        """An author's own word that its indicator indicates its campaign."""
        source, target = (self.documents.get(document[name]) for name in ("source_ref", "target_ref"))
        if document["relationship_type"] != "indicates" or document.get("revoked") or not source or not target:
            return
        authors = {one.get("created_by_ref") for one in (document, source, target)}
        if len(authors) == 1 and source["type"] == "indicator" and target["type"] == "campaign":
            self.indicated[source["id"]] = target["id"]

    def _claim(self, document: dict[str, Any]) -> None:
        id = document["id"]
        root = self.indicated.get(id, id)
        claim = self.claim_of.get(root) or _Claim(document["created_by_ref"])
        self.claim_of[id] = self.claim_of[root] = claim
        claim.ids.add(id)
        claim.is_withdrawn |= document.get("revoked") is True

    def _say(self, document: dict[str, Any], id: str, word: Word) -> None:
        """What was said of an older version is answered by the newer one."""
        claim, said_us = self.claim_of.get(id), read_us(document["modified"])
        if claim is None or document.get("revoked") or said_us < read_us(self.documents[id]["modified"]):
            return
        member = document["created_by_ref"]
        before = claim.words.get(member)
        if member != claim.author and (before is None or before.ts_us <= said_us):
            claim.words[member] = Said(member, word, said_us)

    def is_suspended(self, claim: _Claim) -> bool:
        return any(id in self.standings and self.standings[id].suspended for id in claim.ids)

    def ends(self, claim: _Claim, document: dict[str, Any]) -> Iterable[int]:
        """When it ends as evidence, and when each part of it has to be deleted."""
        yield read_us(document["valid_until"])
        for id in claim.ids:
            yield read_us(self.documents[id]["extensions"][EXTRACTION]["retention_until"])

    def is_deaf_to(self, word: Said) -> bool:
        """Whether it is a dispute of a member who disputes most of what two others stand behind."""
        return word.word in _DISPUTES and word.member in self._contrary

    @cached_property
    def _contrary(self) -> frozenset[str]:
        """Members who dispute more than half of the claims that two others stand behind, and three at least."""
        supported = [one for root, one in self.claim_of.items() if root not in self.indicated and _is_supported(one)]
        disputes = Counter(word.member for one in supported for word in one.words.values() if word.word in _DISPUTES)
        own = Counter(one.author for one in supported)
        return frozenset(
            member
            for member, count in disputes.items()
            if count >= CONTRARY_AT_LEAST and count > (len(supported) - own[member]) / 2
        )

    def record(self, member: str, beside: _Claim, behind: frozenset[str]) -> float:
        """A member's record without this claim; only words of others than those behind it confirm."""
        held = failed = 0
        for claim in self.authored[member]:
            if claim is beside:
                continue
            words = [word for word in claim.words.values() if not self.is_deaf_to(word)]
            disputes = {word.member for word in words if word.word in _DISPUTES}
            seen = {word.member for word in claim.words.values() if word.word is Word.SEEN} - behind
            if claim.is_withdrawn or self.is_suspended(claim) or self.us in disputes:
                failed += 1
            elif seen and not disputes:
                held += 1
        return track_record(held, failed)


class Hearing:
    """An inbox as it stands at one moment. `claims`: of templates and tags by others, the best supported first;
    stopped ones too. What cannot be read as a template or as tags is left out.
    """

    def __init__(self, inbox: Inbox, member: str, now_us: int) -> None:
        """`member`: our own pseudonym."""
        standings, told_us = inbox.standings()
        self._told = _Told(inbox.everything(), standings, agreed("identity", member))
        self._is_stale, self._now_us = now_us - told_us > FRESH_US, now_us
        found = [
            one
            for document in self._told.documents.values()
            if document["type"] == "indicator" and document["created_by_ref"] != self._told.us
            if (one := self._heard(document)) is not None
        ]
        order = sorted(found, key=lambda one: (bool(one.stopped), -one.bound, -one.score, one.id))
        self.claims = tuple(order[:MOST_CLAIMS])

    def together(self, claims: Sequence[HeardClaim]) -> tuple[float, float]:
        """What authors bear who each told of the same tag, and the second best record of them (0..1).

        Each of the others supports the first as one who has seen it. What was said of a list of a thousand tags says
        nothing of one of them, so only authors count.
        """
        first = {one.author: one for one in reversed(claims)}
        behind = frozenset(first)
        records = [self._told.record(name, self._told.claim_of[one.id], behind) for name, one in first.items()]
        believed = [
            self._believed(one, [Said(name, Word.SEEN, 0) for name in behind], behind) for one in first.values()
        ]
        return bound_of(records, max(believed)), sorted(records, reverse=True)[min(len(records), SOURCES) - 1]

    def _heard(self, document: dict[str, Any]) -> HeardClaim | None:
        looked_for = _looked_for(document)
        if looked_for is None:
            return None
        told, claim = self._told, self._told.claim_of[document["id"]]
        seen = {word.member for word in claim.words.values() if word.word is Word.SEEN}
        members = frozenset({claim.author} | seen) - {told.us}
        records = sorted((told.record(one, claim, members) for one in members), reverse=True)
        published = told.standings.get(told.indicated.get(document["id"], document["id"]))
        stopped = self._stopped(claim, document)
        one = HeardClaim(
            id=document["id"],
            about=told.indicated.get(document["id"], document["id"]),
            author=claim.author,
            confidence=document["confidence"],
            score=published.score if published else 0,
            members=members,
            record=records[min(len(records), SOURCES) - 1],
            bound=1.0,
            stopped=stopped,
            looked_for=looked_for,
        )
        words = [word for word in claim.words.values() if word.member != told.us and not told.is_deaf_to(word)]
        return one if stopped else replace(one, bound=bound_of(records, self._believed(one, words, members)))

    def _believed(self, one: HeardClaim, words: Sequence[Said], behind: frozenset[str]) -> float:
        """Its score in hundredths, as it would be without our own word."""
        record = self._told.record(one.author, self._told.claim_of[one.id], behind)
        return standing(one.author, one.confidence, record, words).score / 100

    def _stopped(self, claim: _Claim, document: dict[str, Any]) -> str:
        told, ours = self._told, claim.words.get(self._told.us)
        begins_us, ends_us = read_us(document["valid_from"]), min(told.ends(claim, document))
        reasons = (
            (claim.is_withdrawn, "it was withdrawn by its author"),
            (told.is_suspended(claim), "it is suspended, as two members dispute it"),
            (claim.ids - told.standings.keys(), "the hub tells no standing of it"),
            (not begins_us <= self._now_us < ends_us, "it has ended, or not begun"),
            (ours is not None and ours.word in _DISPUTES, "we dispute it ourselves"),
            (self._is_stale, "nothing was pulled for a day: run `stillwatch share pull`"),
        )
        return next((why for holds, why in reasons if holds), "")


def _is_supported(claim: _Claim) -> bool:
    """Whether somebody else has seen what its author told of."""
    return not claim.is_withdrawn and any(word.word is Word.SEEN for word in claim.words.values())


def bound_of(told: Iterable[float], score: float = 1.0) -> float:
    """The most that members with these records bear together, for a claim of this score (0..1); 1 for one alone."""
    records = sorted(told, reverse=True)
    if len(records) < SOURCES:
        return 1.0
    return 1.0 / (1.0 - min(records[SOURCES - 1], score, MOST_RECORD))


def _looked_for(document: dict[str, Any]) -> Signature | tuple[Tag, ...] | None:
    """None for infrastructure in clear, and for what is damaged."""
    try:
        if document["pattern_type"] == "stillwatch-skeleton":
            return Signature.decode(document["pattern"])
        found = patterns.read(document["pattern"])
    except (InputError, patterns.PatternUnknown):
        return None
    return found if isinstance(found, tuple) else None
