"""What processes log: whole lines, for machines and for people, and never what a client or a model said."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from gateway.running import run
from gateway.upstream_server import Conversation, says, upstream

from stillwatch.errors import UsageError
from stillwatch.telemetry.logs import JsonLines, Lines

from .test_counting import request

PLANTED = ("sk-planted", "plantedprompt", "plantedheader", "plantedanswer")
PROGRAM = """
import asyncio, hashlib, sys, threading
from contextlib import asynccontextmanager
from pathlib import Path
from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.gateway.configuration import read
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.gateway.worker import Worker, listening_socket, run
from stillwatch.telemetry import logs

logs.begin("worker", level="DEBUG")
NOW = Now(1_000_000_000, 1_788_000_000_000_000)

class Failing(Gate):
    def on_request(self, request):
        if b"fail-guard" in request.body:
            raise ValueError(f"cannot read {request.body!r}")
        if b"fail-task" in request.body:
            asyncio.get_running_loop().create_task(failing(request.body))
            asyncio.get_running_loop().call_soon(fail, request.body)
            threading.Thread(target=fail, args=(request.body,)).start()
        return super().on_request(request)

async def failing(body):
    raise ValueError(f"cannot read {body!r}")

def fail(body):
    raise ValueError(f"cannot read {body!r}")

def observe(observed):
    if b"fail-observer" in observed.body:
        raise ValueError(f"cannot take {observed!r}")

@asynccontextmanager
async def working(configuration):
    holder = KeyHolder(hashlib.sha256(b"sk-planted").hexdigest(), "planted-account")
    yield Worker(configuration, Failing(Core(Policy()), Keys([holder]), lambda: NOW, observe))

configuration = read(Path(sys.argv[1]))
bound = listening_socket(configuration)
print(bound.getsockname()[1], flush=True)
run(configuration, working, bound)
raise RuntimeError("plantedprompt at the end")
"""


@asynccontextmanager
async def logging_gateway(file: Path, upstream_port: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A gateway as a process of its own: its port, and in the end what it logged."""
    file.write_text(f"[listen]\nport = 0\n[upstream]\nport = {upstream_port}\n[time_outs]\nbody = 0.3\nhead = 0.3\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout
    logged: list[bytes] = []
    try:
        yield int(await process.stdout.readline()), logged
    finally:
        process.terminate()
        _, errors = await process.communicate()
        logged.append(errors)


async def told(port: int, data: bytes) -> None:
    """Send, and read until the gateway closes; its port is known before it listens."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            break
        except ConnectionRefusedError:
            continue
    writer.write(data)
    await reader.read()
    writer.close()


def planted(words: str, key: str = "sk-planted") -> bytes:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": f"plantedprompt {words}"}]})
    return request(key, body=body.encode()).replace(b"Host: a\r\n", b"Host: a\r\nX-Note: plantedheader\r\n")


def test_nothing_that_a_client_or_a_model_said_is_logged(tmp_path: Path) -> None:
    """Whatever fails: the body, the key, the head, the guard, a task, a thread, the observer, the upstream, the end."""
    logs: list[bytes] = []

    async def model(conversation: Conversation) -> None:
        if b"garbage" in conversation.body:
            await conversation.say(b"plantedanswer \xff garbage\r\n\r\n")
        elif b"torn" in conversation.body:
            await conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nplantedanswer")
            conversation.reset()
        else:
            await says(b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"plantedanswer":')(conversation)

    async def test() -> None:
        async with upstream(model) as server, logging_gateway(tmp_path / "g.toml", server.port) as (port, logged):
            for words in ("honest", "garbage", "torn", "fail-guard", "fail-task", "fail-observer"):
                await told(port, planted(words))
            await told(port, planted("unknown", key="sk-planted-but-wrong"))
            await told(port, request("sk-planted", body=b'{"model": plantedprompt'))
            await told(port, b"GET /plantedprompt HTTP/1.1\r\nX-Note: plantedheader\r\n\r\n")
            await told(port, b"plantedprompt\r\n\r\n")
            await told(port, planted("late")[:-10])
        logs.extend(logged)

    run(test())
    (said,) = logs
    lines = [json.loads(line) for line in said.decode().splitlines()]
    events = {line["event"] for line in lines}
    assert {
        "The guard failed; the request was refused",
        "The observer of an answer failed at its end",
        "A thread ends: nobody caught an exception",
        "Task exception was never retrieved",
        "The process ends: nobody caught an exception",
    } <= events
    assert any(line["logger"] == "asyncio" and line["event"].startswith("Exception in callback") for line in lines)
    failed = next(line for line in lines if line["event"].startswith("The guard failed"))
    assert failed["error"].startswith("ValueError at ")
    assert "<string>" in failed["error"]
    assert {line["role"] for line in lines} == {"worker"}
    assert [secret for secret in PLANTED if secret.encode() in said] == []


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger of ours and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("tracer"))
    logger = logging.Logger("stillwatch.test")
    logger.addHandler(handler)
    yield logger, stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_whatever_is_in_it(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    logger.warning("the file %s\n{\x1b[2J", "a\u2028b")
    (line,) = lines(stream)
    assert (line["level"], line["role"], line["logger"]) == ("warning", "tracer", "stillwatch.test")
    assert line["event"] == "the file a\u2028b\n{\x1b[2J"
    assert len(stream.getvalue().splitlines()) == 1


def test_numbers_go_beside_the_sentence_and_words_do_not(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    logger.info("A look ended", extra={"seconds": 1.5, "found": 2, "ok": True, "prompt": "plantedprompt", "ts": 1})
    (line,) = lines(stream)
    assert (line["seconds"], line["found"], line["ok"]) == (1.5, 2, True)
    assert "prompt" not in line
    assert str(line["ts"]).endswith("Z")


def test_of_an_exception_only_ours_are_told_in_words(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    for error in (UsageError("the file x is none", "Name one"), ValueError("plantedprompt"), OSError(28, "planted")):
        try:
            raise error
        except (UsageError, ValueError, OSError):
            logger.exception("It failed")
    ours, foreign, system = (line["error"] for line in lines(stream))
    assert ours.startswith("UsageError: the file x is none. Name one at test_logs.py:")
    assert foreign.startswith("ValueError at test_logs.py:")
    assert system.startswith("OSError: No space left on device at ")


def test_a_sentence_that_its_arguments_do_not_fit_is_told_without_them(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = written
    logger.info("%d rows", "plantedprompt")
    assert lines(stream)[0]["event"] == "%d rows"


def test_a_very_long_sentence_is_cut(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    logger.info("x" * 100_000)
    assert len(stream.getvalue()) < 3_000


def test_people_get_a_line_that_cannot_write_to_their_terminal() -> None:
    record = logging.makeLogRecord(
        {"name": "stillwatch.x", "msg": "the file \x1b[2J\nis none", "levelname": "ERROR", "rows": 3}
    )
    said = Lines("worker").format(record)
    assert said.endswith("the file \\x1b[2J\\nis none rows=3")
    assert "ERROR" in said


def test_json_is_for_pipes_and_lines_are_for_terminals() -> None:
    program = "import sys; from stillwatch.telemetry import logs; logs.begin('tracer'); logs._log.info('Here')"
    piped = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert json.loads(piped.stderr)["event"] == "Here"
    script = ["script", "-qec", f'{sys.executable} -c "{program}"', "/dev/null"]
    try:
        shown = subprocess.run(script, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - util-linux
    except FileNotFoundError:
        pytest.skip("script is not installed: on Debian, apt-get install bsdutils")
    assert " INFO    tracer[" in shown.stdout
