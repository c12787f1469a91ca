"""The profile `extraction`: what a collection under the alliance's rules takes.

The same rules as at the member (`governance.rules`), applied again: a member may run other software, or none. Refused
is what breaks the form, the ground or the approvals; held for a person to read is what the lint stops, and it is never
changed. An object names its contributor as author, so nobody speaks for another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec

from stillwatch.sharing.alliance.store import AllianceStore
from stillwatch.sharing.governance.basis import Grounds
from stillwatch.sharing.governance.canonical import NotCanonical, digest
from stillwatch.sharing.governance.published import is_published
from stillwatch.sharing.governance.rules import Rules
from stillwatch.sharing.hub.admission import Answer, Decision
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.stix.extension import AUTHOR
from stillwatch.sharing.stix.identifiers import agreed

EXTRACTION = "extraction"
"""The profile's name in a seed file."""


class ExtractionAdmission:
    """Decides by the rules of the day; `grounds` is asked for each object, so that a change of it counts at once."""

    def __init__(
        self,
        store: AllianceStore,
        grounds: Callable[[], Grounds],
        members: Callable[[], tuple[str, ...]],
        today: Callable[[], date],
    ) -> None:
        self._store = store
        self._grounds = grounds
        self._members = members
        self._today = today

    def decide(self, stored: bytes, contributor: Member) -> Decision:
        """Whether an object of this contributor is taken."""
        document = msgspec.json.decode(stored)
        rules = Rules(self._grounds(), self._store.signers(contributor.name), self._members())
        try:
            of = digest(document)
        except NotCanonical as error:
            return Decision(Answer.REJECT, f"it has no canonical form: {error}")
        problem = (
            rules.objection(document, self._today())
            or _speaks_for_another(document, contributor)
            or rules.unapproved(document, self._store.approvals(contributor.name, of))
        )
        if problem:
            return Decision(Answer.REJECT, problem)
        violations = rules.violations(document)
        ends_us = rules.ends_us(document)
        if violations:
            return Decision(Answer.QUARANTINE, "; ".join(map(str, violations)), ends_us)
        return Decision(Answer.ACCEPT, ends_us=ends_us)


def _speaks_for_another(document: Mapping[str, Any], contributor: Member) -> str | None:
    """Why it is not this contributor's to say. What is published is everybody's, and so are techniques."""
    if is_published(document):
        return None
    own, kind = agreed("identity", contributor.name), document["type"]
    if kind == "identity" and (document["id"], document["name"]) != (own, contributor.name):
        return "it is another identity than the member's own, by its pseudonym"
    named = document.get("created_by_ref")
    if named is None or named == own or (kind == "attack-pattern" and named == AUTHOR):
        return None
    return "created_by_ref names another member"
