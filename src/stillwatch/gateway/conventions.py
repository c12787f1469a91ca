"""Serves conventions to those under suspicion, as the policy says: `[degrade] markers`, off unless it is said.

[markers]                    # the secret is the file of [files] markers
tenant = ""
epoch = 0                    # of the draws; raise it to draw anew
campaigns = false            # accounts of a verdict on a campaign share the campaign's draw

An account is known by its pseudonym in the ledger. Five accounts of one ring with a draw each teach a student five
things a fifth of the time; a draw for the whole campaign is not diluted, and names the campaign only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import msgspec

from stillwatch.gateway.dialects.instructing import instructed
from stillwatch.watermark.conventions import ConventionKey, instruction

_REMEMBERED = 4_096
"""Instructions. Chosen: some 4 MB; making one takes 0.2 ms."""
Name = Annotated[str, msgspec.Meta(max_length=255)]


class Markers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not know is an error."""

    tenant: Name = ""
    epoch: Annotated[int, msgspec.Meta(ge=0)] = 0
    campaigns: bool = False


class Conventions:
    """Puts an account's conventions into its requests. `pseudonym`: of an account, as hexadecimal digits.

    Whoever makes one has put the key's commitment on record.
    """

    def __init__(self, key: ConventionKey, settings: Markers, pseudonym: Callable[[str], str]) -> None:
        self._key = key
        self._settings = settings
        self._pseudonym = pseudonym
        self._text = lru_cache(_REMEMBERED)(self._made)

    def body(self, body: bytes, dialect: str, path: str, account: str, campaign: str | None, count: int) -> bytes:
        """The body as it goes on, with the first `count` conventions of who is drawn for. Raises `BadRequest`."""
        shares = campaign if self._settings.campaigns else None
        return instructed(dialect, path, body, self._text(account if shares is None else None, shares, count))

    def _made(self, account: str | None, campaign: str | None, count: int) -> str:
        who = campaign if account is None else self._pseudonym(account)
        return instruction(self._key.drawn(who or "", count))
