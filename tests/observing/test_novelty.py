"""New information: topic cells that an account had not asked about that day, the same before and after a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.observing.frames import Learned, Observed, framed
from stillwatch.observing.novelty import Novelty, centre_before
from stillwatch.observing.observer import Observer, observe
from stillwatch.observing.outbox import Outbox
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import PROJECTION_DIMENSIONS, identity
from stillwatch.sketching.edge import Edge, EdgeRecipe
from stillwatch.tracing.topic_cells import TABLES, finest_cells

SECRET = Secret(b"a secret for tests only, 32 bytes")
DAY = 20_700
DAY_US = 86_400_000_000
RNG = np.random.default_rng(20_261_121)
WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in ("or", "al", "in", "ut") for c in ("ma", "ten", "sig", "lo", "pery")]


def batch(projections: np.ndarray, account: int = 7, status: int = 200) -> pa.RecordBatch:
    rows = len(projections)
    return pa.record_batch(
        {
            "account": pa.array([account] * rows, pa.int64()),
            "status": pa.array([status] * rows, pa.int16()),
            "projection": pa.array([row.tobytes() for row in projections.astype(np.int8)], pa.binary(64)),
        }
    )


def subjects(count: int) -> np.ndarray:
    """Projections of so many unrelated texts of 64 words."""
    return RNG.integers(-12, 13, (count, PROJECTION_DIMENSIONS))


def spent(novelty: Novelty, projections: np.ndarray, account: int = 7, status: int = 200) -> list[int]:
    return list(novelty.units(batch(projections, account, status)))


def test_an_exchange_is_new_once_for_each_account_and_day():
    rows = subjects(5)
    novelty = Novelty(DAY)
    assert spent(novelty, rows) == [1] * 5
    assert spent(novelty, rows) == [0] * 5
    assert spent(novelty, rows, account=8) == [1] * 5


def test_the_cells_are_those_of_coverage_growth():
    """An exchange counts if it shares at most half of its 16 cells with what was asked before."""
    rows = subjects(60)
    cells, seen, expected = finest_cells(rows.astype(np.int8)), [set() for _ in range(TABLES)], []
    for row in cells:
        new = sum(cell not in known for cell, known in zip(row.tolist(), seen, strict=True))
        expected.append(int(new > TABLES // 2))
        for cell, known in zip(row.tolist(), seen, strict=True):
            known.add(cell)
    assert spent(Novelty(DAY), rows) == expected


def test_nearly_the_same_question_is_nothing_new():
    row = subjects(1) * 3
    near = np.repeat(row, 20, axis=0)
    near[np.arange(20), np.arange(20)] += 2
    assert sum(spent(Novelty(DAY), np.concatenate([row, near]))) == 1


def test_what_was_refused_or_says_nothing_teaches_nothing():
    novelty = Novelty(DAY)
    assert spent(novelty, subjects(3), status=400) == [0] * 3
    assert spent(novelty, np.zeros((3, PROJECTION_DIMENSIONS))) == [0] * 3


def test_what_an_account_can_spend_a_day_is_bounded():
    """Half of 256 equal cells are known after 256 ln 2 = 177 requests about ever other things; ours are not equal."""
    first, rest = subjects(500), subjects(2_500)
    novelty = Novelty(DAY)
    assert 120 <= sum(spent(novelty, first)) <= 177
    assert sum(spent(novelty, rest)) < 10


def test_accounts_that_were_not_heard_of_for_longest_make_room_and_are_counted():
    novelty = Novelty(DAY, most_accounts=2)
    row = subjects(1)
    assert [spent(novelty, row, account)[0] for account in (1, 2, 1, 3, 1, 2)] == [1, 1, 0, 1, 0, 1]
    assert novelty.forgotten == 2


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "ledger", identity(SECRET.id, ""))


def asked(n: int, day: int = DAY, account: str = "a") -> Observed:
    words = np.random.default_rng(n).choice(WORDS, 40)
    body = {"model": "m", "messages": [{"role": "user", "content": " ".join(words)}]}
    at = day * DAY_US + 1_000_000 * n
    path, said = "/v1/chat/completions", json.dumps(body).encode()
    return Observed(at, f"{day}-{account}-{n}", account, path, "POST", 200, said, b"", network="192.0.2.7")


class Observing:
    """An observer, and what it told the worker that sends to it."""

    def __init__(self, ledger: Ledger, *, takes: bool = True) -> None:
        self.told: list[Learned] = []
        self.untold = 0
        self._takes = takes
        self._ledger = ledger

    def sees(self, *exchanges: Observed) -> int:
        """Units that a fresh observer finds in these."""
        before = len(self.told)
        with self._ledger.writer() as writer:
            names = NameTable.open(self._ledger.path, SECRET)
            observer = Observer(self._ledger, writer, names, Edge(EdgeRecipe(SECRET, None, 0)))
            for one in exchanges:
                observer.take(one, self._tell)
            observer.flush()
            self.untold += observer.counts.untold
        return sum(learned.units for learned in self.told[before:])

    def _tell(self, learned: list[Learned]) -> bool:
        self.told += learned if self._takes else []
        return self._takes


def test_an_observer_that_starts_again_knows_what_was_asked_that_day(ledger):
    observing = Observing(ledger)
    questions = [asked(n) for n in range(30)]
    again = [asked(n) for n in range(30)]
    assert observing.sees(*questions) >= 28
    assert observing.sees(*again) == 0
    assert observing.sees(*[asked(n, DAY + 1) for n in range(30)]) >= 28  # another day


def test_who_is_charged_is_who_asked(ledger):
    observing = Observing(ledger)
    observing.sees(asked(1, account="some one"))
    assert observing.told == [Learned(1, "some one", network="192.0.2.7")]


def test_what_all_say_is_taken_out_as_the_day_before_had_it(ledger):
    observing = Observing(ledger)
    observing.sees(*[asked(n, DAY, f"account {n}") for n in range(40)])
    centre = centre_before(ledger, DAY + 1)
    assert np.abs(centre).max() > 0
    assert not centre_before(ledger, DAY).any()
    observing.sees(*[asked(n, DAY + 1, "busy") for n in range(500)])
    assert np.array_equal(centre_before(ledger, DAY + 1), centre)  # fixed for the day


def test_what_a_worker_does_not_take_is_lost_and_counted(ledger):
    observing = Observing(ledger, takes=False)
    assert observing.sees(*[asked(n) for n in range(5)]) == 0
    assert observing.untold == 5
    assert observing.sees(*[asked(n) for n in range(5)]) == 0  # and is not new a second time


def test_a_worker_that_reads_no_answers_holds_nobody_up(ledger, tmp_path):
    """What it does not read is bounded; the rest is counted, and everything is in the ledger all the same."""
    socket, count = tmp_path / "o.sock", 6_000

    async def story() -> tuple[int, int]:
        stop = asyncio.Event()
        with ledger.writer() as writer:
            names = NameTable.open(ledger.path, SECRET)
            observer = Observer(ledger, writer, names, Edge(EdgeRecipe(SECRET, None, 0)))
            serving = asyncio.create_task(observe(observer, socket, stop))
            while not socket.exists():
                await asyncio.sleep(0.01)
            _, sending = await asyncio.open_unix_connection(str(socket))
            for n in range(count):
                sending.write(framed(asked(n % 3, account=f"{n}-{'long name' * 90}")))
                await sending.drain()
            while observer.counts.observed < count:
                await asyncio.sleep(0.01)
            sending.transport.abort()
            stop.set()
            await serving
            return observer.counts.learned, observer.counts.untold

    learned, untold = asyncio.run(story())
    assert learned == count
    assert 0 < untold < count


def test_what_is_no_answer_ends_the_connection_and_nothing_else(tmp_path):
    learned: list[Learned] = []

    async def story() -> None:
        gone = asyncio.Event()

        async def another_program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(framed(Learned(1, "a")) + b"\0\0\0\2\xc1\xc1")
            await reader.read()
            writer.close()
            gone.set()

        server = await asyncio.start_unix_server(another_program, tmp_path / "o.sock")
        outbox = Outbox(tmp_path / "o.sock", learned=learned.append)
        connecting = asyncio.create_task(outbox.keep_connected())
        await gone.wait()
        connecting.cancel()
        server.close()

    asyncio.run(story())
    assert learned[0] == Learned(1, "a")
