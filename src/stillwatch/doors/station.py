"""A gate as a host has it: made from files, kept up to date while it is in use, and asked without a risk of a hole.

Verdicts are followed within half a second of their entry in the journal; policy and keys are read again when their
files change. What cannot be read changes nothing and is logged. A gate that raises is a refusal (fails closed, 503).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.decision.core import Core, Now
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Policy
from stillwatch.doors.configuration import Door, Store
from stillwatch.errors import StillwatchError
from stillwatch.gateway.dialects.dialect import dialect_of
from stillwatch.gateway.dialects.refusals import OPENAI
from stillwatch.gateway.dialects.reply import Fault, Refused
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.guard import Answer, Passage, Request, Waiting
from stillwatch.gateway.identity import Callers
from stillwatch.gateway.keys import Keys
from stillwatch.gateway.settling import Clock, Observe
from stillwatch.limits.sharing import Sharing
from stillwatch.observing.frames import Learned, Observed
from stillwatch.observing.outbox import Outbox

if TYPE_CHECKING:
    from stillwatch.storage.shared import SharedMeters

FOLLOW_SECONDS = 0.5
"""Chosen: a verdict that is lifted is lifted within a second."""
_log = logging.getLogger(__name__)


def clock() -> Now:
    """This moment."""
    return Now(time.monotonic_ns(), time.time_ns() // 1_000)


class Station:
    """One process's gate behind a door of this `name`. Raises `StillwatchError` for files that are none.

    `observe` takes settled exchanges in the place of the observer that the door names.
    """

    def __init__(self, door: Door, name: str, clock: Clock = clock, observe: Observe | None = None) -> None:
        self.door = door
        self.clock = clock
        self._outbox = Outbox(Path(door.observer), learned=self._learned) if door.observer else None
        self._docket = Docket(Journal(Path(door.journal))) if door.journal else None
        self._seen = {file: _state(file) for file in (door.policy, door.keys) if file}
        policy = Policy.load(Path(door.policy)) if door.policy else Policy()
        self._shared = _shared(policy, door.store) if door.store.redis else None
        core = Core(policy, meters=self._shared)
        offer = observe or (self._outbox.offer if self._outbox else unobserved)
        keys = Keys.load(Path(door.keys)) if door.keys else Keys([])
        self.gate = Gate(core, keys, clock, offer, f"{name}-{secrets.token_hex(6)}", door.identity)
        self.callers = Callers(door.identity, keys)
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._follow()

    @property
    def is_up(self) -> bool:
        """Whether `start` has been awaited, and `close` has not."""
        return bool(self._tasks)

    async def start(self) -> None:
        """Keep up to date from now on, in the running loop; again changes nothing. Raises `StoreError`."""
        async with self._starting:
            if self._tasks:
                return
            if self._shared is not None:
                await self._shared.start()
            self._tasks = [asyncio.ensure_future(self._keep_up())]
            if self._outbox is not None:
                self._tasks.append(asyncio.ensure_future(self._outbox.keep_connected()))

    async def close(self) -> None:
        """Let the observer take what was settled, and stop keeping up to date."""
        if self._outbox is not None and self._outbox.is_connected:
            await self._outbox.flush()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if tasks and self._shared is not None:
            await self._shared.close()

    def asked(self, request: Request) -> Answer | Passage | Waiting:
        """What the gate says at once; a gate that fails refuses."""
        try:
            return self.gate.on_request(request)
        except Exception:  # a gate that fails lets nothing through
            return self._failed(request)

    async def ask(self, request: Request) -> Answer | Passage:
        """What the gate says, also where it has to ask a store first."""
        said = self.asked(request)
        if not isinstance(said, Waiting):
            return said
        try:
            return await said.coming
        except Exception:  # as above
            return self._failed(request)

    def _failed(self, request: Request) -> Answer:
        _log.exception("The gate failed; the request was refused")
        return self.refused(request, Fault.UNAVAILABLE)

    def refused(self, request: Request, fault: Fault, message: str = "") -> Answer:
        """A refusal of the door's own, in the dialect of the request."""
        is_anthropic = any(name.lower() == b"anthropic-version" for name, _ in request.headers)
        dialect = dialect_of(request.target.decode("ascii", "replace"), is_anthropic)
        reply = (dialect.form if dialect else OPENAI).refused(Refused(fault, message), self.clock().us)
        return Answer(reply.status, reply.headers, reply.body)

    def _learned(self, learned: Learned) -> None:
        """What the observer found new in an exchange is charged."""
        self.gate.learned(learned)

    async def _keep_up(self) -> None:
        """Files are read in a thread (a verdict may name a million accounts); what they say takes hold in the loop."""
        told = ""
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            self.gate.core.expire(self.clock())
            try:
                await asyncio.to_thread(self._follow)
                await self._reread()
                told = ""
            except (StillwatchError, OSError) as error:
                if str(error) != told:
                    _log.error("Everything stays as it was: %s", error)
                told = str(error)

    def _follow(self) -> None:
        """Hold to verdicts as they are given and lifted."""
        if self._docket is not None and self._docket.follow():
            self.gate.core.verdicts = self._docket.table(self.clock().us)

    async def _reread(self) -> None:
        """Hold to policy and keys as their files say."""
        for file in [file for file, state in self._seen.items() if _state(file) != state]:
            self._seen[file] = _state(file)
            if file == self.door.policy:
                self.gate.adopt(policy=Policy.load(Path(file)))
            else:
                self.callers.keys = keys = await asyncio.to_thread(Keys.load, Path(file))
                self.gate.adopt(keys=keys)


def _shared(policy: Policy, store: Store) -> SharedMeters:
    """Meters that processes share. The store's client loads only where it is used."""
    from stillwatch.storage.keys import Keys as StoreKeys
    from stillwatch.storage.link import Link
    from stillwatch.storage.shared import SharedMeters

    sharing = Sharing(nodes=store.nodes, open_levels=frozenset(store.open_levels))
    return SharedMeters(policy.limits, sharing, Link(store.redis, sharing.timeout_seconds), StoreKeys(store.namespace))


def unobserved(observed: Observed) -> None:
    """Nobody was named to take exchanges."""


def _state(file: str) -> tuple[int, int, int] | None:
    """What changes when a file does; None while there is none."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
