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

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.errors import InputError, Interrupted
from stillwatch.ledger.durable import Checkpoint, pass_by
from stillwatch.ledger.inputs import InputProgress, RejectedLine
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.manifest import REJECTIONS_KEPT
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.reservoir import Exemplar, Reservoir
from stillwatch.ledger.writer import LedgerWriter
from stillwatch.pseudonym import Secret
from stillwatch.readers.block import Position, open_log
from stillwatch.readers.paths import STDIN, expand
from stillwatch.sketch.columns import to_numpy
from stillwatch.sketch.record import identity
from stillwatch.sketching.edge import EdgeRecipe, Sketched
from stillwatch.sketching.workers import Step, Task, in_process, pool

BLOCK_ROWS = 4_096  # at most ~8 MB of text: what one worker has in hand
COMMIT_ROWS = 65_536  # ~20 MB on disk: large enough to read fast, small enough to lose seconds only
COMMIT_SECONDS = 30.0
MALFORMED_SHARE = 0.01  # the contract of the exchange log: more is an error
MALFORMED_MIN_ROWS = 100  # below, one bad line would be more than the share

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
    edge = EdgeRecipe(secret, alliance, sample)
    count = workers or len(os.sched_getaffinity(0))
    ledger = _open_or_create(out, identity(secret.id, alliance.id if alliance else ""))
    with ledger.writer(checkpoint) as writer:
        before = ledger.counts().exchanges
        run = _Run(ledger, writer, NameTable.open(out, secret), reservoir, clock, progress, ledger.damage)
        try:
            with pool(edge, count) if count > 1 else in_process(edge) as sketched:
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
                yield Step(log.fingerprint, log.name, share, block.end), block
            yield Step(log.fingerprint, log.name, before + weight), None

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

    def take(self, step: Step, result: Sketched | None) -> None:
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
        f"{'The other rows are in the ledger; c' if at.accepted else 'C'}heck that this is a log in a format that "
        "Stillwatch reads",
    )


def _all_failures(failures: Sequence[InputError]) -> InputError:
    first, *others = failures
    more = f" ({len(others)} more logs have faults too: {'; '.join(f.problem for f in others[:9])})" if others else ""
    return InputError(first.problem + more, first.remedy)


def _accounts(ledger: Ledger) -> int:
    each = (np.unique(to_numpy(batch.column("account"))) for batch in ledger.scan(["account"]))
    return len(reduce(np.union1d, each, np.empty(0, np.int64)))
