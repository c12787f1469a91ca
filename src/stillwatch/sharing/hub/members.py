"""Members of a hub: organisations, known to each other by their names here, with one role each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from stillwatch.errors import UsageError
from stillwatch.sharing.hub.markings import Tlp

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")


class Role(Enum):
    """What a member may do beyond what a collection lets everybody do."""

    READER = "reader"
    """Never writes, whatever a collection says."""
    WRITER = "writer"
    ADMIN = "admin"
    """May delete what others contributed, and see what came of their posts; is shown no object above its clearance."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member. `credential` is the hash of its password, empty if it has none and comes with tokens alone."""

    name: str
    role: Role = Role.WRITER
    clearance: Tlp = Tlp.AMBER_STRICT
    credential: str = ""
    certificate: str = ""
    """SHA-256 of the client certificate that it has to come with, in hexadecimal; empty: any."""

    @property
    def is_admin(self) -> bool:
        """May see statuses of others, and delete what others contributed."""
        return self.role is Role.ADMIN


def check_name(name: str) -> str:
    """The name, if it can be one; a colon would end it in HTTP Basic (RFC 7617, 2)."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a member's name",
            "Use up to 128 letters, digits and . _ @ + -, beginning with one of the first two",
        )
    return name
