"""Logs into a ledger: resumable, in several processes, nothing lost and nothing doubled.

This process reads blocks in order; workers parse and sketch them; results are taken in the order of the blocks, so
that a position in a log always means that everything before it is there. About `COMMIT_ROWS` sketches, the names
of their accounts and the positions they reach become one commit. Killed at any point, the run goes on from the
last commit when it is started again with the same logs.

A log is known by its fingerprint, whatever it is called. One that changed, also by growing, is another log and is
read from its start; exchanges that it shares with what the ledger has are dropped as duplicates. One that is no
longer there leaves what was read of it. Standard input cannot be resumed and is always read from its start.

With more than one worker, a program that calls this must protect its main module with `if __name__ == "__main__"`,
as Python's `multiprocessing` demands for processes that are spawned.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import cycle
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.errors import InputError, StillwatchError
from stillwatch.exchange.record import Exchange
from stillwatch.ledger.durable import Checkpoint, pass_by
from stillwatch.ledger.exemplar import exemplar_json
from stillwatch.ledger.inputs import InputProgress, RejectedLine
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.manifest import REJECTIONS_KEPT
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.reservoir import Exemplar, Reservoir
from stillwatch.ledger.sampling import Sampler
from stillwatch.ledger.writer import LedgerWriter
from stillwatch.pseudonym import Secret
from stillwatch.readers.block import Block, Position, open_log, parse_block
from stillwatch.readers.paths import STDIN, expand
from stillwatch.readers.rejection import Rejection
from stillwatch.sketch.record import identity
from stillwatch.sketch.sketcher import Sketcher

BLOCK_ROWS = 4_096  # at most ~8 MB of text: what one worker has in hand
COMMIT_ROWS = 65_536  # ~20 MB on disk: large enough to read fast, small enough to lose seconds only
COMMIT_SECONDS = 30.0
MALFORMED_SHARE = 0.01  # the contract of the exchange log: more is an error
MALFORMED_MIN_ROWS = 100  # below, one bad line would be more than the share
_AHEAD = 2  # blocks that each worker has or gets: it never waits for this process, and memory stays bounded

Progress = Callable[[float, int, int], None]
"""Called with the share of the logs that was read (0 .. 1), and exchanges and rejected rows of this run so far."""


@dataclass(frozen=True, slots=True)
class SketchReport:
    """What the ledger holds after a run, and what did not make it.

    `added` is what this run brought; `rejected` rows and `rejections` (name, line and reason of the first hundred)
    are those of the logs given; `duplicates` were dropped since the ledger was made.
    """

    exchanges: int
    added: int
    accounts: int
    rejected: int
    duplicates: int
    rejections: tuple[str, ...]
    damage: tuple[str, ...]


class Interrupted(StillwatchError):
    """Somebody pressed Ctrl-C; what was committed stays."""

    exit_code = 130  # 128 + SIGINT, as shells expect


class WorkerDied(StillwatchError):
    """A worker process ended without being asked to."""


def sketch_logs(
    paths: Iterable[Path],
    out: Path,
    secret: Secret,
    *,
    alliance: Secret | None = None,
    workers: int | None = None,
    reservoir: Reservoir | None = None,
    progress: Progress = lambda share, exchanges, rejected: None,
    clock: Callable[[], float] = time.monotonic,
    checkpoint: Checkpoint = pass_by,
) -> SketchReport:
    """Sketch these logs into the ledger at `out`, made if there is none, and return what came of it.

    `workers` is the number of CPUs by default; 1 works in this process. With a `reservoir`, exemplars go there;
    purging is the caller's. Logs that are done are not read again; those that lost exchanges to damage are.

    Raises, always after committing what was good: `InputError` for a log that cannot be read or of which more
    than 1 % is malformed (naming file, first bad line and reason), `Interrupted`, `WorkerDied`, `StorageFull`.
    """
    files = expand(paths)
    sample = reservoir.per_account if reservoir else 0
    edge = _EdgeRecipe(secret, alliance, sample)
    count = workers or len(os.sched_getaffinity(0))
    ledger = _open_or_create(out, identity(secret.id, alliance.id if alliance else ""))
    with ledger.writer(checkpoint) as writer:
        before = ledger.counts().exchanges
        run = _Run(ledger, writer, NameTable.open(out, secret), reservoir, clock, progress, ledger.damage)
        try:
            with _pool(edge, count) if count > 1 else _in_process(edge) as sketched:
                for step, result in sketched(run.tasks(files)):
                    run.take(step, result)
            run.commit()
            ledger.drop_duplicates(checkpoint)
        except KeyboardInterrupt:
            kept = ledger.counts().exchanges
            raise Interrupted(
                f"the run was stopped; the ledger has {kept} exchanges",
                "Run the same command again to go on from there",
            ) from None
    return run.report(ledger.counts().exchanges - before)


# -- what to read, in order ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """Where the reading of a log is after one of its blocks; `end` is None at the end of the log."""

    fingerprint: str
    name: str
    share: float  # of all logs
    end: Position | None = None


Task = tuple[_Step, Block | None]


@dataclass(frozen=True, slots=True)
class _Sketched:
    """What a worker made of one block."""

    batch: pa.RecordBatch
    rejections: list[Rejection]
    names: dict[str, dict[int, str]]
    exemplars: list[Exemplar]


@dataclass
class _Run:
    """One run: which steps there are, what was taken and not yet committed, what went wrong."""

    ledger: Ledger
    writer: LedgerWriter
    names: NameTable
    reservoir: Reservoir | None
    clock: Callable[[], float]
    progress: Progress
    damage: list[str]
    given: list[str] = field(default_factory=list)  # fingerprints, in order
    failures: list[InputError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._at: dict[str, InputProgress] = {}
        self._exchanges = self._rejected = 0
        self._start_batch()

    def _start_batch(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._rejections: list[RejectedLine] = []
        self._names: dict[str, dict[int, str]] = {}
        self._exemplars: list[Exemplar] = []
        self._moved: set[str] = set()
        self._since = self.clock()

    def tasks(self, files: Sequence[Path]) -> Iterator[Task]:
        """What is still to be read of these files. A file that cannot be read on is noted; the next ones follow."""
        sizes = [path.stat().st_size if path != STDIN else 0 for path in files]
        total = sum(sizes) or 1
        done = 0
        for path, size in zip(files, sizes, strict=True):
            try:
                yield from self._tasks_of(path, done / total, size / total)
            except InputError as error:
                self.failures.append(error)
            done += size

    def _tasks_of(self, path: Path, before: float, weight: float) -> Iterator[Task]:
        log = open_log(path)
        if log.fingerprint in self._at:
            return  # the same log under another name
        at = self._resume(log.fingerprint, log.name, from_start=path == STDIN)
        if not at.is_done:
            start = Position(at.line, at.offset) if at.line else None
            for block in log.blocks(start, max_rows=BLOCK_ROWS):
                share = before + weight * (block.end_fraction or 0.0)
                yield _Step(log.fingerprint, log.name, share, block.end), block
            yield _Step(log.fingerprint, log.name, before + weight), None

    def _resume(self, fingerprint: str, name: str, *, from_start: bool) -> InputProgress:
        at = self.ledger.input_progress(fingerprint)
        if at is not None and at.lost_rows:
            self.damage.append(f"{name} was read again from its start, because exchanges of it were lost")
        if at is not None and (at.lost_rows or from_start):
            self.writer.restart_input(fingerprint)
            at = None
        self.given.append(fingerprint)
        self._at[fingerprint] = at or InputProgress(fingerprint, name, 0, 0, 0, 0)
        return self._at[fingerprint]

    def take(self, step: _Step, result: _Sketched | None) -> None:
        """Add one result, in the order of the steps, and commit when there is enough."""
        at = self._at[step.fingerprint]
        self._moved.add(step.fingerprint)
        if result is None or step.end is None:
            self._at[step.fingerprint] = replace(at, is_done=True)
            return
        rejections = [RejectedLine(step.fingerprint, r.line, r.reason) for r in result.rejections]
        self._at[step.fingerprint] = replace(
            at,
            line=step.end.line,
            offset=step.end.offset,
            accepted=at.accepted + result.batch.num_rows,
            rejected=at.rejected + len(rejections),
        )
        self._batches.append(result.batch)
        self._rejections += rejections[:REJECTIONS_KEPT]
        self._exemplars += result.exemplars
        for kind, names in result.names.items():
            self._names.setdefault(kind, {}).update(names)
        self._exchanges += result.batch.num_rows
        self._rejected += len(rejections)
        if sum(b.num_rows for b in self._batches) >= COMMIT_ROWS or self.clock() - self._since >= COMMIT_SECONDS:
            self.commit()
        self.progress(min(step.share, 1.0), self._exchanges, self._rejected)

    def commit(self) -> None:
        """Names and exemplars first, both idempotent: what the rows refer to is there when the rows are."""
        if self._moved:
            for kind, names in self._names.items():
                self.names.add(kind, names)
            if self.reservoir is not None and self._exemplars:
                self.reservoir.offer_all(self._exemplars)
            table = pa.Table.from_batches(self._batches, self.ledger.schema)
            self.writer.commit(table, [self._at[f] for f in sorted(self._moved)], self._rejections)
        self._start_batch()

    def report(self, added: int) -> SketchReport:
        """The report, or the `InputError` that the logs deserve."""
        inputs = [self._at[f] for f in self.given]
        for at in inputs:
            if at.rejected > MALFORMED_SHARE * (rows := at.accepted + at.rejected) and rows >= MALFORMED_MIN_ROWS:
                self.failures.append(_too_malformed(at, self.ledger.rejections(at.fingerprint)))
        if self.failures:
            raise _all_failures(self.failures)
        counts = self.ledger.counts()
        return SketchReport(
            exchanges=counts.exchanges,
            added=added,
            accounts=_accounts(self.ledger),
            rejected=sum(at.rejected for at in inputs),
            duplicates=counts.duplicates,
            rejections=tuple(
                f"{at.name}, line {r.line}: {r.reason}" for at in inputs for r in self.ledger.rejections(at.fingerprint)
            )[:REJECTIONS_KEPT],
            damage=tuple(self.damage),
        )


def _open_or_create(path: Path, sketched_under: dict[str, str]) -> Ledger:
    if (path / "ledger.json").exists():
        return Ledger.open(path, identity=sketched_under)
    return Ledger.create(path, sketched_under)


def _too_malformed(at: InputProgress, rejections: Sequence[RejectedLine]) -> InputError:
    first = rejections[0]
    return InputError(
        f"{at.name}: {at.rejected} of {at.accepted + at.rejected} rows are malformed, "
        f"the first in line {first.line}: {first.reason}",
        "The other rows are in the ledger; check that this is a log in a format that Stillwatch reads",
    )


def _all_failures(failures: Sequence[InputError]) -> InputError:
    first, *others = failures
    more = f" ({len(others)} more logs have faults too: {'; '.join(f.problem for f in others[:9])})" if others else ""
    return InputError(first.problem + more, first.remedy)


def _accounts(ledger: Ledger) -> int:
    each = (np.unique(batch.column("account").to_numpy()) for batch in ledger.scan(["account"]))
    return len(reduce(np.union1d, each, np.empty(0, np.int64)))


# -- a worker: blocks to sketches ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _EdgeRecipe:
    """What a worker needs to know; it travels through a pipe to a process of our own, never to disk."""

    secret: Secret
    alliance: Secret | None
    exemplars_per_account: int


class _Edge:
    """Parses and sketches blocks; beyond it there is no text but what the reservoir was asked to keep."""

    def __init__(self, recipe: _EdgeRecipe) -> None:
        self._sketcher = Sketcher(recipe.secret, recipe.alliance)
        per_account = recipe.exemplars_per_account
        self._sampler = Sampler(recipe.secret, per_account) if per_account else None

    def __call__(self, block: Block) -> _Sketched:
        parsed = parse_block(block)
        exchanges = parsed.exchanges
        batch = self._sketcher.sketch(exchanges)
        names = {
            "account": _names(batch.column("account"), [e.principal.account for e in exchanges]),
            "organization": _names(batch.column("organization"), [e.principal.organization for e in exchanges]),
        }
        return _Sketched(batch, parsed.rejections, names, self._exemplars(batch, exchanges))

    def _exemplars(self, batch: pa.RecordBatch, exchanges: Sequence[Exchange]) -> list[Exemplar]:
        if self._sampler is None:
            return []
        accounts, ids = batch.column("account").to_pylist(), batch.column("exchange_id").to_pylist()
        kept = self._sampler.winners(zip(accounts, ids, strict=True))
        return [Exemplar(accounts[i], ids[i], exchanges[i].ts_us, exemplar_json(exchanges[i])) for i in kept]


def _names(pseudonyms: pa.Array, names: Sequence[str | None]) -> dict[int, str]:
    distinct, first = np.unique(pseudonyms.to_numpy(), return_index=True)
    pairs = zip(distinct.tolist(), first.tolist(), strict=True)
    return {pseudonym: name for pseudonym, place in pairs if (name := names[place]) is not None}


Result = tuple[_Step, _Sketched | None]
Sketching = Callable[[Iterable[Task]], Iterator[Result]]


@contextmanager
def _in_process(recipe: _EdgeRecipe) -> Generator[Sketching]:
    edge = _Edge(recipe)
    yield lambda tasks: ((step, edge(block) if block else None) for step, block in tasks)


# -- worker processes ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Worker:
    process: BaseProcess
    pipe: Connection


@contextmanager
def _pool(recipe: _EdgeRecipe, count: int) -> Generator[Sketching]:
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
    waiting: deque[tuple[_Step, _Worker | None]] = deque()
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


def _receive(step: _Step, worker: _Worker | None) -> Result:
    if worker is None:
        return step, None
    try:
        result: _Sketched | str = worker.pipe.recv()
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


def _start(recipe: _EdgeRecipe) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(recipe, theirs), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _without_interrupts() -> Generator[None]:
    """Processes started inside never see Ctrl-C, which a terminal sends to the whole group: this process decides."""
    resource_tracker.ensure_running()  # it would unblock the signal itself while the first process starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(recipe: _EdgeRecipe, pipe: Connection) -> None:
    """A worker's life: blocks in, results out, until the other end closes or dies."""
    blocks: queue.SimpleQueue[Block] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, blocks), daemon=True).start()
    edge = _Edge(recipe)
    while True:
        block = blocks.get()
        try:
            result: _Sketched | str = edge(block)
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
