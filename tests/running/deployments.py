"""A deployment for the length of a test: `stillwatch up` as a process, and a model behind it in this one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

OURS = "stillwatch.cli.main"
ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "The miller."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
}


class Model(BaseHTTPRequestHandler):
    """Answers every chat with the same words."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests want to see nothing of it."""


@contextmanager
def model() -> Generator[int]:
    """The port of a model server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Up:
    """A running `stillwatch up`."""

    process: subprocess.Popen[str]
    address: str
    home: Path

    def ask(self, key: str = "sk-1", text: str = "Who grinds the rye?") -> httpx.Response:
        """One chat."""
        return httpx.post(
            f"{self.address}/v1/chat/completions",
            json={"model": "m", "messages": [{"role": "user", "content": text}]},
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )

    def parts(self) -> dict[str, int]:
        """Its child processes, by what they do."""
        return {name: pid for pid, name in children(self.process.pid)}

    def end(self, number: int = signal.SIGINT) -> int:
        """Stop it and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait()


@contextmanager
def up(home: Path, *more: str, environment: dict[str, str] | None = None) -> Generator[Up]:
    """`stillwatch up` with these arguments, taking requests; killed at the end where it still runs."""
    home.mkdir(exist_ok=True)
    known = {**os.environ, "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home), **(environment or {})}
    arguments = [sys.executable, "-m", OURS, "up", *more]
    with (home / "said.txt").open("w") as said:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=said, text=True, env=known)  # noqa: S603 - our own command
    try:
        yield Up(process, _address(process, home), home)
    finally:
        left = [pid for pid, _ in children(process.pid)]
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()
        until(lambda: not any(lives(pid) for pid in left))


def _address(process: subprocess.Popen[str], home: Path) -> str:
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"http://[\d.]+:\d+", line):
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return found[0]
    raise AssertionError((home / "said.txt").read_text())


def children(parent: int) -> list[tuple[int, str]]:
    """The child processes of `parent`, each with the command that it runs."""
    found = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in task.read_text().split():
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if OURS in arguments:  # else it was forked this moment and is still its parent
                found.append((int(pid), arguments[arguments.index(OURS) + 1]))
    return found


def lives(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds: Callable[[], bool]) -> None:
    """Wait for what other processes do; a test that waits in vain is ended by its runner."""
    while not holds():
        time.sleep(0.05)
