"""Everything that decides whether one object may be shared, in one order, the same at the member and at the hub.

    1. it is of the closed vocabulary          stix.bundle,
                                               codes           else refused
    2. it ends, and not too late               expiry          else refused
    3. its ground is in force for its type     basis           else refused
    4. two people approved these bytes         approval        else refused
    5. no sentence says what may not be said   lint            member: refused; hub: held for a person to read

What has a closed form and no text needs no approval: sightings, opinions without a word or with the one of an appeal, a
member's identity, a country, a technique by ATLAS's name. Withdrawing needs none either, so that nobody waits with it.
What everybody sends alike (`published`) is let through as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from msgspec import UNSET

from stillwatch.sharing.governance import basis, expiry
from stillwatch.sharing.governance.appeal import UPHELD
from stillwatch.sharing.governance.approval import Approval, NotApproved, Signer, require_approvals
from stillwatch.sharing.governance.basis import Grounds
from stillwatch.sharing.governance.codes import unknown_codes
from stillwatch.sharing.governance.lint import TECHNIQUE_NAMES, lint
from stillwatch.sharing.governance.published import is_changed, is_published
from stillwatch.sharing.governance.violation import Violation
from stillwatch.sharing.stix.bundle import BundleRefused, read_object
from stillwatch.sharing.stix.objects import (
    AttackPattern,
    Identity,
    Indicator,
    Location,
    Object,
    Observable,
    OpinionObject,
    Sighting,
    StixObject,
)
from stillwatch.sharing.taxii.timestamps import read_us

_NO_CLAIMS = frozenset({"identity", "attack-pattern", "location"})
"""Who and what objects speak of: no claim about anybody, so they stand on no ground of their own."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the alliance agreed on and who may sign. `members`: names that no sentence may hold."""

    grounds: Grounds
    signers: Mapping[str, Signer] = field(default_factory=dict)
    members: Sequence[str] = ()

    def objection(self, document: Mapping[str, Any], today: date) -> str | None:
        """Why this object may not be shared as it is (checks 1 to 3), None if it may."""
        if is_published(document):
            return None
        if is_changed(document):
            return "it has the id of a published object and says something else"
        try:
            found = read_object(document)
        except BundleRefused as refused:
            return refused.problem
        for where, why in unknown_codes(document):
            return f"{where}: {why}"
        if not isinstance(found, Object) or _kind(found) in _NO_CLAIMS:
            return None
        return self._end(found) or self._ground(found, today)

    def ends_us(self, document: Mapping[str, Any]) -> int | None:
        """When an object without objection has to be deleted, in microseconds since 1970; None: it names no end."""
        found = None if is_published(document) else read_object(document)
        until = _until(found) if isinstance(found, Object) else None
        return None if until is None else round(until.timestamp() * 1_000_000)

    def unapproved(self, document: Mapping[str, Any], approvals: Iterable[Approval]) -> str | None:
        """Why the approvals of this object are not enough (check 4), None if they are or none are needed."""
        if is_published(document) or not needs_approval(read_object(document)):
            return None
        try:
            require_approvals(document, approvals, self.signers)
        except NotApproved as error:
            return error.problem
        return None

    def violations(self, document: Mapping[str, Any]) -> list[Violation]:
        """What its sentences say that may not be said (check 5)."""
        return [] if is_published(document) else lint(document, self.members)

    def _end(self, found: Object) -> str | None:
        created, until = _time(found.created), _until(found)
        return expiry.objection(_kind(found), created, until)

    def _ground(self, found: Object, today: date) -> str | None:
        if found.extensions is UNSET:
            return "it names neither nexus nor legal basis"
        said = found.extensions.extraction
        dated = date.fromisoformat(said.legal_basis_date)
        return basis.objection(_kind(found), said.legal_basis, dated, self.grounds, today)


def needs_approval(found: StixObject) -> bool:
    """Whether two people have to have read it."""
    match found:
        case Observable():
            return True  # a domain can be a customer's
        case Identity() | Sighting():
            return False
        case Object(revoked=True):
            return False
        case Location():
            return found.name is not UNSET
        case AttackPattern():
            return found.name not in TECHNIQUE_NAMES
        case OpinionObject():
            return found.explanation not in (UNSET, UPHELD)
    return True


def _until(found: Object) -> datetime | None:
    if isinstance(found, Indicator):
        return max(_time(found.valid_until), _time(found.extensions.extraction.retention_until))
    return None if found.extensions is UNSET else _time(found.extensions.extraction.retention_until)


def _time(text: str) -> datetime:
    return datetime.fromtimestamp(read_us(text) / 1_000_000, UTC)


def _kind(found: Object) -> str:
    return str(found.__struct_config__.tag)
