"""Interleaved rounds of nginx and the gateway, and the medians of their CPU time per answer.

CPU time and not throughput, because on a shared machine a process gets what others leave. It is what the kernel
accounts to the proxy's processes between the first and the last answer of a round. The ratio is the median of those of
the rounds, each of which is of one moment. Beside it, what one client at a time waits, and what a request takes within
one process (`turns`).
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.proxy import load, nginx, turns

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 32
MOST_PER_REQUEST = 2.0
MOST_PER_STREAM = 1.5
MOST_ADDED_MS = 0.5
_ROOM = 20_000_000
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_START_ATTEMPTS = 400
_MODULE = [sys.executable, "-m"]


@dataclass(frozen=True, slots=True)
class Side:
    """A proxy under test. `most` is the target of its ratio to the first side, None for none."""

    name: str
    process: int
    port: int
    script: Path
    most: float | None = None


def run(below: Path) -> Iterator[Figure]:
    """What a request and a stream cost, and how long one client waits."""
    with scratch.folder(below, _ROOM) as folder:
        port = _free_port()
        with _process(nginx.upstream_command(folder, port), port):
            numbered = load.script(folder, is_numbered=True)
            yield from _case(folder, "request", port, load.script(folder), MOST_PER_REQUEST, numbered)
        stream_port = _free_port()
        with _process([*_MODULE, "benchmarks.proxy.stream_upstream", str(stream_port)], stream_port):
            streamed = load.script(folder, is_streamed=True)
            yield from _case(folder, "stream of 20 events", stream_port, streamed, MOST_PER_STREAM)
        yield from turns.run(folder)


def _case(
    folder: Path, name: str, upstream: int, script: Path, most: float, numbered: Path | None = None
) -> Iterator[Figure]:
    with ExitStack() as running:
        drain, *sides = _sides(running, folder, name, upstream, script, most)
        if numbered is not None:
            guarded = sides[-1]
            sides.append(Side("guarded gateway, heads all different", guarded.process, guarded.port, numbered))
        before = _cpu_seconds(drain.process)
        rounds = [[_round(side) for side in sides] for _ in range(ROUNDS)]
        drained = _cpu_seconds(drain.process) - before
        seen = list(zip(*rounds, strict=True))
        for side, own in zip(sides, seen, strict=True):
            yield _figure(name, side, own, seen[0])
        observed = sum(
            answers for side, own in zip(sides, seen, strict=True) if "guarded" in side.name for answers, _ in own
        )
        told = f"{drained / observed * 1e6:.1f} us of CPU each"
        yield Figure("proxy", f"{name}, reading what is observed", observed, drained, found=told)
        if numbered is not None:
            yield from _waits(upstream, sides, script)


def _sides(running: ExitStack, folder: Path, name: str, upstream: int, script: Path, most: float) -> Iterator[Side]:
    """The drain, nginx, the bare gateway and the guarded one, started."""
    home = folder / name.replace(" ", "-")
    socket_file = home / "run" / "observer.sock"
    socket_file.parent.mkdir(parents=True)
    drain = running.enter_context(_process([*_MODULE, "benchmarks.proxy.drain_process", str(socket_file)], socket_file))
    yield Side("drain", drain, 0, script)
    ports = [_free_port() for _ in range(3)]
    bare = [*_MODULE, "benchmarks.proxy.gateway_process", str(ports[1]), str(upstream)]
    guarded = [*_MODULE, "benchmarks.proxy.guarded_process", str(home), str(ports[2]), str(upstream)]
    commands = (nginx.proxy_command(folder, ports[0], upstream), bare, guarded)
    for who, command, port in zip(("nginx", "bare gateway", "guarded gateway"), commands, ports, strict=True):
        process = running.enter_context(_process(command, port))
        yield Side(who, process, port, script, most if who == "guarded gateway" else None)


def _figure(case: str, side: Side, own: Sequence[tuple[int, float]], first: Sequence[tuple[int, float]]) -> Figure:
    cost = statistics.median(used / answers for answers, used in own)
    ratio = statistics.median((b[1] / b[0]) / (a[1] / a[0]) for a, b in zip(first, own, strict=True))
    is_first = own is first
    return Figure(
        "proxy",
        f"{case}, {side.name}",
        sum(answers for answers, _ in own),
        sum(used for _, used in own),
        found=f"{cost * 1e6:.0f} us of CPU each" + ("" if is_first else f", {ratio:.2f} x nginx"),
        target="" if side.most is None else f"at most {side.most} x nginx",
        is_met=None if side.most is None else ratio <= side.most,
    )


def _waits(upstream: int, sides: Sequence[Side], script: Path) -> Iterator[Figure]:
    """What one client waits, without a proxy and with each: medians over the rounds."""
    ports = {"direct": upstream} | {side.name: side.port for side in sides if side.script == script}
    rounds = [{who: load.milliseconds(script, port, 1) for who, port in ports.items()} for _ in range(ROUNDS)]
    for who in ports:
        median, most = [statistics.median(one[who][place] for one in rounds) for place in (0, 1)]
        added = statistics.median(one[who][1] - one["direct"][1] for one in rounds)
        found = f"median {median:.2f} ms, 99 % {most:.2f} ms" + ("" if who == "direct" else f", {added:+.2f} ms")
        is_ours = who == "guarded gateway"
        target = f"99 %: at most {MOST_ADDED_MS} ms more than direct" if is_ours else ""
        is_met = added <= MOST_ADDED_MS if is_ours else None
        yield Figure("proxy", f"one client, {who}", found=found, target=target, is_met=is_met)


def _round(side: Side) -> tuple[int, float]:
    """Answers, and the CPU seconds that the proxy spent on them."""
    before = _cpu_seconds(side.process)
    answers = load.post(side.script, side.port, SECONDS, CONNECTIONS)
    return answers, _cpu_seconds(side.process) - before


def _cpu_seconds(process: int) -> float:
    """User and system time of a process and its children that live, from /proc."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) * _TICK
    return own + sum(_cpu_seconds(int(child)) for child in children)


@contextmanager
def _process(command: list[str], listens: int | Path) -> Iterator[int]:
    """Run it until it listens, and end it with the block."""
    process = subprocess.Popen(command)  # noqa: S603 - our own commands
    try:
        _await(listens)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await(listens: int | Path) -> None:
    """Until something listens."""
    for _ in range(_START_ATTEMPTS):
        try:
            if isinstance(listens, Path):
                socket.socket(socket.AF_UNIX).connect(str(listens))
            else:
                socket.create_connection(("127.0.0.1", listens), timeout=1).close()
        except (ConnectionRefusedError, FileNotFoundError):
            time.sleep(0.05)
        else:
            return
    raise load.Unanswered(f"nothing listens at {listens}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
