"""The processes of a deployment tell their numbers, their readiness and their spans, as their commands start them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gateway.running import run
from gateway.upstream_server import says, upstream

from stillwatch.observing.frames import framed

from .processes import Endpoint, served
from .test_counting import WHOLE, request

ALLOWED = ("stillwatch_requests_total", "openai_chat", "allow")


@contextmanager
def command(name: str, file: Path) -> Generator[tuple[subprocess.Popen[str], str]]:
    """A command of a deployment until the end of the test, and its first line."""
    arguments = [sys.executable, "-m", "stillwatch.cli.main", name, "--config", str(file)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(arguments, text=True, **streams) as process:  # type: ignore[call-overload]  # noqa: S603 - our own command
        try:
            yield process, process.stdout.readline()
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def configuration(folder: Path, upstream_port: int = 1, more: str = "") -> Path:
    file = folder / "stillwatch.toml"
    file.write_text(
        f'[gateway.listen]\nport = 0\n[gateway.upstream]\nport = {upstream_port}\n[files]\nhome = "{folder / "home"}"\n'
        f'secret = "{folder / "key"}"\n{more}'
    )
    (folder / "key").write_text(f"{20_260_302:064x}")
    (folder / "key").chmod(0o600)
    return file


async def asked(port: int) -> bytes:
    """A request's whole answer; the port is known before it listens."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            break
        except ConnectionRefusedError:
            continue
    writer.write(request())
    answer = await reader.read()
    writer.close()
    return answer


def until(endpoint: Endpoint, series: tuple[str, ...], value: float) -> None:
    """Ask until that is told."""
    while endpoint.numbers().get(series) != value:
        continue


def test_a_gateway_tells_what_it_did_also_after_its_end(tmp_path: Path) -> None:
    async def test() -> None:
        async with upstream(says(WHOLE)) as server:
            with command("gateway", configuration(tmp_path, server.port)) as (process, line):
                port = int(re.findall(r":(\d+)", line)[-1])
                assert (await asked(port)).startswith(b"HTTP/1.1 200 ")
                with served(tmp_path / "home" / "run" / "metrics") as endpoint:
                    await asyncio.to_thread(until, endpoint, ALLOWED, 1)
                    assert (await asyncio.to_thread(endpoint.ask, "/readyz"))[0] == 200
                    process.send_signal(signal.SIGTERM)
                    await asyncio.to_thread(until, endpoint, ("stillwatch_processes", "worker"), None)
                    numbers = await asyncio.to_thread(endpoint.numbers)
                    assert numbers[ALLOWED] == 1
                    assert numbers["stillwatch_tokens_total", "output"] == 6
                    assert (await asyncio.to_thread(endpoint.ask, "/readyz"))[0] == 503

    run(test())


def worker_of(endpoint: Endpoint, unlike: int = 0) -> int:
    """The process of the one worker, once there is one and it is another."""
    while True:
        pids = [int(pid) for name, *labels in endpoint.numbers() for pid in labels[:1] if is_worker(name, labels)]
        if len(pids) == 1 and pids != [unlike]:
            return pids[0]


def is_worker(name: str, labels: list[str]) -> bool:
    return name == "process_start_time_seconds" and labels[1] == "worker"


def test_totals_go_on_over_a_reload_and_a_kill_of_a_worker(tmp_path: Path) -> None:
    """Three workers, one after the other: drained, killed, ended."""

    async def test() -> None:
        async with upstream(says(WHOLE)) as server:
            with command("gateway", configuration(tmp_path, server.port)) as (process, line):
                port = int(re.findall(r":(\d+)", line)[-1])
                with served(tmp_path / "home" / "run" / "metrics") as endpoint:
                    await asked(port)
                    await asyncio.to_thread(until, endpoint, ALLOWED, 1)
                    first = await asyncio.to_thread(worker_of, endpoint)
                    process.send_signal(signal.SIGHUP)
                    second = await asyncio.to_thread(worker_of, endpoint, first)
                    await asked(port)
                    await asyncio.to_thread(until, endpoint, ALLOWED, 2)
                    os.kill(second, signal.SIGKILL)
                    await asyncio.to_thread(worker_of, endpoint, second)
                    assert (await asyncio.to_thread(endpoint.numbers))[ALLOWED] == 2
                    await asked(port)
                    await asyncio.to_thread(until, endpoint, ALLOWED, 3)

    run(test())


def test_an_observer_tells_its_numbers_and_makes_spans(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: the extra otel brings it")
    from .test_spans import EXCHANGE, receiver

    with receiver() as (endpoint, came, has_come):
        file = configuration(tmp_path, more=f'[spans]\nendpoint = "{endpoint}"\nratio = 1.0\naccounts = true\n')
        with command("observe", file) as (process, line):
            where = re.search(r"(/\S+\.sock)", line)
            assert where, process.stderr.read()
            with socket.socket(socket.AF_UNIX) as worker:
                while worker.connect_ex(where[1]):
                    continue
                worker.sendall(framed(EXCHANGE))
                with served(tmp_path / "home" / "run" / "metrics") as numbers:
                    until(numbers, ("stillwatch_observer_exchanges_total", "kept"), 1)
            process.send_signal(signal.SIGTERM)
            has_come.wait()
    assert "gpt-x" in str(came)
    assert "enduser.pseudo.id" in str(came)
    assert not any(secret in str(came) for secret in ("acct-0412", "rye", "miller"))


def test_a_wrong_table_of_spans_is_told(tmp_path: Path) -> None:
    with command("observe", configuration(tmp_path, more="[spans]\nratio = 2\n")) as (process, line):
        assert line == ""
        assert "$.spans.ratio" in process.stderr.read()


def test_logs_of_a_gateway_are_lines_of_json(tmp_path: Path) -> None:
    """Also what it says when it cannot reload."""
    file = configuration(tmp_path)
    with command("gateway", file) as (process, line):
        port = int(re.findall(r":(\d+)", line)[-1])
        run(asked_of(port))
        file.write_text("worker = 1\n")
        process.send_signal(signal.SIGHUP)
        said = json.loads(process.stderr.readline())
        assert (said["level"], said["role"]) == ("error", "gateway")
        assert "not reloaded" in said["event"]


async def asked_of(port: int) -> None:
    assert (await asked(port)).startswith(b"HTTP/1.1 502 ")


def test_a_tracer_tells_its_looks(tmp_path: Path) -> None:
    """One that looked once, at a ledger with too little in it to find anybody; its numbers stay."""
    (tmp_path / "key").write_text(f"{20_260_302:064x}")
    (tmp_path / "key").chmod(0o600)
    body = {"model": "m", "messages": [{"role": "user", "content": "Who grinds the rye?"}]}
    row = {"path": "/v1/chat/completions", "account": "a", "body": body}
    rows = [{"ts_us": 86_400_000_000 * day, "id": str(day), **row} for day in range(20_000, 20_006)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    secret = ("--secret", str(tmp_path / "key"))
    ledger = str(tmp_path / "ledger")
    state, journal = ("--state", str(tmp_path / "state")), ("--journal", str(tmp_path / "journal.jsonl"))
    numbers = ("--metrics", str(tmp_path / "metrics"))
    for arguments in (
        ("sketch", str(tmp_path / "log.jsonl"), "--out", ledger, "--workers", "1", *secret),
        ("trace", ledger, *state, *journal, *numbers, "--once", *secret),
    ):
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "stillwatch.cli.main", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    with served(tmp_path / "metrics") as endpoint:
        told = endpoint.numbers()
    assert told["stillwatch_tracer_looks_total", "ended"] == told["stillwatch_tracer_look_seconds_count",] == 1
    assert told["stillwatch_tracer_looks_total", "failed"] == 0
