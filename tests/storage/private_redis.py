"""A Redis of the tests' own: a free port of loopback, nothing on disk, ended with the tests."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from types import TracebackType

import pytest
import redis

WHY_NOT = "redis-server is not installed: on Debian, apt-get install redis-server"


class PrivateRedis:
    """A running server; `stop`, `start`, `pause` and `resume` are what a bad day does to one."""

    def __init__(self, *options: str) -> None:
        self._program = shutil.which("redis-server")
        if self._program is None:
            pytest.skip(WHY_NOT)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._options = options
        self.password = options[options.index("--requirepass") + 1] if "--requirepass" in options else None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start empty, and wait until it answers."""
        alone = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", str(self.port))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([str(self._program), *alone, *self._options], **quiet)  # type: ignore[call-overload]  # noqa: S603 - Debian's program
        while not self._answers():
            assert self.process.poll() is None

    def stop(self) -> None:
        """Kill it: its data is lost."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """It takes connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.password)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def __enter__(self) -> PrivateRedis:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
