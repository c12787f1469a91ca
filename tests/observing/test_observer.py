"""From a worker to the ledger: everything that was taken is sketched, nothing waits for it, a kill loses little."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import LedgerError
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.observing.frames import MAX_FRAME_BYTES, BrokenFrame, Deframer, Observed, framed
from stillwatch.observing.observer import Observer, observe
from stillwatch.observing.outbox import Outbox
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity
from stillwatch.sketching.edge import Edge, EdgeRecipe
from stillwatch.sketching.run import sketch_logs

SECRET = Secret(b"a secret for tests only, 32 bytes")
START_US = 1_788_000_000_000_000
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "stillwatch.observing.observer"])
COLUMNS = ["account", "exchange_id", "ts_us", "zones", "lineage", "output_tokens"]


def exchange(n: int, text: str = "Why is the sky blue?") -> Observed:
    body = {"model": "m-1", "messages": [{"role": "user", "content": f"{text} {n}"}], "max_tokens": 5}
    answer = {"choices": [{"message": {"content": f"Because {n}."}, "finish_reason": "stop"}], "usage": {}}
    return Observed(
        START_US + n,
        f"x-{n}",
        f"account-{n % 7}",
        "/v1/chat/completions",
        "POST",
        200,
        json.dumps(body).encode(),
        json.dumps(answer).encode(),
        headers=(("User-Agent", "tests"),),
        organization="org",
        api_key=f"key-{n % 9}",
        ip="192.0.2.7",
        input_tokens=7,
        output_tokens=n,
    )


def as_log_row(observed: Observed) -> dict[str, Any]:
    return {
        "ts_us": observed.ts_us,
        "id": observed.id,
        "account": observed.account,
        "path": observed.path,
        "body": json.loads(observed.body),
        "response": json.loads(observed.response),
        "status": observed.status,
        "headers": [list(pair) for pair in observed.headers],
        "organization": observed.organization,
        "api_key": observed.api_key,
        "ip": observed.ip,
        "usage": {"input_tokens": observed.input_tokens, "output_tokens": observed.output_tokens},
    }


def run_observer(ledger: Path, socket: Path) -> None:
    """The observer's process, until SIGTERM."""

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        opened = Ledger.open(ledger)
        with opened.writer() as writer:
            names = NameTable.open(ledger, SECRET)
            await observe(Observer(opened, writer, names, Edge(EdgeRecipe(SECRET, None, 0))), socket, stop)

    asyncio.run(main())


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "ledger", identity(SECRET.id, ""))


@pytest.fixture
def started(ledger: Ledger, tmp_path: Path):
    """Starts observers at one socket, and ends those that still live."""
    made: list[BaseProcess] = []

    def start() -> BaseProcess:
        made.append(PROCESSES.Process(target=run_observer, args=(ledger.path, tmp_path / "o.sock")))
        made[-1].start()
        return made[-1]

    yield start
    for process in made:
        process.kill()
        process.join()
        process.close()


def rows(ledger: Path) -> list[dict[str, Any]]:
    held = Ledger.open(ledger)
    columns = [name for name in held.schema.names if name != "day"]
    found = [row for batch in held.scan(columns) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: row["ts_us"])


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does; a test that waits in vain is ended by its runner."""
    while not holds():
        await asyncio.sleep(0.1)


async def send(socket: Path, exchanges: list[Observed], seen: Callable[[], bool]) -> Outbox:
    outbox = Outbox(socket)
    connected = asyncio.create_task(outbox.keep_connected())
    await until(lambda: outbox.is_connected)
    while exchanges:
        if outbox.offer(exchanges[0]):
            exchanges = exchanges[1:]
        else:
            await asyncio.sleep(0.1)
    await outbox.flush()
    await until(seen)
    connected.cancel()
    return outbox


def count(ledger: Ledger) -> int:
    return Ledger.open(ledger.path).counts().exchanges


def test_what_is_observed_is_sketched_exactly_as_a_log_of_it_would_be(ledger, started, tmp_path):
    exchanges = [exchange(n) for n in range(300)]
    process = started()
    uvloop.run(send(tmp_path / "o.sock", list(exchanges), lambda: count(ledger) == 300))  # the loop of a worker
    process.terminate()
    process.join()
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(as_log_row(one)) + "\n" for one in exchanges))
    sketch_logs([log], tmp_path / "other", SECRET, workers=1)
    assert rows(ledger.path) == rows(tmp_path / "other")
    assert NameTable.open(ledger.path, SECRET).names("account") == NameTable.open(tmp_path / "other", SECRET).names(
        "account"
    )


def test_no_text_of_an_exchange_is_on_disk(ledger, started, tmp_path):
    sentence = "an unmistakable sentence about heliotropes"
    process = started()
    asyncio.run(send(tmp_path / "o.sock", [exchange(n, sentence) for n in range(50)], lambda: count(ledger) == 50))
    process.terminate()
    process.join()
    held = b"".join(file.read_bytes() for file in ledger.path.rglob("*") if file.is_file())
    assert b"heliotropes" not in held
    assert b"192.0.2.7" not in held


def test_a_kill_loses_nothing_that_was_committed_and_the_next_observer_goes_on(ledger, started, tmp_path):
    first = started()
    asyncio.run(send(tmp_path / "o.sock", [exchange(n) for n in range(100)], lambda: count(ledger) == 100))
    os.kill(first.pid, signal.SIGKILL)
    first.join()
    second = started()
    asyncio.run(send(tmp_path / "o.sock", [exchange(n) for n in range(100, 150)], lambda: count(ledger) == 150))
    second.terminate()
    second.join()
    assert second.exitcode == 0
    assert [row["ts_us"] - START_US for row in rows(ledger.path)] == list(range(150))


def test_an_orderly_end_flushes_what_has_arrived(ledger, started, tmp_path):
    process = started()
    asyncio.run(send(tmp_path / "o.sock", [exchange(n) for n in range(20)], lambda: True))
    asyncio.run(until(lambda: count(ledger) == 20 or not process.is_alive()))
    process.terminate()
    process.join()
    assert count(ledger) == 20
    assert not (tmp_path / "o.sock").exists()


def test_while_the_observer_stands_still_exchanges_are_shed_and_counted_and_nobody_waits(ledger, started, tmp_path):
    process = started()
    big = exchange(1, "x" * 100_000)

    async def overload() -> Outbox:
        outbox = Outbox(tmp_path / "o.sock", max_queued_bytes=1_000_000)
        connected = asyncio.create_task(outbox.keep_connected())
        await until(lambda: outbox.is_connected)
        outbox.offer(exchange(0))
        os.kill(process.pid, signal.SIGSTOP)
        while outbox.shed < 50:
            outbox.offer(big)
        os.kill(process.pid, signal.SIGCONT)
        await until(lambda: outbox.offer(exchange(2)))
        await until(lambda: count(ledger) >= 3)
        connected.cancel()
        return outbox

    outbox = asyncio.run(overload())
    assert outbox.sent < 100
    assert outbox.shed >= 50


def test_without_an_observer_exchanges_wait_as_far_as_they_fit_and_are_kept_once_there_is_one(
    ledger, started, tmp_path
):
    async def late() -> Outbox:
        outbox = Outbox(tmp_path / "o.sock", max_queued_bytes=10_000)
        connected = asyncio.create_task(outbox.keep_connected())
        while outbox.offer(exchange(outbox.sent)):
            pass
        started()
        await until(lambda: count(ledger) == outbox.sent)
        connected.cancel()
        return outbox

    outbox = uvloop.run(late())
    assert outbox.sent > 10
    assert outbox.shed == 1


def test_a_second_observer_at_the_same_place_is_refused(ledger, started, tmp_path):
    started()
    socket = tmp_path / "o.sock"

    async def second() -> None:
        await until(socket.exists)
        other = Ledger.create(tmp_path / "other", identity(SECRET.id, ""))
        with other.writer() as writer:
            names = NameTable.open(other.path, SECRET)
            await observe(Observer(other, writer, names, Edge(EdgeRecipe(SECRET, None, 0))), socket, asyncio.Event())

    with pytest.raises(LedgerError, match="another observer listens"):
        asyncio.run(second())


def test_only_its_own_user_reaches_the_socket(ledger, started, tmp_path):
    started()
    asyncio.run(until((tmp_path / "o.sock").exists))
    asyncio.run(until(lambda: (tmp_path / "o.sock").stat().st_mode & 0o077 == 0))


def test_what_is_no_request_is_counted_and_the_rest_is_kept(ledger, tmp_path):
    with ledger.writer() as writer:
        names = NameTable.open(ledger.path, SECRET)
        observer = Observer(ledger, writer, names, Edge(EdgeRecipe(SECRET, None, 0)))
        observer.take(exchange(1))
        observer.take(Observed(START_US, "x", "a", "/v1/chat/completions", "POST", 400, b"garbage", b""))
        observer.flush()
    assert (observer.counts.observed, observer.counts.unreadable) == (1, 1)
    assert count(ledger) == 1


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 400), max_size=30))
def test_frames_survive_every_way_in_which_a_stream_may_be_cut(bodies, cuts):
    sent = [Observed(n, "i", "a", "/p", "POST", 200, body, body) for n, body in enumerate(bodies)]
    stream, deframer, found = b"".join(map(framed, sent)), Deframer(Observed), []
    for cut in [*cuts, len(stream) + 1]:
        piece, stream = stream[:cut], stream[cut:]
        found += deframer.feed(piece)
    found += deframer.feed(stream)
    assert found == sent


@pytest.mark.parametrize(
    "bytes_", [(MAX_FRAME_BYTES + 1).to_bytes(4, "big"), b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\2\xc1\xc1"]
)
def test_what_is_no_frame_ends_the_connection_and_takes_no_memory(bytes_):
    with pytest.raises(BrokenFrame):
        list(Deframer(Observed).feed(bytes_))
