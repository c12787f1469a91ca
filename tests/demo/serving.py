"""Our model server for the length of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from stillwatch.demo.model import serve
from stillwatch.demo.provider.connection import Pace

AT_ONCE = Pace()


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run an asynchronous test on the loop that the server runs on."""
    uvloop.run(test)


@asynccontextmanager
async def model(pace: Pace = AT_ONCE, seed: int = 1) -> AsyncIterator[str]:
    """Its address, as `http://127.0.0.1:PORT`."""
    stop = asyncio.Event()
    listening = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve("127.0.0.1", 0, stop, pace=pace, seed=seed, listening=listening))
    try:
        yield f"http://127.0.0.1:{await listening}"
    finally:
        stop.set()
        await task
