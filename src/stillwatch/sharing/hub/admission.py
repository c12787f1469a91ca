"""Which objects a collection takes, beyond that they are well formed: one `Admission` for each profile.

`open` takes any valid STIX. Profiles with rules of their own implement the protocol and are handed to the application
by name; a collection whose profile nobody implements is not written to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from stillwatch.sharing.hub.members import Member

OPEN = "open"


class Answer(Enum):
    """What to do with an object."""

    ACCEPT = "accept"
    REJECT = "reject"
    QUARANTINE = "quarantine"
    """Kept where no member sees it until a person has looked; the status says that it is pending."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, and the reason, which the contributor is told.

    `ends_us`: when an object that is kept has to be deleted, in microseconds since 1970; None: not by these rules.
    """

    answer: Answer
    reason: str = ""
    ends_us: int | None = None


ACCEPTED = Decision(Answer.ACCEPT)


class Admission(Protocol):
    """Decides about one object, a JSON object as compact bytes, that is well formed and came from this member."""

    def decide(self, stored: bytes, contributor: Member) -> Decision: ...


class OpenAdmission:
    """Any valid STIX object is taken, whatever its custom types and properties."""

    def decide(self, stored: bytes, contributor: Member) -> Decision:
        """Always accept."""
        return ACCEPTED
