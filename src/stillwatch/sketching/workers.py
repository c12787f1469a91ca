"""Blocks to workers and results back in order: in this process, or in several that may be killed."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from stillwatch.errors import StillwatchError
from stillwatch.readers.block import Block, Position
from stillwatch.sketching.edge import Edge, EdgeRecipe, Sketched

_AHEAD = 2  # blocks that each worker has or gets: it never waits for this process, and memory stays bounded


class WorkerDied(StillwatchError):
    """A worker process ended without being asked to."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where the reading of a log is after one of its blocks; `end` is None at the end of the log."""

    fingerprint: str
    name: str
    share: float  # of all logs
    end: Position | None = None


Task = tuple[Step, Block | None]
Result = tuple[Step, Sketched | None]
Sketching = Callable[[Iterable[Task]], Iterator[Result]]


@contextmanager
def in_process(recipe: EdgeRecipe) -> Generator[Sketching]:
    edge = Edge(recipe)
    yield lambda tasks: ((step, edge(block) if block else None) for step, block in tasks)


@dataclass(frozen=True)
class _Worker:
    process: BaseProcess
    pipe: Connection


@contextmanager
def pool(recipe: EdgeRecipe, count: int) -> Generator[Sketching]:
    """`count` worker processes, ended on exit; each has its own pipe, so that a death is seen as its end.

    Block n goes to worker n modulo `count` and results are taken in that order: no queue, no lock that a killed
    process could leave taken. Spawned, not forked: fork is unsafe where threads run, and Arrow has threads.
    """
    workers: list[_Worker] = []
    try:
        with _without_interrupts():
            workers += [_start(recipe) for _ in range(count)]
        yield lambda tasks: _spread(workers, tasks)
    finally:
        for worker in workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in workers:
            worker.process.join()


def _spread(workers: Sequence[_Worker], tasks: Iterable[Task]) -> Iterator[Result]:
    waiting: deque[tuple[Step, _Worker | None]] = deque()
    turn = cycle(workers)
    for step, block in tasks:
        worker = None
        if block is not None:
            worker = next(turn)
            _send(worker, block)
        waiting.append((step, worker))
        if len(waiting) >= _AHEAD * len(workers):
            yield _receive(*waiting.popleft())
    while waiting:
        yield _receive(*waiting.popleft())


def _send(worker: _Worker, block: Block) -> None:
    try:
        worker.pipe.send(block)
    except OSError:
        raise _died(worker) from None


def _receive(step: Step, worker: _Worker | None) -> Result:
    if worker is None:
        return step, None
    try:
        result: Sketched | str = worker.pipe.recv()
    except (EOFError, OSError):
        raise _died(worker) from None
    if isinstance(result, str):
        raise RuntimeError(f"a worker failed on rows of {step.name} before {step.end}: {result}")  # noqa: TRY004 - a bug
    return step, result


def _died(worker: _Worker) -> WorkerDied:
    worker.process.join()
    return WorkerDied(
        f"a worker process died (exit code {worker.process.exitcode}; -9 is often the kernel, short of memory)",
        "Run the same command again: it goes on from the last commit. With fewer workers it needs less memory",
    )


def _start(recipe: EdgeRecipe) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(recipe, theirs), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _without_interrupts() -> Generator[None]:
    """Processes started inside never see Ctrl-C, which a terminal sends to the whole group: this process decides.

    Nor does it see one itself until all are started: a child whose parent was cut short while handing over what it
    needs dies with a traceback. A mask alone would not do: the system may hand the signal to any thread.
    """
    resource_tracker.ensure_running()  # it would unblock the signal itself while the first process starts
    held: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, frame: held.append(number)) if is_main else None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if is_main:
            signal.signal(signal.SIGINT, handler or signal.default_int_handler)  # None: not set from Python
            if held:
                signal.raise_signal(signal.SIGINT)


def _serve(recipe: EdgeRecipe, pipe: Connection) -> None:
    """A worker's life: blocks in, results out, until the other end closes or dies."""
    blocks: queue.SimpleQueue[Block] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, blocks), daemon=True).start()
    edge = Edge(recipe)
    while True:
        block = blocks.get()
        try:
            result: Sketched | str = edge(block)
        except Exception as error:  # told to the run, which stops; the message may quote a prompt, so only places
            result = f"{type(error).__name__} at\n{''.join(traceback.format_tb(error.__traceback__))}"
        pipe.send(result)


def _listen(pipe: Connection, blocks: queue.SimpleQueue[Block]) -> None:
    """Take blocks as they come, so that the run never waits to send one while this process waits to send a result."""
    try:
        while True:
            blocks.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)  # the run is over, however it ended: nobody wants what is in the works
