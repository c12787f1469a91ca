"""Logs that somebody else writes, into a ledger while they grow: observation without being in the path.

What was added is sketched and committed about once a second, together with how far each log was read. Killed at any
point, it goes on where it was: nothing is lost and nothing counts twice. It decides about nobody and slows nobody down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from stillwatch.ledger.durable import Checkpoint, pass_by
from stillwatch.ledger.inputs import InputProgress, RejectedLine
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.manifest import REJECTIONS_KEPT
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.writer import LedgerWriter
from stillwatch.observing.growing import GrowingLog
from stillwatch.observing.rotation import Rotation
from stillwatch.readers.block import Block, Position
from stillwatch.sketching.edge import Edge

POLL_SECONDS = 0.5
"""Chosen: what was logged is in the ledger within a second."""
COMPACT_COMMITS = 240
"""Commits between two compactions. Chosen, as the observer's: a hunt opens each segment once."""

Tell = Callable[[str], None]


@dataclass
class Counts:
    """What came of what was read."""

    exchanges: int = 0
    rejected: int = 0
    commits: int = 0


class Follower:
    """Follows logs into one ledger, whose writer lock it holds. `tell` hears sentences for the operator."""

    def __init__(
        self,
        paths: Sequence[Path],
        ledger: Ledger,
        writer: LedgerWriter,
        names: NameTable,
        edge: Edge,
        tell: Tell,
        clock: Callable[[], float] = time.monotonic,
        checkpoint: Checkpoint = pass_by,
    ) -> None:
        self._ledger = ledger
        self._writer = writer
        self._names = names
        self._edge = edge
        self._tell = tell
        self._checkpoint = checkpoint
        self._at: dict[str, InputProgress] = {}
        self._emptied: set[str] = set()
        self._logs = Rotation(paths, lambda log: ledger.input_progress(log.fingerprint) is not None, tell, clock)
        self.counts = Counts()

    def step(self) -> bool:
        """Take what was added to each log, some megabytes of it at most; whether there may be more at once."""
        is_moving = False
        for log in self._logs.logs():
            at = self._progress(log)
            block = log.block() if at is not None else None
            is_moving = is_moving or at is None or block is not None
            if at is not None and block is not None:
                self._logs.grew(log)
                self._commit(at, block)
        return is_moving

    def close(self) -> None:
        """Drop what came twice, and let go of the logs."""
        self._logs.close()
        self._ledger.drop_duplicates(self._checkpoint)

    def _progress(self, log: GrowingLog) -> InputProgress | None:
        """How far this log was read; None where it has to be identified anew first."""
        if log.is_placed:
            was = log.fingerprint
            if not log.was_emptied():
                return self._at[was]
            self._emptied.add(was)
            return None
        found = self._at[log.fingerprint] = self._placed(log) or InputProgress(log.fingerprint, log.name, 0, 0, 0, 0)
        log.is_placed = True
        return found

    def _placed(self, log: GrowingLog) -> InputProgress | None:
        """Go on where this log was left; None for one that is read from its start."""
        known = self._at.get(log.fingerprint) or self._ledger.input_progress(log.fingerprint)
        if known is None:
            return None
        begins_anew = log.fingerprint in self._emptied or known.lost_rows > 0
        self._emptied.discard(log.fingerprint)
        if not begins_anew and log.resume(Position(known.line, known.offset)):
            return known
        self._writer.restart_input(log.fingerprint)  # what the ledger still has of it is dropped as duplicates
        return None

    def _commit(self, at: InputProgress, block: Block) -> None:
        sketched = self._edge(block)
        for kind, names in sketched.names.items():
            self._names.add(kind, names)
        rejections = [RejectedLine(at.fingerprint, r.line, r.reason) for r in sketched.rejections]
        if rejections and not at.rejected:
            first = rejections[0]
            self._tell(f"{at.name}: a row is malformed, the first in line {first.line}: {first.reason}")
        moved = replace(
            at,
            name=block.source_name,
            line=block.end.line,
            offset=block.end.offset,
            accepted=at.accepted + sketched.batch.num_rows,
            rejected=at.rejected + len(rejections),
        )
        table = pa.Table.from_batches([sketched.batch], self._ledger.schema)
        self._writer.commit(table, [moved], rejections[:REJECTIONS_KEPT])
        self._at[at.fingerprint] = moved
        self._count(sketched.batch.num_rows, len(rejections))

    def _count(self, exchanges: int, rejected: int) -> None:
        self.counts.exchanges += exchanges
        self.counts.rejected += rejected
        self.counts.commits += 1
        if self.counts.commits % COMPACT_COMMITS == 0:
            self._ledger.compact(self._checkpoint)


async def follow(follower: Follower, stop: asyncio.Event) -> None:
    """Follow until `stop` is set, and take what was added by then. Raises `StorageFull`."""
    while not stop.is_set():
        if follower.step():
            await asyncio.sleep(0)  # there may be more at once
            continue
        try:
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)
        except TimeoutError:
            continue
    while follower.step():
        pass
    follower.close()
