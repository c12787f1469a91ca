"""Signals that end a process of a deployment, as an event of its loop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from stillwatch.gateway.parent import end_with_parent

PARENT_VARIABLE = "STILLWATCH_PARENT"
"""Set by `stillwatch up` for the processes it starts: they end with it."""


@asynccontextmanager
async def stopped_by_signal() -> AsyncGenerator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set, inside."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def end_with_starter() -> None:
    """End when the `stillwatch up` that started this process does; nothing to do where none did."""
    if parent := os.environ.get(PARENT_VARIABLE):
        end_with_parent(int(parent))
