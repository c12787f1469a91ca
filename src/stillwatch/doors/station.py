"""A gate as a host has it: made from files, kept up to date while it is in use, and asked without a risk of a hole.

A gate that raises is a refusal (fails closed, 503).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from pathlib import Path

from stillwatch.doors.configuration import Door
from stillwatch.gateway.dialects.dialect import dialect_of
from stillwatch.gateway.dialects.refusals import OPENAI
from stillwatch.gateway.dialects.reply import Fault, Refused
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.guard import Answer, End, Passage, Request, Waiting
from stillwatch.gateway.identity import Caller, Callers
from stillwatch.gateway.keys import Keys
from stillwatch.gateway.settling import Clock, Observe
from stillwatch.guarding.rules import Rules, clock
from stillwatch.guarding.store import shared_meters
from stillwatch.observing.frames import Learned, Observed
from stillwatch.observing.outbox import Outbox

_log = logging.getLogger(__name__)


class Station:
    """One process's gate behind a door of this `name`. Raises `StillwatchError` for files that are none.

    `observe` takes settled exchanges in the place of the observer that the door names.
    """

    def __init__(self, door: Door, name: str, clock: Clock = clock, observe: Observe | None = None) -> None:
        self.door = door
        self.clock = clock
        self._outbox = Outbox(Path(door.observer), learned=self._learned) if door.observer else None
        policy, journal = (Path(file) if file else None for file in (door.policy, door.journal))
        self._rules = Rules(policy, Path(door.keys) if door.keys else Keys([]), journal, clock=clock)
        self._shared = shared_meters(self._rules.policy, door.store)
        offer = observe or (self._outbox.offer if self._outbox else unobserved)
        called = f"{name}-{secrets.token_hex(6)}"
        self.gate = Gate(self._rules.core(self._shared), self._rules.keys, clock, offer, called, door.identity)
        self._callers = Callers(door.identity, self._rules.keys)
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()

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
            self._tasks = [asyncio.ensure_future(self._rules.followed_by(self.gate))]
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

    def caller(self, request: Request) -> Caller | None:
        """Who asks, by the keys that are in force; None for nobody that is known."""
        self._callers.keys = self._rules.keys
        return self._callers.caller(request, dict(request.headers))

    def refused(self, request: Request, fault: Fault, message: str = "") -> Answer:
        """A refusal of the door's own, in the dialect of the request."""
        is_anthropic = any(name.lower() == b"anthropic-version" for name, _ in request.headers)
        dialect = dialect_of(request.target.decode("ascii", "replace"), is_anthropic)
        reply = (dialect.form if dialect else OPENAI).refused(Refused(fault, message), self.clock().us)
        return Answer(reply.status, reply.headers, reply.body)

    def _learned(self, learned: Learned) -> None:
        """What the observer found new in an exchange is charged."""
        self.gate.learned(learned)


async def delayed(passage: Passage) -> None:
    """Wait as long as the policy wants; whoever leaves meanwhile has used nothing."""
    try:
        await asyncio.sleep(passage.delay_seconds)
    except asyncio.CancelledError:
        if passage.observer is not None:
            passage.observer.on_end(End.NOT_SENT, 0)
        raise


def unobserved(observed: Observed) -> None:
    """Nobody was named to take exchanges."""
