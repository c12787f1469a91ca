"""On which ground something may be shared today: legal bases with dates, and classes that are stopped.

Statutes lapse and come back (the protections of the US act of 2015 ended three times in thirteen months), so a basis is
a dated value of a file and never an assumption of the program. Removing a line stops a whole class at the next object.
Violating terms of service alone is no ground anywhere here: each object names its `nexus`.

    stopped = ["identifier-tag"]

    [basis.gdpr-6-1-f]
    title = "Legitimate interest in network and information security (GDPR, recital 49)"
    from = 2018-05-25
    until = 2027-05-25
    classes = ["campaign", "indicator", "infrastructure"]
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

from stillwatch.errors import UsageError

Name = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9.-]{0,63}$")]


class Basis(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One legal basis. In force from `since` to `until`, both days included, for objects of these types."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    since: date = msgspec.field(name="from")
    until: date
    classes: frozenset[Name]


class Grounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file. A type in `stopped` is shared on no ground at all."""

    basis: dict[Name, Basis] = {}
    stopped: frozenset[Name] = frozenset()

    @classmethod
    def load(cls, file: Path) -> Grounds:
        """Raises `UsageError` that names the file and what is wrong in it."""
        try:
            return msgspec.convert(tomllib.loads(file.read_text("utf-8")), cls, strict=True)
        except OSError as error:
            raise UsageError(f"the legal bases {file} cannot be read: {error.strerror}") from None
        except (ValueError, msgspec.ValidationError) as error:
            raise UsageError(f"{file}: {error}", "See docs/governance.md for the keys") from None


def objection(kind: str, basis: str, dated: date, grounds: Grounds, today: date) -> str | None:
    """Why an object of type `kind` may not be shared today on the basis it names, dated when it was claimed."""
    if kind in grounds.stopped:
        return f"sharing of every {kind} is stopped"
    named = grounds.basis.get(basis)
    if named is None:
        return f"{basis} is no legal basis that the policy knows"
    if kind not in named.classes:
        return f"{basis} is no ground for a {kind}"
    if not named.since <= today <= named.until:
        return f"{basis} is in force from {named.since} to {named.until} and not on {today}"
    if not named.since <= dated <= today:
        return f"the date of {basis}, {dated}, is not between its beginning and today"
    return None
