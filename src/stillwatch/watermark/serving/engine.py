"""What an engine needs to mark: keys, the scheme, and whom to believe. One TOML file for each engine.

master = "master.key"        # the provider's secret, from which all keys are derived
tickets = "tickets.key"      # what gateway and engine have in common; the gateway's [marks] names the same file
tokenizer = "9c1a..."        # SHA-256 of tokenizer.json, 64 hexadecimal digits: token numbers mean nothing without
least_nats = 0.5             # where the model is surer than this nothing is marked; 0 marks everywhere

[scheme]                     # as the detector knows it; what is left out is the default
window = 1

[unnamed]                    # a request whose ticket is missing, forged or too old
tenant = ""
epoch = 0
strength = 0.0

[served]                     # what an audit will need of marked answers (serving.served); not kept unless said
file = "served.sqlite"
secret = "served.key"
days = 30

Fails to `unnamed` and not closed: an answer without the mark that it should carry is a loss of evidence, one that does
not come is an outage. What was refused is counted and logged, without saying what it held.
"""

from __future__ import annotations

import logging
import os
import time
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import FLEET, MasterKeys
from stillwatch.watermark.scheme import Kind, Scheme
from stillwatch.watermark.serving.mark import Mark
from stillwatch.watermark.serving.served import ServedLog, ServedSettings, ServedStore
from stillwatch.watermark.ticket import FIELD, Name, Strength, Ticket, TicketInvalid, Tickets

VARIABLE = "STILLWATCH_MARKS"
"""Of the environment: where the engine's file lies. Without it an adapter that is loaded does nothing."""
_REMEMBERED = 4_096
"""Marks of accounts. Chosen: some megabytes; deriving two keys again takes 0.1 ms."""
_LOG = logging.getLogger(__name__)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not know is an error."""


class Unnamed(_Table, frozen=True):
    """How an answer is marked whose request brought no ticket."""

    tenant: Name = ""
    epoch: Annotated[int, msgspec.Meta(ge=0)] = 0
    strength: Strength = 0.0


class Settings(_Table, frozen=True):
    """The file."""

    master: str
    tickets: str
    tokenizer: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    least_nats: Annotated[float, msgspec.Meta(ge=0, le=20)] = 0.0
    scheme: Scheme = Scheme()
    unnamed: Unnamed = Unnamed()
    served: ServedSettings | None = None


class Engine:
    """Says how each request's answer is marked. One owner. `now`: seconds since 1970.

    `served` is what adapters append to, None where nothing is kept.
    """

    def __init__(
        self,
        master: MasterKeys,
        tickets: Tickets,
        settings: Settings,
        now: Callable[[], float] = time.time,
        served: ServedLog | None = None,
    ) -> None:
        self.served = served
        self.settings = settings
        self.refused = 0
        self._master = master
        self._tickets = tickets
        self._now = now
        self._marks: OrderedDict[tuple[Ticket, float], Mark] = OrderedDict()

    @classmethod
    def load(cls, file: Path) -> Engine:
        """The engine of a file; paths in it are relative to it. Raises `StillwatchError` that names what is wrong."""
        try:
            settings = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Settings)
        except OSError as error:
            raise UsageError(f"the file of marks {file} cannot be read: {error.strerror}") from None
        except (ValueError, msgspec.ValidationError) as error:
            raise UsageError(f"{file}: {error}", "See docs/watermark.md for the keys") from None
        master, shared = Secret.load_drawn(file.parent / settings.master), Secret.load(file.parent / settings.tickets)
        if master.id == shared.id:
            raise UsageError(
                f"{file}: master and tickets are one secret", "Make two: the gateway needs the second and not the first"
            )
        return cls(MasterKeys(master), Tickets(shared), settings, served=_served(settings.served, file.parent))

    @classmethod
    def of_environment(cls) -> Engine | None:
        """The engine whose file the environment names; None where it names none."""
        named = os.environ.get(VARIABLE)
        return cls.load(Path(named)) if named else None

    def red_green_only(self, server: str) -> Engine:
        """The same engine, for a server in which logits can be raised and no more. Raises `UsageError`."""
        if self.settings.scheme.kind is not Kind.RED_GREEN:
            raise UsageError(f"in {server} nothing can be drawn under a key", 'Set kind = "red-green" in [scheme]')
        return self

    def mark(self, extra: Mapping[str, object] | None, temperature: float = 1.0) -> Mark | None:
        """How the answer to a request is marked that brought these extra arguments; None for not at all.

        `temperature`: what scores are divided by after the marks, where an engine marks before it.
        """
        ticket = self._ticket((extra or {}).get(FIELD))
        if not ticket.strength:
            return None
        known = msgspec.structs.replace(ticket, expires=0), temperature or 1.0
        if known not in self._marks:
            while len(self._marks) >= _REMEMBERED:
                self._marks.popitem(last=False)
            self._marks[known] = self._made(*known)
        return self._marks[known]

    def _ticket(self, text: object) -> Ticket:
        unnamed = self.settings.unnamed
        if text is not None:
            try:
                return self._tickets.open(text, self._now())
            except TicketInvalid as error:
                self.refused += 1
                _LOG.warning("%s; the answer is marked as one of nobody", error.problem)
        return Ticket(tenant=unnamed.tenant, epoch=unnamed.epoch, strength=unnamed.strength)

    def _made(self, ticket: Ticket, temperature: float) -> Mark:
        scheme, tokenizer = self.settings.scheme, self.settings.tokenizer
        fleet = self._master.key(scheme, tokenizer, tenant=ticket.tenant, epoch=ticket.epoch)
        account = None
        if ticket.account != FLEET:
            account = self._master.key(
                scheme, tokenizer, tenant=ticket.tenant, account=ticket.account, epoch=ticket.epoch
            )
        return Mark(fleet, account, ticket.strength, self.settings.least_nats, temperature)


def _served(said: ServedSettings | None, base: Path) -> ServedLog | None:
    if said is None:
        return None
    return ServedLog(ServedStore.open(base / said.file, Secret.load(base / said.secret), said.days))
