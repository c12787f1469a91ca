"""The observer's end: exchanges in, sketches in the ledger within a second.

One process beside the path. What arrives is sketched and committed together at most every `FLUSH_SECONDS`; text lives
only between, in memory. Killed at any point, it loses what was not committed: less than a second of sketches, and no
verdict. What was new in an exchange (`novelty`) is answered to the worker that sent it, which charges it. While it
works nobody reads the socket, so a sender that is faster fills its own bounded queue and sheds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyarrow as pa

from stillwatch.errors import LedgerError, MalformedRow
from stillwatch.exchange.dialect import parse_request, parse_response
from stillwatch.exchange.record import Exchange, Principal, Usage
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.writer import LedgerWriter
from stillwatch.observing.frames import BrokenFrame, Deframer, Learned, Observed, framed
from stillwatch.observing.novelty import Novelty
from stillwatch.sketch.columns import to_numpy
from stillwatch.sketching.edge import Edge

FLUSH_SECONDS = 0.5
FLUSH_ROWS = 4_096
COMPACT_SEGMENTS = 240
"""Commits between two compactions. Chosen: two minutes of them; a hunt opens each segment once."""
MOST_UNTAKEN_BYTES = 1024 * 1024
"""Of answers that a worker does not read. Chosen: some ten thousand of them; what comes on top is lost and counted."""

Tell = Callable[[Sequence[Learned]], bool]
"""Answers one worker; False where that was not possible."""
_Readable = tuple[Exchange, Observed, Tell | None]


@dataclass
class Counts:
    """What came of what arrived, for the metrics. `untold` of `learned` found no worker that took the answer."""

    observed: int = 0
    unreadable: int = 0
    broken_connections: int = 0
    learned: int = 0
    untold: int = 0
    commits: int = 0


class Observer:
    """Sketches what workers send into one ledger, whose writer lock it holds."""

    def __init__(self, ledger: Ledger, writer: LedgerWriter, names: NameTable, edge: Edge) -> None:
        self._ledger = ledger
        self._writer = writer
        self._names = names
        self._edge = edge
        self._waiting: list[tuple[Observed, Tell | None]] = []
        self._novelty: Novelty | None = None
        self.counts = Counts()

    def take(self, observed: Observed, tell: Tell | None = None) -> None:
        """Keep one exchange until the next flush, which is now where many wait. `tell` says what was new in it."""
        self._waiting.append((observed, tell))
        if len(self._waiting) >= FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Sketch and commit what waits. Raises `StorageFull`; what waits then still waits."""
        if not self._waiting:
            return
        readable = self._readable(self._waiting)
        if readable:
            sketched = self._edge.sketched([exchange for exchange, _, _ in readable])
            for kind, names in sketched.names.items():
                self._names.add(kind, names)
            novelty = self._novelty_of(sketched.batch)
            self._writer.commit(pa.Table.from_batches([sketched.batch]))
            self.counts.commits += 1
            self._tell(readable, novelty.units(sketched.batch))
        self.counts.observed += len(readable)
        self.counts.unreadable += len(self._waiting) - len(readable)
        self._waiting = []
        if self.counts.commits and self.counts.commits % COMPACT_SEGMENTS == 0:
            self._ledger.compact()
            pa.default_memory_pool().release_unused()  # else what a day's rows took stays with us: 80 MB, measured

    def _novelty_of(self, batch: pa.RecordBatch) -> Novelty:
        """What was asked about on the day of this batch, which is not yet in the ledger."""
        day = int(to_numpy(batch.column("day")).max())
        if self._novelty is None or day > self._novelty.day:
            self._novelty = Novelty.rebuilt(self._ledger, day)
        return self._novelty

    def _tell(self, readable: Sequence[_Readable], units: Iterable[int]) -> None:
        """Answer each worker about what it sent."""
        said: dict[Tell, list[Learned]] = {}
        for (_, observed, tell), new in zip(readable, units, strict=True):
            if new:
                self.counts.learned += 1
                if tell is not None:
                    said.setdefault(tell, []).append(_learned(observed, new))
        for tell, learned in said.items():
            if not tell(learned):
                self.counts.untold += len(learned)

    def _readable(self, waiting: Sequence[tuple[Observed, Tell | None]]) -> list[_Readable]:
        found = []
        for one, tell in waiting:
            try:
                found.append((exchange_of(one), one, tell))
            except MalformedRow:  # the provider may answer what is no request of a dialect we read: counted, not kept
                continue
        return found


def _learned(observed: Observed, units: int) -> Learned:
    one = observed
    return Learned(units, one.account, one.api_key, one.organization, one.payment, one.network)


def exchange_of(observed: Observed) -> Exchange:
    """The exchange that these bytes hold. Raises `MalformedRow` where the request is none that is understood."""
    dialect, request = parse_request(observed.path, observed.body)
    response = parse_response(dialect, observed.response, observed.status) if observed.response else None
    counted = Usage(observed.input_tokens, observed.output_tokens)
    usage = response.usage if response is not None and counted == Usage() else counted
    principal = Principal(
        observed.account,
        observed.organization,
        observed.api_key,
        observed.ip,
        payment=observed.payment,
    )
    return Exchange(
        ts_us=observed.ts_us,
        principal=principal,
        path=observed.path,
        dialect=dialect,
        request=request,
        response=response,
        usage=usage,
        headers=observed.headers,
        method=observed.method,
        status=observed.status,
        id=observed.id,
    )


class _Connection(asyncio.Protocol):
    """One worker's connection."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._frames = Deframer(Observed)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for observed in self._frames.feed(data):
                self._observer.take(observed, self._tell)
        except BrokenFrame:
            self._observer.counts.broken_connections += 1
            self._transport.close()

    def _tell(self, learned: Sequence[Learned]) -> bool:
        """Answer, unless the worker does not take what it was told before; False then. Never waits."""
        if self._transport.is_closing() or self._transport.get_write_buffer_size() > MOST_UNTAKEN_BYTES:
            return False
        self._transport.write(framed(*learned))
        return True


async def observe(observer: Observer, socket: Path, stop: asyncio.Event) -> None:
    """Listen at `socket`, for our own user only, until `stop` is set; then flush what has arrived.

    Raises `LedgerError` where another observer listens there.
    """
    loop = asyncio.get_running_loop()
    await _take_over(socket)
    server = await loop.create_unix_server(lambda: _Connection(observer), str(socket))
    socket.chmod(0o600)
    async with server:
        while not stop.is_set():
            observer.flush()
            try:
                await asyncio.wait_for(stop.wait(), FLUSH_SECONDS)
            except TimeoutError:
                continue
    observer.flush()
    socket.unlink(missing_ok=True)


async def _take_over(socket: Path) -> None:
    """Remove the socket that a killed observer left behind; a live one answers."""
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _, writer = await asyncio.open_unix_connection(str(socket))
    except (ConnectionRefusedError, FileNotFoundError):
        socket.unlink(missing_ok=True)
        return
    writer.close()
    raise LedgerError(f"another observer listens at {socket}", "Stop it, or name another socket")
