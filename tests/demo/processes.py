"""Parts of the demonstration as processes of their own, for the length of a test."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_POPULATION = """
import asyncio, signal, sys
from pathlib import Path
import uvloop
from stillwatch.demo.population import run

async def live():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), stop, rate=float(sys.argv[4]), campaign_after=0.0)

uvloop.run(live())
"""


@asynccontextmanager
async def model_process() -> AsyncIterator[int]:
    """`stillwatch model` on a free port, told by its first line."""
    command = ("-m", "stillwatch.cli.main", "model", "--port", "0", "--tokens-a-second", "0", "--first-seconds", "0")
    started = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert started.stdout is not None
    said = (await started.stdout.readline()).decode()
    try:
        yield int(said.rstrip(".\n").rpartition(":")[2])
    finally:
        started.send_signal(signal.SIGTERM)
        assert await started.wait() == os.EX_OK


@asynccontextmanager
async def population_process(url: str, directory: Path, status_file: Path, rate: float) -> AsyncIterator[None]:
    """A population that lives, stopped as a deployment stops its parts."""
    arguments = (url, directory, status_file, rate)
    started = await asyncio.create_subprocess_exec(sys.executable, "-c", _POPULATION, *map(str, arguments))
    try:
        yield
    finally:
        started.send_signal(signal.SIGTERM)
        assert await started.wait() == os.EX_OK
