"""A member's own files: identifiers that it suspects, one JSON line each, and their tags as they are evaluated.

    {"kind": "email", "value": "alice@example.com"}          what it suspects: append to it, or take lines out
    {"line": 1, "kind": "email", "epoch": 3, "tag": "..."}   written behind what is there

Progress is what the second file holds, so a run that was stopped goes on where it was. With a new epoch every line is
evaluated again, and a line that is gone from the first file is not: that is how a suspicion that nobody stands behind
any more dies. The file of tags says nothing without the other; keep both as secret as the list of suspects itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.errors import InputError, StillwatchError, UsageError
from stillwatch.ledger.durable import write_file
from stillwatch.sharing.tags.asking import Asker, RemoteKey
from stillwatch.sharing.tags.identifier import Identifier, Kind
from stillwatch.sharing.tags.normalise import NotAnIdentifier, identifier
from stillwatch.sharing.tags.pins import Pin, Pins
from stillwatch.sharing.tags.schedule import Comparison, Slots
from stillwatch.sharing.tags.suite import Suite
from stillwatch.sharing.tags.tag_set import Tag
from stillwatch.sharing.tags.transport import HttpTransport, ServiceUnreachable
from stillwatch.sharing.tags.written import TagLine, tag_lines

_log = logging.getLogger(__name__)


class _Suspect(msgspec.Struct, frozen=True):
    kind: Kind
    value: str


class _Told(msgspec.Struct, frozen=True):
    batch_points: int
    daily_batches: int


@dataclass(frozen=True, slots=True)
class Reached:
    """Key services that agree with each other, ready to be asked."""

    asker: Asker
    daily_batches: int
    transports: tuple[HttpTransport, ...]

    def pin(self, now_s: float) -> Pin:
        """The epoch in use. Raises `EpochClosed` where no key is pinned for it."""
        return self.asker.holders[0].pins.at(now_s)


@contextmanager
def reached(services: Sequence[str], pins: Sequence[Path], tokens: Sequence[Path]) -> Iterator[Reached]:
    """Ask each service for its rules; connections close at the end.

    Raises `UsageError` where files are missing or services disagree.
    """
    if not len(services) == len(pins) == len(tokens) > 0:
        raise UsageError("each --service needs its --pins and its --token", "Give them in the same order")
    suite = Suite()
    transports = tuple(HttpTransport(s, t.read_text("utf-8").strip()) for s, t in zip(services, tokens, strict=True))
    try:
        rules = {_told(transport) for transport in transports}
        if len(rules) > 1:
            raise UsageError("the key services have different rules", "Both operators set the same batch and quota")
        told = rules.pop()
        holders = [RemoteKey(t, Pins.load(file), suite) for t, file in zip(transports, pins, strict=True)]
        yield Reached(Asker(suite, holders, told.batch_points), told.daily_batches, transports)
    finally:
        for transport in transports:
            transport.close()


def log_lines(found: Reached) -> Iterator[dict[str, object]]:
    """The first operator's log, page by page, oldest first."""
    after = 0
    while page := json.loads(found.transports[0].get(f"/v1/log?after={after}"))["batches"]:
        yield from page
        after = page[-1]["id"]


@dataclass(frozen=True, slots=True)
class Spool:
    """The two files. `source` is only read, `target` only appended to."""

    source: Path
    target: Path

    def waiting(self, epoch: int) -> list[tuple[int, Identifier]]:
        """Lines of `source` without a line in `target` for this epoch; a line that is refused gets its line here."""
        done = {found.line for found in tag_lines(self.target) if found.epoch == epoch}
        waiting, refused = [], []
        for number, suspect in _suspects(self.source):
            if number in done:
                continue
            try:
                waiting.append((number, identifier(suspect.kind, suspect.value)))
            except NotAnIdentifier as error:
                refused.append(TagLine(number, suspect.kind, epoch, refused=error.problem))
        self._append(refused)
        return waiting

    def keep(self, numbers: Sequence[int], tags: Sequence[Tag]) -> None:
        """Append the tags of these lines."""
        rows = zip(numbers, tags, strict=True)
        self._append([TagLine(number, tag.kind, tag.epoch, tag=tag.value.hex()) for number, tag in rows])

    @property
    def comparison_file(self) -> Path:
        """Beside the tags: how the last comparison of them went."""
        return self.target.with_name(f"{self.target.name}.compared")

    def comparison(self) -> Comparison:
        """The last one, or none yet. Raises `InputError` for a damaged file."""
        try:
            return msgspec.json.decode(self.comparison_file.read_bytes(), type=Comparison)
        except FileNotFoundError:
            return Comparison()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise InputError(f"{self.comparison_file} is damaged", "Compare again: stillwatch tags match") from None

    def keep_comparison(self, comparison: Comparison) -> None:
        write_file(self.comparison_file, msgspec.json.encode(comparison))

    def _append(self, lines: Sequence[TagLine]) -> None:
        if lines:
            with self.target.open("ab") as file:
                file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def run_once(spool: Spool, found: Reached, now_s: float) -> int:
    """Evaluate everything that waits, in as many batches as that takes; how many lines that were."""
    epoch = found.pin(now_s).epoch
    waiting = spool.waiting(epoch)
    for start in range(0, len(waiting), found.asker.batch_points):
        _ask(spool, found, epoch, waiting[start : start + found.asker.batch_points])
    return len(waiting)


def run_paced(
    spool: Spool, found: Reached, clock: Callable[[], float], sleep: Callable[[float], None], slots: int | None = None
) -> None:
    """One batch at each slot, for ever or for so many `slots`; a service that does not answer is asked at the next."""
    calendar = Slots(found.daily_batches)
    while slots is None or slots > 0:
        sleep(max(0.0, calendar.begins_s(calendar.number(clock()) + 1) - clock()))
        epoch = found.pin(clock()).epoch
        try:
            _ask(spool, found, epoch, spool.waiting(epoch)[: found.asker.batch_points])
        except ServiceUnreachable as error:
            _log.warning("%s", error)
        slots = None if slots is None else slots - 1


def _ask(spool: Spool, found: Reached, epoch: int, chunk: Sequence[tuple[int, Identifier]]) -> None:
    tags = found.asker.batch([one for _, one in chunk], epoch, spool.comparison().is_fruitless)
    spool.keep([number for number, _ in chunk], tags)


def _told(transport: HttpTransport) -> _Told:
    try:
        return msgspec.json.decode(transport.get("/v1/service"), type=_Told)
    except msgspec.MsgspecError:
        raise StillwatchError("the service told no rules of a key service", "Check its address") from None


def _suspects(path: Path) -> Iterator[tuple[int, _Suspect]]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line, type=_Suspect)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                kinds = ", ".join(Kind)
                raise InputError(
                    f"line {number} of {path} is no suspect",
                    f'Write {{"kind": ..., "value": ...}}, with a kind of {kinds}',
                ) from None
