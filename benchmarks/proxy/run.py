"""Interleaved rounds of nginx and the gateway, and the medians of their CPU time per answer.

CPU time and not throughput, because on a shared machine a process gets what others leave. It is what the kernel
accounts to the proxy's processes between the first and the last answer of a round.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.proxy import load, nginx

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 32
MOST_PER_REQUEST = 1.5
MOST_PER_STREAM = 1.2
_ROOM = 10_000_000
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_START_ATTEMPTS = 200


def run(below: Path) -> Iterator[Figure]:
    """Four figures: nginx and the gateway, for requests and for streams."""
    with scratch.folder(below, _ROOM) as folder:
        yield from _case(
            folder, "request", nginx.upstream_command(folder, port := _free_port()), port, MOST_PER_REQUEST
        )
        module = [sys.executable, "-m", "benchmarks.proxy.stream_upstream"]
        yield from _case(folder, "stream of 20 events", [*module, str(port := _free_port())], port, MOST_PER_STREAM)


def _case(folder: Path, name: str, upstream: list[str], port: int, most: float) -> Iterator[Figure]:
    script = load.script(folder)
    ports = _free_port(), _free_port()
    ours = [sys.executable, "-m", "benchmarks.proxy.gateway_process", str(ports[1]), str(port)]
    with ExitStack() as running:
        running.enter_context(_process(upstream, port))
        theirs = running.enter_context(_process(nginx.proxy_command(folder, ports[0], port), ports[0]))
        gateway = running.enter_context(_process(ours, ports[1]))
        sides = tuple(zip((theirs, gateway), ports, strict=True))
        rounds = [[_round(script, process, to) for process, to in sides] for _ in range(ROUNDS)]
    costs = [statistics.median(used / answers for answers, used in side) for side in zip(*rounds, strict=True)]
    ratio = statistics.median((own[1] / own[0]) / (other[1] / other[0]) for other, own in rounds)
    for who, cost, side in zip(("nginx", "gateway"), costs, zip(*rounds, strict=True), strict=True):
        found = f"{cost * 1e6:.0f} us of CPU each" + (f", {ratio:.2f} x nginx" if who == "gateway" else "")
        yield Figure(
            "proxy",
            f"{name}, {who}",
            sum(answers for answers, _ in side),
            sum(used for _, used in side),
            found=found,
            target=f"at most {most} x nginx" if who == "gateway" else "",
            is_met=ratio <= most if who == "gateway" else None,
        )


def _round(script: Path, process: int, port: int) -> tuple[int, float]:
    """Answers, and the CPU seconds that the proxy spent on them."""
    before = _cpu_seconds(process)
    answers = load.post(script, port, SECONDS, CONNECTIONS)
    return answers, _cpu_seconds(process) - before


def _cpu_seconds(process: int) -> float:
    """User and system time of a process and its children that live, from /proc."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) * _TICK
    return own + sum(_cpu_seconds(int(child)) for child in children)


@contextmanager
def _process(command: list[str], port: int) -> Iterator[int]:
    """Run it until it answers, and end it with the block."""
    process = subprocess.Popen(command)  # noqa: S603 - our own commands
    try:
        _await(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    """Until something listens."""
    for _ in range(_START_ATTEMPTS):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise load.Unanswered(f"nothing listens on port {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
