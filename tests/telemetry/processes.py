"""Real processes that tell their numbers, driven line by line, and an endpoint that serves them."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from prometheus_client.parser import text_string_to_metric_families

from stillwatch.telemetry.exporter import Exporter

PROGRAM = """
import sys
from pathlib import Path
from stillwatch.telemetry.collecting import WireNumbers, of_gate
from stillwatch.telemetry.counts import GateCounts
from stillwatch.telemetry.publish import Publisher

counts = GateCounts()
publisher = Publisher(Path(sys.argv[1]), sys.argv[2], lambda: of_gate(counts))
print("ready", flush=True)
for line in sys.stdin:
    counts.requests["openai_chat"][0] += int(line)
    counts.answer_seconds.observe(0.2)
    publisher.publish()
    print("told", flush=True)
publisher.close()
"""


class Teller:
    """A process that counts as many requests as it is told to, and publishes after each time."""

    def __init__(self, directory: Path, role: str = "worker") -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", PROGRAM, str(directory), role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._heard("ready\n")

    def count(self, requests: int) -> None:
        """Count, and publish."""
        assert self.process.stdin
        self.process.stdin.write(f"{requests}\n")
        self.process.stdin.flush()
        self._heard("told\n")

    def end(self) -> None:
        """As a worker that drains."""
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait() == 0

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def _heard(self, expected: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == expected

    def __enter__(self) -> Teller:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self.kill()


class Endpoint:
    """An exporter's address, asked without any memory of ours."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str, method: str = "GET", accept: str = "") -> tuple[int, http.client.HTTPMessage, str]:
        """Status, header fields and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers={"Accept": accept} if accept else {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def numbers(self) -> dict[tuple[str, ...], float]:
        """Every sample, by its name and the values of its labels in alphabetical order of the labels."""
        status, _, text = self.ask("/metrics")
        assert status == 200
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@contextmanager
def served(directory: Path) -> Iterator[Endpoint]:
    """An exporter in a thread of this process."""
    exporter = Exporter(directory, port=0)
    thread = threading.Thread(target=exporter.serve)
    thread.start()
    try:
        yield Endpoint(exporter.address[1])
    finally:
        exporter.close()
        thread.join()
