"""Limits that several processes and machines share, behind the same `Meters` that one process uses alone.

A task of the node's event loop reports and asks every `interval_seconds`, and at once when a request finds its leases
short. Nothing on the way of a request waits for the store, but for a request that needs more than its node holds: that
one waits for one exchange, at most `timeout_seconds` and what an exchange that is under way still takes. Time in which
the node itself stood still is not the store's (`patience`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from stillwatch.errors import StoreError
from stillwatch.limits.ladder import OUTPUT, Costs, Ladder
from stillwatch.limits.lease import Lease
from stillwatch.limits.leased import LeasedLadder
from stillwatch.limits.limit import Limit
from stillwatch.limits.meters import Held, Meters
from stillwatch.limits.sharing import Sharing
from stillwatch.storage.keys import Keys
from stillwatch.storage.link import Link, Unreachable
from stillwatch.storage.node import Node, Want

_log = logging.getLogger(__name__)

MOST_DOUBLINGS = 30
"""Of the pause between tries. Chosen: beyond what `retry_seconds` allows; a store may be away for days."""


class SharedMeters(Meters):
    """Meters whose buckets are leases. `fault` says what keeps the node from its store, None when nothing does."""

    def __init__(
        self,
        limits: Iterable[Limit],
        sharing: Sharing,
        link: Link,
        keys: Keys | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._keys = keys or Keys()
        self.node = Node(sharing, self._keys)
        super().__init__(limits, clock)
        self.fault: StoreError | Unreachable | None = None
        self._link = link
        self._answers: dict[Want, asyncio.Future[None]] = {}
        self._is_wanted = asyncio.Event()
        self._failures = 0  # in a row
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the others. Raises `StoreError` where a person must help; a store that is away is waited for."""
        await self._exchange()
        if isinstance(self.fault, StoreError):
            raise self.fault
        self._task = asyncio.create_task(self._keep_in_touch())

    async def close(self) -> None:
        """Report what was spent, return what was not, and leave."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.node.let_go()
        while self.node.is_dirty and not self.node.contact.is_down:
            await self._exchange()
        if not self.node.contact.is_down:
            await self._attempt(self._leave)
        await self._link.close()

    async def lease(self, ladder: Ladder, costs: Costs) -> None:
        """Wait until the store was asked for what these costs need, or cannot be; then `admit` knows."""
        if self.node.contact.is_down or not isinstance(ladder, LeasedLadder):
            return
        want = self.node.want(ladder, costs)
        self._answers[want] = asyncio.get_running_loop().create_future()
        self._is_wanted.set()
        await self._answers[want]

    def ask_ahead(self, ladder: Ladder, costs: Costs) -> None:
        """Ask the store now for what these costs will need, unless it is away; nobody waits for the answer."""
        if self.node.contact.is_down or not isinstance(ladder, LeasedLadder):
            return
        if (short := ladder.short_of(costs[OUTPUT])) is not None:
            self.node.want(short, costs)
            self._is_wanted.set()

    def _new(self, limit: Limit, name: str) -> Held:
        return Lease(limit, self._keys.of(limit, name))

    def _ladder_of(self, held: Sequence[Held]) -> Ladder:
        return LeasedLadder(self.node.contact, [lease for lease in held if isinstance(lease, Lease)])

    async def _keep_in_touch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(0 if self.node.is_dirty and self.node.has_wants else self._pause()):
                    await self._is_wanted.wait()
            except TimeoutError:
                pass
            self._is_wanted.clear()
            await self._exchange()

    def _pause(self) -> float:
        """Seconds to the next exchange: longer each time that the store is away, for it may have been late once."""
        sharing = self.node.sharing
        if not self._failures:
            return sharing.interval_seconds
        doublings = min(self._failures - 1, MOST_DOUBLINGS)
        return min(sharing.interval_seconds * float(1 << doublings), sharing.retry_seconds)

    async def _exchange(self) -> None:
        await self._attempt(self._synchronise)

    async def _attempt(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
            self.fault, self._failures = None, 0
        except (Unreachable, StoreError) as error:
            self._failed(error)
        except Exception as error:  # a fault of ours: were the task to end by it, requests would wait for ever
            _log.exception("An exchange with the store failed")
            await self._link.close()
            self._failed(Unreachable(type(error).__name__))

    def _failed(self, error: Unreachable | StoreError) -> None:
        self.fault = error
        self._failures += 1
        self._resolve(self.node.failed())

    async def _synchronise(self) -> None:
        if not self.node.number:
            await self._join()
        batch = self.node.batch(self.clock())
        reply = await self._link.ask(batch.sent)
        if reply is None:  # the store took this node for dead, or lost its data
            await self._join()
            batch = self.node.batch(self.clock())
            reply = await self._link.ask(batch.sent)
        if not isinstance(reply, bytes) or len(reply) != batch.answer_bytes:
            await self._link.close()
            raise Unreachable("a reply that is none")
        self._resolve(self.node.answered(reply, self.clock()))

    async def _join(self) -> None:
        built = self.clock()
        reply = await self._link.ask(self.node.join())
        if not isinstance(reply, list):
            raise StoreError(
                f"{self.node.sharing.nodes} nodes share these limits already",
                "Let all nodes be configured with the most that will run at a time",
            )
        number, epoch, last = reply
        known = [held for held in self._held.values() if isinstance(held, Lease)]
        self.node.joined(number, epoch, last, built, known)

    async def _leave(self) -> None:
        await self._link.ask(self.node.leave())

    def _resolve(self, wants: Iterable[Want]) -> None:
        for want in wants:
            answer = self._answers.pop(want, None)
            if answer is not None and not answer.done():
                answer.set_result(None)
