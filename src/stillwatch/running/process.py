"""One process of a deployment as `stillwatch up` sees it: started, awaited, started again when it dies, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.errors import StillwatchError
from stillwatch.running.stopping import PARENT_VARIABLE

STOP_SECONDS = 40.0
"""Above the gateway's own time for draining; what is not gone then is killed."""
RESTART_SECONDS = 1.0
MOST_RESTART_SECONDS = 30.0
"""Between two starts of a process that dies: doubled each time up to here, and back once it has lived that long."""
_LAST_BYTES = 4_096


def command(*arguments: str | Path) -> tuple[str, ...]:
    """What a Python interpreter is given to run a command of ours."""
    return ("-m", "stillwatch.cli.main", *map(str, arguments))


class NotStarted(StillwatchError):
    """A process of the deployment ended before it was ready; what it said last is told."""


@dataclass
class Process:
    """`name` is for people; `arguments` are those of a Python interpreter.

    The first line that it writes to stdout is `said`: it is ready. What it writes then goes to `log`, as all of stderr.
    """

    name: str
    arguments: Sequence[str]
    log: Path
    restarts: int = 0
    said: str = ""
    _running: asyncio.subprocess.Process | None = field(default=None, repr=False)
    _copying: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        return self._running.pid if self._running and self._running.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it says that it is ready. Raises `NotStarted`."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
                start_new_session=True,  # Ctrl-C is for `up` alone, which stops each in its turn
            )
        assert self._running.stdout is not None  # noqa: S101 - as asked for above
        self.said = (await self._running.stdout.readline()).decode("utf-8", "replace").strip()
        if not self.said:
            await self._running.wait()
            raise NotStarted(f"{self.name} did not start: {self.last_words()}")
        self._copying = asyncio.create_task(self._copy(self._running.stdout))

    async def keep(self) -> None:
        """Start it again whenever it ends, until cancelled."""
        loop = asyncio.get_running_loop()
        pause = RESTART_SECONDS
        while True:
            began = loop.time()
            if self._running is not None:
                await self._running.wait()
            pause = RESTART_SECONDS if loop.time() - began > MOST_RESTART_SECONDS else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, MOST_RESTART_SECONDS)
            self.restarts += 1
            try:
                await self.start()
            except NotStarted:
                continue  # its log says why; the next try comes later

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL where that is not enough. Nothing to do where it has ended."""
        running = self._running
        if running is None or running.returncode is not None:
            return
        running.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await running.wait()
        except TimeoutError:
            running.kill()
            await running.wait()

    async def _copy(self, said: asyncio.StreamReader) -> None:
        with self.log.open("ab") as log:
            while line := await said.readline():
                log.write(line)
                log.flush()

    def last_words(self) -> str:
        """The last line that it wrote."""
        with self.log.open("rb") as log:
            log.seek(max(self.log.stat().st_size - _LAST_BYTES, 0))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("stillwatch: ") if lines else "it said nothing"
