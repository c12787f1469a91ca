"""What a gate holds to: policy, keys and verdicts, read from their files and followed as long as the gate stands.

Verdicts are in force within half a second of their entry in the journal; policy and keys are read again when their
files change. What cannot be read changes nothing: the gate goes on with what it had, and the log says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from stillwatch.decision.core import Core, Now
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Policy
from stillwatch.decision.policy_record import PolicyRecord
from stillwatch.decision.verdict import Verdict
from stillwatch.errors import StillwatchError
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import Keys
from stillwatch.gateway.settling import Clock
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.limits.meters import SWEPT_AT_ONCE, Meters
from stillwatch.telemetry.collecting import Numbers, of_policy, of_reloads, of_verdicts

FOLLOW_SECONDS = 0.5
"""Chosen: a verdict that is lifted is lifted within a second."""
SWEEP_SECONDS = 60
"""Between two looks for principals whom no limit binds any more. Chosen: the shortest window that people name.
A look at all takes a turn for each `SWEPT_AT_ONCE` of them, so a minute for 30,000; `Meters` looks as well where many
are made. One who never comes again otherwise stays until then, with 2.4 KB (measured)."""
_log = logging.getLogger(__name__)


def clock() -> Now:
    """This moment."""
    return Now(time.monotonic_ns(), time.time_ns() // 1_000)


class Rules:
    """Of one process. Without a policy nobody is limited; `keys` are followed where they are a file.

    With `records` each policy goes on record in the journal, as put there by its file's owner. Raises `StillwatchError`
    for files that are none.
    """

    def __init__(
        self,
        policy: Path | None,
        keys: Path | Keys,
        journal: Path | None,
        *,
        records: bool = False,
        clock: Clock = clock,
    ) -> None:
        self._seen = {file: _state(file) for file in (policy, keys) if isinstance(file, Path)}  # before reading
        self._policy_file = policy
        self._clock = clock
        self._docket = Docket(Journal(journal)) if journal else None
        self._record = PolicyRecord(Journal(journal)) if journal and records else None
        self.policy = self._read_policy(policy) if policy else Policy()
        self.keys = Keys.load(keys) if isinstance(keys, Path) else keys
        self._digest = _digest(policy)
        self._failures = 0
        self._swept_ns = clock().ns
        self._unswept = 0  # of the principals that the look under way is about
        self._told = ""
        self._in_force: Sequence[Verdict] = ()
        if self._docket is not None:
            self._docket.follow()
            self._in_force = self._docket.in_force(clock().us)

    def core(self, meters: Meters | None) -> Core:
        """A decision core that begins with these; a process of its own keeps count without `meters`."""
        verdicts = self._docket.table(self._clock().us) if self._docket else None
        return Core(self.policy, verdicts, meters)

    def numbers(self) -> Numbers:
        """For the metrics."""
        told = of_verdicts(self._in_force, self._docket.entries if self._docket else 0) | of_reloads(self._failures)
        return told | of_policy(self._digest) if self._digest else told

    async def followed_by(self, gate: Gate) -> None:
        """Keep a gate to them as they change, and tidy, until cancelled.

        Reading goes on in threads (a verdict may name a million accounts); what is read takes hold in the loop.
        """
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            self.tidy(gate)
            await self._verdicts(gate)
            for file in [file for file, state in self._seen.items() if _state(file) != state]:
                await self._again(gate, file)

    def tidy(self, gate: Gate) -> None:
        """Settle what nobody settled, and forget some whom no limit binds any more; also while nobody asks."""
        now, meters = self._clock(), gate.core.meters
        gate.core.expire(now)
        if self._unswept <= 0 and now.ns - self._swept_ns >= SWEEP_SECONDS * NANOSECONDS:
            self._swept_ns, self._unswept = now.ns, len(meters)
        if self._unswept > 0:
            self._unswept -= SWEPT_AT_ONCE
            meters.sweep(now.ns)

    async def _verdicts(self, gate: Gate) -> None:
        if self._docket is None:
            return
        try:
            if await asyncio.to_thread(self._docket.follow):
                now_us = self._clock().us
                self._in_force = self._docket.in_force(now_us)
                gate.core.verdicts = await asyncio.to_thread(self._docket.table, now_us)
            self._told = ""
        except (StillwatchError, OSError) as error:
            if str(error) != self._told:
                _log.error("Verdicts stay as they were: %s", error)
            self._told = str(error)

    async def _again(self, gate: Gate, file: Path) -> None:
        """Read a file that has changed; once, until it changes again."""
        self._seen[file] = _state(file)
        try:
            if file == self._policy_file:
                self.policy = await asyncio.to_thread(self._read_policy, file)
                self._digest = _digest(file)
                gate.adopt(policy=self.policy)
            else:
                self.keys = await asyncio.to_thread(Keys.load, file)
                gate.adopt(keys=self.keys)
            _log.info("%s was read again", file)
        except (StillwatchError, OSError) as error:
            self._failures += 1
            _log.error("Everything stays as it was: %s", error)

    def _read_policy(self, file: Path) -> Policy:
        """The policy, on record where that is wanted. Raises `StillwatchError`; then nothing changes."""
        if self._record is None:
            return Policy.load(file)
        try:
            owner = file.owner()
        except (OSError, KeyError):  # gone, which reading it says better; or an owner without a name
            owner = "unknown"
        return self._record.adopt(file, owner, self._clock().us)[0]


def _state(file: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None while there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _digest(file: Path | None) -> str:
    """Of a file's content; nothing where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file else ""
