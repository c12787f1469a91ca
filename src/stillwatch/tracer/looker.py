"""The process that looks, from the side of the one that waits for it.

A look takes minutes of native code that no signal ends, and memory that a small process should not keep. So it has a
process of its own, of low priority: members are watched meanwhile, and the tracer stops at once by ending it. It ends
by itself when the tracer is gone, however that went.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from stillwatch.errors import StillwatchError
from stillwatch.tracer.looking import Asked, Looks, Sources
from stillwatch.tracer.seen import Seen

_NICE = 10  # chosen: whoever answers customers comes first
_PROCESSES = multiprocessing.get_context("spawn")  # fork would copy threads' locks of engines that are not ours


class _Begun:
    """Said once, when the benign ledger has been learned and the ledger opened."""


Answer = Seen | StillwatchError | _Begun


class LookerGone(StillwatchError):
    """The process that looks has died: out of memory, or killed."""


class Looker:
    """Takes one look at a time in another process; a context manager. After `LookerGone` the next ask starts another.

    `has_begun`: an error before that is one of what was named, and the next ask would meet it again.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self.is_busy = self.has_begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, asked: Asked) -> None:
        """Begin a look; `answer` brings it."""
        if self._process is None:
            self._pipe, theirs = _PROCESSES.Pipe()
            self._process = _PROCESSES.Process(target=serve, args=(theirs, self._sources), name="looker", daemon=True)
            self._process.start()
            theirs.close()
        assert self._pipe is not None  # noqa: S101 - made with the process
        self.is_busy = True
        try:
            self._pipe.send(asked)
        except OSError:
            return  # it has died: `answer` says so

    def answer(self, seconds: float) -> Seen | None:
        """The look, once it is done; None if it is not after so many seconds.

        Raises what went wrong, or `LookerGone`.
        """
        if self._pipe is None or not self.is_busy:
            wait([], seconds)
            return None
        if not self._pipe.poll(seconds):
            return None
        try:
            said: Answer = self._pipe.recv()
        except (EOFError, OSError):
            self.stop()
            raise LookerGone(
                "the process that looks at the ledger died before it had ended its look",
                "Look at the system's log for the reason; --days bounds how much it reads",
            ) from None
        if isinstance(said, _Begun):
            self.has_begun = True
            return None
        self.is_busy = False
        if isinstance(said, StillwatchError):
            raise said
        return said

    def stop(self) -> None:
        """End the process, whatever it does. Its look never was."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None
        self.is_busy = self.has_begun = False


def serve(pipe: Connection, sources: Sources) -> None:
    """Take looks until the pipe is closed, or looking cannot begin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all; the tracer decides what follows
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(_NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        looks = Looks(sources)
    except StillwatchError as error:
        pipe.send(error)
        return
    pipe.send(_Begun())
    while True:
        try:
            asked: Asked = pipe.recv()
        except EOFError:
            return
        pipe.send(_taken(looks, asked))


def _taken(looks: Looks, asked: Asked) -> Answer:
    try:
        return looks.take(asked)
    except StillwatchError as error:
        return error


def _end_with_parent() -> None:
    """A look without a tracer would take memory for minutes and tell nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
