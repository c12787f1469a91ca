"""What a worker follows while it works: verdicts in the journal, policy and keys in their files."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from stillwatch.decision.core import Now
from stillwatch.decision.docket import Docket
from stillwatch.decision.policy import Policy
from stillwatch.decision.policy_record import PolicyRecord
from stillwatch.decision.verdict import Verdict
from stillwatch.errors import StillwatchError
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import Keys
from stillwatch.running.deployment import Places
from stillwatch.telemetry.collecting import Numbers, of_policy, of_reloads, of_verdicts

FOLLOW_SECONDS = 0.5
"""Chosen: a verdict that is lifted is lifted within a second."""
_log = logging.getLogger(__name__)


class Adopting:
    """Follows for one worker. `docket` has been followed once already."""

    def __init__(
        self, docket: Docket, record: PolicyRecord, gate: Gate, where: Places, clock: Callable[[], Now]
    ) -> None:
        self._docket = docket
        self._record = record
        self._gate = gate
        self._where = where
        self._clock = clock
        self._in_force: Sequence[Verdict] = docket.in_force(clock().us)
        self._policy = _digest(where.policy)
        self._failures = 0

    def numbers(self) -> Numbers:
        """For the metrics."""
        told = of_verdicts(self._in_force, self._docket.entries) | of_reloads(self._failures)
        return told | of_policy(self._policy) if self._policy else told

    async def verdicts(self) -> None:
        """Hold to verdicts as they are given and lifted, until cancelled.

        Reading goes on in a thread, since a verdict may name a million accounts.
        """
        told = ""
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            try:
                if await asyncio.to_thread(self._docket.follow):
                    now = self._clock().us
                    self._in_force = self._docket.in_force(now)
                    self._gate.core.verdicts = await asyncio.to_thread(self._docket.table, now)
                told = ""
            except (StillwatchError, OSError) as error:
                if str(error) != told:
                    _log.error("Verdicts stay as they were: %s", error)
                told = str(error)

    async def files(self) -> None:
        """Hold to policy and keys as their files say, until cancelled; a file that is wrong changes nothing."""
        seen = {file: _state(file) for file in (self._where.policy, self._where.keys) if file}
        while seen:
            await asyncio.sleep(FOLLOW_SECONDS)
            for file in [file for file, state in seen.items() if _state(file) != state]:
                seen[file] = _state(file)
                try:
                    await self._read_again(file)
                    _log.info("%s was read again", file)
                except StillwatchError as error:
                    self._failures += 1
                    _log.error("Everything stays as it was: %s", error)

    async def _read_again(self, file: Path) -> None:
        if file == self._where.policy:
            self._gate.adopt(policy=await asyncio.to_thread(adopted, self._record, file, self._clock().us))
            self._policy = _digest(file)
        else:
            self._gate.adopt(keys=await asyncio.to_thread(Keys.load, file))


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


def adopted(record: PolicyRecord, file: Path, now_us: int) -> Policy:
    """The policy in `file`, on record as put there by its owner. Raises `StillwatchError`; then nothing changes."""
    try:
        owner = file.owner()
    except (OSError, KeyError):  # gone, which reading it says better; or an owner without a name
        owner = "unknown"
    return record.adopt(file, owner, now_us)[0]
