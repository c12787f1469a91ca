"""From a posted envelope to its status: read, ask the collection's admission, work out who may see it, add.

Objects stand and fall one by one; the order of the envelope does not matter for markings, so a definition may come
after what it marks.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stillwatch.sharing.hub.admission import Admission, Answer
from stillwatch.sharing.hub.definitions import ForgedMarking, meaning_of
from stillwatch.sharing.hub.markings import TLP_IDS, Meaning, Visibility, visibility
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.stix_object import NotStix, StixObject, read_object
from stillwatch.sharing.hub.store import Added, Collection, Entry, Store
from stillwatch.sharing.taxii.envelope import cut
from stillwatch.sharing.taxii.faults import forbidden
from stillwatch.sharing.taxii.status import Fate, Outcome, status_resource
from stillwatch.sharing.taxii.timestamps import write_us

_THERE = "This version is in the collection already; what was stored first stays"
_DEFINED = "forged marking: this one is defined already, and definitions do not change; make one with another id"
_ALONE = "Stored, but a marking of it is not defined here, so only you see it"


@dataclass(frozen=True, slots=True)
class _Refused:
    """An object that is not taken."""

    id: str
    version: str
    reason: str


class Posting:
    """Posts envelopes into collections; blocking, and safe for threads."""

    def __init__(self, store: Store, admissions: Mapping[str, Admission], now_us: Callable[[], int]) -> None:
        self._store = store
        self._admissions = admissions
        self._now_us = now_us

    def post(self, collection: Collection, member: Member, body: bytes) -> bytes:
        """The status resource, which is kept; raises a fault (403, 422) if nothing of the body can be looked at."""
        admission = self._admissions.get(collection.profile)
        if admission is None:
            raise forbidden(f"write here: this hub has no rules for the profile {collection.profile!r}")
        now_us, status_id = self._now_us(), str(uuid.uuid4())
        read = [_read(raw, number, write_us(now_us)) for number, raw in enumerate(cut(body), start=1)]
        taken = self._marked(read, collection, member, admission)
        entries = [one for one in taken if isinstance(one, Entry)]

        def conclude(added: Sequence[Added]) -> bytes:
            return status_resource(status_id, now_us, _outcomes(taken, iter(added)))

        return self._store.add(collection, entries, now_us, member.name, status_id, conclude)

    def _marked(
        self, read: Sequence[StixObject | _Refused], collection: Collection, member: Member, admission: Admission
    ) -> list[Entry | _Refused]:
        named = {id for one in read if isinstance(one, StixObject) for id in (one.id, *one.marking_ids)}
        known = self._known(collection.root, named - TLP_IDS.keys(), member)
        checked = _defined(read, known)
        return [_entry(one, known, member, admission) if isinstance(one, StixObject) else one for one in checked]

    def _known(self, root: str, ids: set[str], member: Member) -> dict[str, Meaning | None]:
        """What markings mean in objects of this member: TLP's, its own, and the operator's, which come first."""
        definitions = [
            definition
            for definition in self._store.definitions(root, sorted(filter(_is_marking, ids)))
            if definition.contributor in ("", member.name)
        ]
        definitions.sort(key=lambda definition: definition.contributor == "")
        return {definition.id: definition.meaning for definition in definitions} | {
            id: Meaning(level) for id, level in TLP_IDS.items()
        }


def _is_marking(id: str) -> bool:
    return id.startswith("marking-definition--")


def _read(raw: bytes, number: int, now: str) -> StixObject | _Refused:
    try:
        return read_object(raw)
    except NotStix as error:
        return _Refused(error.id or f"object {number} of the envelope", error.version or now, error.reason)


def _defined(read: Sequence[StixObject | _Refused], known: dict[str, Meaning | None]) -> list[StixObject | _Refused]:
    """The same, with definitions refused that are forged or would change one that stands; the others become known."""
    checked: list[StixObject | _Refused] = []
    for one in read:
        if isinstance(one, _Refused) or not _defines(one):
            checked.append(one)
            continue
        try:
            known[one.id] = _unchanged(meaning_of(one.document), one.id, known)
            checked.append(one)
        except ForgedMarking as error:
            checked.append(_Refused(one.id, one.version, f"forged marking: {error}"))
    return checked


def _unchanged(meaning: Meaning | None, id: str, known: Mapping[str, Meaning | None]) -> Meaning | None:
    if id in known and known[id] != meaning:
        raise ForgedMarking("this one is defined already, and definitions do not change; make one with another id")
    return meaning


def _entry(
    one: StixObject, known: Mapping[str, Meaning | None], member: Member, admission: Admission
) -> Entry | _Refused:
    decision = admission.decide(one.stored, member)
    if decision.answer is Answer.REJECT:
        return _Refused(one.id, one.version, decision.reason)
    meaning = known.get(one.id) if _defines(one) else None
    seen_by = visibility_of(one, meaning, known, member.name)
    held_for = decision.reason or "held for review" if decision.answer is Answer.QUARANTINE else ""
    version = (one.version, one.version_us)
    return Entry(one.id, one.type, one.spec, *version, seen_by, one.stored, meaning, held_for, decision.ends_us)


def visibility_of(
    one: StixObject, meaning: Meaning | None, known: Mapping[str, Meaning | None], contributor: str
) -> Visibility:
    """Who may see it. A definition with an audience is for that audience, as it names members."""
    own = [meaning] if meaning is not None and meaning.audience is not None else []
    return visibility([*own, *(known.get(id) for id in one.marking_ids)], contributor)


def _defines(one: StixObject) -> bool:
    return one.type == "marking-definition"


def _outcomes(taken: Sequence[Entry | _Refused], added: Iterator[Added]) -> Iterator[Outcome]:
    for one in taken:
        if isinstance(one, _Refused):
            yield Outcome(one.id, one.version, Fate.FAILURE, one.reason)
            continue
        became = next(added)
        if one.held_for:
            yield Outcome(one.id, became.version, Fate.PENDING, one.held_for)
        elif became.was_there:
            yield Outcome(one.id, became.version, Fate.SUCCESS, _THERE)
        else:
            yield Outcome(one.id, became.version, Fate.SUCCESS, "" if one.visibility.is_understood else _ALONE)
