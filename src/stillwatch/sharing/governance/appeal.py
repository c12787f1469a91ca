"""An appeal that was upheld at one member, as the others hear of it: what it concerns, and who has to look again.

A party that a claim concerned objects at the address that every object names; the member that hears it looks at its own
evidence. Where the objection holds, its own claims are withdrawn and others' are disputed in one fixed sentence, which
names nobody. Each member that acted on such a claim is told to look again, and decides for itself.

With a campaign go the indicators that its author says indicate it: what is wrong with the campaign is wrong with each
of them, and what is wrong with one indicator with that one alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.sharing.governance.transparency import CLAIMS
from stillwatch.sharing.taxii.timestamps import read_us

UPHELD = "A party concerned objected, and the objection was upheld."
"""The explanation of such an opinion. Fixed, so that it goes out at once, without two people's approval."""
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Review:
    """A claim that this member acted on and has to look at again. `own`: what of its own the claim concerns."""

    id: str
    own: tuple[str, ...]
    why: str


class Alliance:
    """What an alliance published, as one member holds it: the newest version of each object."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = {str(one["id"]): one for one in documents}
        self._indicators: dict[str, list[str]] = defaultdict(list)
        for one in self._of("relationship"):
            self._relate(one)

    def concerned(self, id: str) -> list[Document]:
        """The claim and what rests on it, as far as it stands; nothing for what is no claim or is not here."""
        found = [self._documents[one] for one in (id, *self._indicators[id]) if one in self._documents]
        return [one for one in found if one["type"] in CLAIMS and one.get("revoked") is not True]

    def reviews(self, acted: Mapping[str, Sequence[str]], suspended: Collection[str], us: str) -> list[Review]:
        """Which of the claims that we `acted` on we have to look at again, by id; `us`: our identity."""
        why = dict(self._troubled(suspended, us))
        for id in tuple(why):
            for one in self._indicators[id]:
                why.setdefault(one, why[id])
        return [Review(id, tuple(own), why[id]) for id, own in sorted(acted.items()) if id in why]

    def _troubled(self, suspended: Collection[str], us: str) -> Iterator[tuple[str, str]]:
        """What happened to a claim, the gravest last."""
        yield from ((id, "two members dispute it, and it is suspended") for id in suspended)
        for one in self._of("opinion"):
            if one.get("explanation") == UPHELD and one["created_by_ref"] != us:
                for id in one["object_refs"]:
                    if self._is_of_this_version(one, id):
                        yield id, "another member upheld an objection to it"
        for claim in self._of(*CLAIMS):
            if claim.get("revoked") is True and claim["created_by_ref"] != us:
                yield claim["id"], "its author withdrew it"

    def _is_of_this_version(self, opinion: Document, id: str) -> bool:
        """What was said of an older version is answered by the newer one."""
        known = self._documents.get(id)
        return known is not None and read_us(opinion["modified"]) >= read_us(known["modified"])

    def _relate(self, one: Document) -> None:
        source, target = (self._documents.get(one[name]) for name in ("source_ref", "target_ref"))
        if one["relationship_type"] != "indicates" or one.get("revoked") is True or source is None or target is None:
            return
        authors = {each["created_by_ref"] for each in (one, source, target)}
        if source["type"] == "indicator" and len(authors) == 1:
            self._indicators[target["id"]].append(source["id"])

    def _of(self, *types: str) -> Iterator[Document]:
        return (one for one in self._documents.values() if one["type"] in types)
