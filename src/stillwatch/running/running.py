"""A deployment from start to stop: its processes in order, kept alive, and ended so that nothing is lost.

Stopped from what depends to what is depended on: no new requests, answers end, what was observed is committed. A
process that dies is started again; one that cannot start the first time ends everything, with what it said.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from stillwatch.errors import UsageError
from stillwatch.ledger.lock import WriterLock
from stillwatch.running.process import Process

_POLL_SECONDS = 0.05


@asynccontextmanager
async def running(processes: Sequence[Process]) -> AsyncGenerator[None]:
    """These processes, started together, kept alive inside, and stopped one after the other, the last one first.

    Raises `NotStarted`.
    """
    keeping: list[asyncio.Task[None]] = []
    try:
        for failed in await asyncio.gather(*[process.start() for process in processes], return_exceptions=True):
            if failed is not None:
                raise failed
        keeping = [asyncio.create_task(process.keep()) for process in processes]
        yield
    finally:
        for task in keeping:
            task.cancel()
        for task in keeping:
            with suppress(asyncio.CancelledError):
                await task
        for process in reversed(processes):
            await process.stop()


async def listening(host: str, port: int, process: Process) -> None:
    """Wait until connections are taken there, as long as `process` lives."""
    while process.pid is not None:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_POLL_SECONDS)
            continue
        writer.close()
        return


@asynccontextmanager
async def only_one(home: Path) -> AsyncGenerator[None]:
    """Hold a deployment's home. Raises `UsageError` while another `stillwatch up` does."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = WriterLock(home)
    if not lock.try_acquire():
        raise UsageError(f"a deployment is running already in {home}", "Stop it, or name another --home")
    try:
        yield
    finally:
        lock.release()
