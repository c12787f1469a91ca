"""A model behind a door and a client in front of it, for the length of a test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

from stillwatch.doors.station import Station
from stillwatch.limits.limit import Measure
from stillwatch.observing.frames import Observed

from .model_server import Model

LONGEST_SECONDS = 60
"""A test that waits for what never comes fails instead of standing still."""


@dataclass
class Guarded:
    """What a test asks and looks at. `observed`: exchanges that were settled."""

    model: Model
    station: Station
    client: openai.AsyncOpenAI
    url: str
    folder: Path
    observed: list[Observed] = field(default_factory=list)

    async def ask(self, **more: Any) -> Any:
        """One chat."""
        messages = [{"role": "user", "content": "Who grinds the rye?"}]
        return await self.client.chat.completions.create(model="m", messages=messages, **more)  # type: ignore[arg-type]  # plain words for its typed ones

    def left(self, measure: Measure) -> int:
        """What the account has left of its limit."""
        ladders = self.station.gate.core.meters._ladders.values()
        (bucket,) = {b for ladder in ladders for b in ladder.buckets if b.limit.measure is measure}
        return bucket.remaining(self.station.clock().ns)

    async def until_left(self, measure: Measure, least: int, most: int) -> None:
        """Wait for what Envoy says after a stream is done."""
        while not least <= self.left(measure) <= most:
            await asyncio.sleep(0.01)

    async def settled(self) -> Observed:
        """The next exchange that is settled."""
        while not self.observed:
            await asyncio.sleep(0.005)
        return self.observed.pop(0)


Test = Callable[[Guarded], Awaitable[None]]


def behind(made: Callable[[Path], AbstractAsyncContextManager[Guarded]]) -> Callable[[Test], Callable[[Path], None]]:
    """Run a test with what `made` makes in its folder."""

    def around(test: Test) -> Callable[[Path], None]:
        def whole(tmp_path: Path) -> None:
            async def body() -> None:
                async with asyncio.timeout(LONGEST_SECONDS), made(tmp_path) as server:
                    await test(server)

            asyncio.run(body())

        whole.__name__, whole.__doc__ = test.__name__, test.__doc__
        return whole

    return around
