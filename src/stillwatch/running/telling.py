"""A process's numbers, told once a second in the run directory as long as it lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from stillwatch.running.beside import beside
from stillwatch.running.deployment import Places
from stillwatch.telemetry.collecting import Numbers
from stillwatch.telemetry.publish import PUBLISH_SECONDS, Publisher


@asynccontextmanager
async def telling(where: Places, role: str, numbers: Callable[[], Numbers]) -> AsyncGenerator[None]:
    """`numbers` once a second, and once more at the end. Raises `StillwatchError` where they cannot be kept."""
    publisher = Publisher(where.metrics, role, numbers)
    try:
        async with beside(_publish(publisher)):
            yield
    finally:
        publisher.close()


async def _publish(publisher: Publisher) -> None:
    while True:
        await asyncio.sleep(PUBLISH_SECONDS)
        publisher.publish()
