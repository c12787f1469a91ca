"""Tickets: what the gateway tells the engine of a request's marks, sealed so that nobody else can say it.

An engine has to know under whose key an answer is marked, and a client must have no say in that. So the gateway seals
tenant, account, epoch and strength under a key that only it and the engine hold (AES-SIV, RFC 5297, with 256-bit keys),
and the engine believes nothing else. Sealing draws no random numbers: the same ticket has the same text, which shows
that two requests are alike and nothing more, and no number of tickets under one key weakens it in practice.

Not bound to one request: whoever reads a ticket on its way can use it until it expires, so gateway and engine talk over
a private network or TLS, and the engine is reached through the gateway only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.pseudonym import Secret

FIELD = "stillwatch_ticket"
"""The ticket's name in a body: in vLLM's `vllm_xargs`."""
HEADER = b"X-Stillwatch-Ticket"
"""The ticket's name among header fields."""
LIFETIME_SECONDS = 3_600
"""Chosen: longer than an answer takes with its wait in the queue, since an engine that sets an answer aside reads its
ticket again; short enough that a ticket from a log is worth nothing the next day."""
LONGEST_BYTES = 1_024
"""Of a ticket's text. What is longer is none: names in it have at most 255 bytes each."""
STRONGEST = 20.0
"""Logits. Chosen: far beyond what leaves text readable, so more is a mistake."""
_ASSOCIATED = [b"stillwatch/mark-ticket/1"]
_KEY_BYTES = 64
_CAMPAIGN = "campaign:"
_LONGEST_NAME = 200
"""Bytes of a campaign's name. Chosen: below what a key's field and a ticket take."""

Strength = Annotated[float, msgspec.Meta(ge=0, le=STRONGEST)]
Name = Annotated[str, msgspec.Meta(max_length=255)]
Header = tuple[bytes, bytes]


class TicketInvalid(StillwatchError):
    """A ticket is damaged, forged, sealed under another key, or too old. Says nothing of what is in it."""


class Ticket(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """How one answer is marked. `account`: a pseudonym, empty for the fleet's key alone; `strength` in logits.

    `expires`: seconds since 1970, after which it is none.
    """

    tenant: Name = ""
    account: Name = ""
    epoch: Annotated[int, msgspec.Meta(ge=0)] = 0
    strength: Strength = 0.0
    expires: int = 0


class Tickets:
    """Seals and opens tickets under one key, which the gateway and the engine derive from one secret file."""

    def __init__(self, shared: Secret) -> None:
        self._cipher = AESSIV(shared.derive("stillwatch/mark-tickets/1", _KEY_BYTES))

    def seal(self, ticket: Ticket) -> str:
        """The ticket as letters, digits, `-` and `_`. Raises `UsageError` for one that would be too long."""
        sealed = self._cipher.encrypt(msgspec.msgpack.encode(ticket), _ASSOCIATED)
        text = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
        if len(text) > LONGEST_BYTES:
            raise UsageError(f"a ticket has {len(text)} bytes", f"Keep names short: {LONGEST_BYTES} is the most")
        return text

    def open(self, text: object, now_seconds: float) -> Ticket:
        """The ticket, checked in this order: its form, its seal, its fields, its time. Raises `TicketInvalid`."""
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_BYTES or not text.isascii():
            raise TicketInvalid("what stands in the place of a ticket is none")
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            ticket = msgspec.msgpack.decode(self._cipher.decrypt(sealed, _ASSOCIATED), type=Ticket)
        except (binascii.Error, ValueError, InvalidTag, msgspec.MsgspecError):
            raise TicketInvalid("a ticket is damaged, forged or sealed under another key") from None
        if ticket.expires <= now_seconds:
            raise TicketInvalid("a ticket has expired", "See that the clocks of gateway and engine agree")
        return ticket


def campaign_name(campaign: str) -> str:
    """What stands in the place of an account where a campaign's accounts share a key: never an account's pseudonym.

    A name that no ticket could hold is told by its SHA-256.
    """
    name = _CAMPAIGN + campaign
    return name if len(name.encode()) <= _LONGEST_NAME else _CAMPAIGN + hashlib.sha256(campaign.encode()).hexdigest()


def with_ticket(headers: Iterable[Header], sealed: str | None) -> list[Header]:
    """Header fields with this ticket and no other: whatever a client sent in its place is gone, in any spelling."""
    name = HEADER.lower()
    kept = [field for field in headers if field[0].lower().replace(b"_", b"-") != name]
    return kept if sealed is None else [*kept, (HEADER, sealed.encode())]
