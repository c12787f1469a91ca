"""Tells the engine how each answer is marked: a sealed ticket in place of whatever the client sent under that name.

[marks]                      # the file of [files] tickets is what gateway and engine have in common
tenant = ""
epoch = 0                    # of the keys; raise it to change them
strength = 0.0               # for everybody; what the policy says of an account at a step comes first
accounts = false             # also under a key of the account's own, known by its pseudonym
campaigns = false            # likewise under a key that all accounts of a campaign share, in the place of their own
vllm = false                 # the engine is vLLM: the ticket goes into `vllm_xargs` as well
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import msgspec

from stillwatch.gateway.dialects.asked import ARGUMENTS
from stillwatch.gateway.dialects.members import folded, members
from stillwatch.gateway.guard import Header
from stillwatch.watermark.ticket import (
    FIELD,
    LIFETIME_SECONDS,
    STRONGEST,
    Name,
    Strength,
    Ticket,
    Tickets,
    campaign_name,
    with_ticket,
)

_ARGUMENTS = ARGUMENTS.decode()
_KNOWN = folded(_ARGUMENTS)
_KNOWN_ARGUMENTS = folded(FIELD)
_DIALECTS = frozenset({"openai_chat", "openai_completions", "openai_responses"})
"""In whose bodies vLLM takes arguments for its processors."""
_STEP_SECONDS = 60
"""Tickets end on whole minutes, so that an account's requests of a minute share one."""
_REMEMBERED = 4_096
"""Tickets. Chosen: under a megabyte; sealing one takes some 20 microseconds."""


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not know is an error."""

    tenant: Name = ""
    epoch: Annotated[int, msgspec.Meta(ge=0)] = 0
    strength: Strength = 0.0
    accounts: bool = False
    campaigns: bool = False
    vllm: bool = False


class Marking:
    """Makes tickets. `pseudonym`: of an account; None where accounts have no keys of their own."""

    def __init__(self, tickets: Tickets, marks: Marks, pseudonym: Callable[[str], str] | None = None) -> None:
        self._tickets = tickets
        self._marks = marks
        self._pseudonym = pseudonym
        self._sealed = lru_cache(_REMEMBERED)(self._seal)

    def ticket(self, account: str, strength: float | None, now_seconds: int, campaign: str | None = None) -> str:
        """The ticket of a request. `strength`: what the policy says of its account, None for nothing. `campaign`: whose
        the account is.
        """
        given = self._marks.strength if strength is None else min(strength, STRONGEST)
        end = (now_seconds + LIFETIME_SECONDS) // _STEP_SECONDS * _STEP_SECONDS + _STEP_SECONDS
        shared = campaign if self._marks.campaigns else None
        return self._sealed(account if self._pseudonym and not shared else "", shared, given, end)

    def body(self, body: bytes, dialect: str, ticket: str) -> bytes:
        """The body as it goes on. Raises `BadRequest`."""
        return with_argument(body, dialect, ticket if self._marks.vllm else None)

    def _seal(self, account: str, campaign: str | None, strength: float, end: int) -> str:
        name = self._pseudonym(account) if self._pseudonym and account else ""
        name, marks = campaign_name(campaign) if campaign else name, self._marks
        return self._tickets.seal(
            Ticket(tenant=marks.tenant, account=name, epoch=marks.epoch, strength=strength, expires=end)
        )


def without_ticket(headers: list[Header]) -> list[Header]:
    """Header fields without a ticket that the client sent."""
    return with_ticket(headers, None)


def with_argument(body: bytes, dialect: str, ticket: str | None) -> bytes:
    """A body whose `vllm_xargs` hold this ticket and no other; None for no ticket at all. The same object where nothing
    changes.

    Raises `BadRequest` for arguments that are no object, or in which a name could be read in two ways.
    """
    if dialect not in _DIALECTS or (ticket is None and ARGUMENTS not in body):
        return body
    given = members(body, _KNOWN)
    held = given.raw(_ARGUMENTS)
    if ticket is None and not held:
        return body
    arguments = members(held or b"{}", _KNOWN_ARGUMENTS, _ARGUMENTS)
    return given.edited({_ARGUMENTS: arguments.edited({FIELD: None if ticket is None else b'"%b"' % ticket.encode()})})
