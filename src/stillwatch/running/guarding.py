"""A worker's guard with everything on: policy, keys, verdicts that are followed, limits, observation.

Policy and keys are read again when their files change, and verdicts within half a second of their entry in the journal.
What cannot be read changes nothing: the worker goes on with what it had, and says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from stillwatch.decision.core import Core, Now
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Policy
from stillwatch.errors import StillwatchError
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.observing.outbox import Outbox
from stillwatch.running.deployment import Deployment, Places

FOLLOW_SECONDS = 0.5
"""Chosen: a verdict that is lifted is lifted within a second."""
_log = logging.getLogger(__name__)


class AnyKey(Keys):
    """Who presents a key is a customer, whom its digest names; whether the key is good, the upstream says."""

    def __init__(self) -> None:
        super().__init__([])

    def holder(self, key: bytes) -> KeyHolder | None:
        if not key:
            return None
        digest = hashlib.sha256(key).hexdigest()
        return KeyHolder(digest, f"key-{digest[:16]}")


def clock() -> Now:
    """This moment."""
    return Now(time.monotonic_ns(), time.time_ns() // 1_000)


@asynccontextmanager
async def guarding(deployment: Deployment, where: Places) -> AsyncGenerator[Gate]:
    """The guard of one worker, as long as it lives. Raises `StillwatchError` for files that are none."""
    docket = Docket(Journal(where.journal))
    docket.follow()
    policy = Policy.load(where.policy) if where.policy else Policy()
    keys = Keys.load(where.keys) if where.keys else AnyKey()
    outbox = Outbox(where.socket)
    async with AsyncExitStack() as stack:
        core = Core(policy, docket.table(clock().us))
        gate = Gate(core, keys, clock, outbox.offer, f"{os.getpid()}-{time.time_ns():x}")
        await stack.enter_async_context(_kept_up(outbox.keep_connected))
        await stack.enter_async_context(_kept_up(lambda: _follow(docket, core)))
        await stack.enter_async_context(_kept_up(lambda: _reread(gate, where)))
        yield gate
        await outbox.flush()


@asynccontextmanager
async def _kept_up(work: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """Work that goes on beside the path until this is left."""
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(docket: Docket, core: Core) -> None:
    """Hold to verdicts as they are given and lifted. Reading goes on in a thread: a verdict may name a million."""
    told = ""
    while True:
        await asyncio.sleep(FOLLOW_SECONDS)
        try:
            if await asyncio.to_thread(docket.follow):
                core.verdicts = await asyncio.to_thread(docket.table, clock().us)
            told = ""
        except (StillwatchError, OSError) as error:
            if str(error) != told:
                _log.error("Verdicts stay as they were: %s", error)
            told = str(error)


async def _reread(gate: Gate, where: Places) -> None:
    """Hold to policy and keys as their files say; a file that is wrong changes nothing."""
    seen = {file: _state(file) for file in (where.policy, where.keys) if file}
    while seen:
        await asyncio.sleep(FOLLOW_SECONDS)
        for file in [file for file, state in seen.items() if _state(file) != state]:
            seen[file] = _state(file)
            try:
                if file == where.policy:
                    gate.adopt(policy=Policy.load(file))
                else:
                    gate.adopt(keys=await asyncio.to_thread(Keys.load, file))
                _log.info("%s was read again", file)
            except StillwatchError as error:
                _log.error("Everything stays as it was: %s", error)


def _state(file: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None while there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
