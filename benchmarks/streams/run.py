"""One worker with a gate, with as many open streams as asked for; then, if asked for, minutes of streams in turns.

Memory of a stream is what the worker grew by while all were open, divided by them; it is the resident size that the
kernel accounts to the process. Each stream is two connections, and so two open files of the worker: where the system
allows fewer than twice the streams, as many run as it allows, and the case says so.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.proxy.run import _cpu_seconds, _free_port, _process

STREAMS = 10_000
FRAMES = 12
INTERVAL_SECONDS = 5.0
"""Between two frames of a stream. Chosen: two cores suffice for both ends and the worker."""
_OTHER_FILES = 100
"""Of a worker: its log, its loop, its listening socket, and room."""
_SAMPLE_SECONDS = 0.5
MOST_BYTES_A_STREAM = 40_000
"""Target: ten thousand streams in 400 MB."""
SOAK_STREAMS, SOAK_FRAMES, SOAK_INTERVAL_SECONDS = 200, 10, 0.5
MOST_GROWTH = 1.05
"""Of resident size from the end of the first tenth of a soak to its end. Chosen: an allocator's noise."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """What the clients got, and what the worker took. `rss` is in bytes: (seconds, size), from before the first."""

    whole: int
    broken: int
    frames: int
    lost: int
    most_open: int
    cpu_seconds: float
    rss: tuple[tuple[float, int], ...]

    @property
    def bytes_a_stream(self) -> int:
        return (max(size for _, size in self.rss) - self.rss[0][1]) // max(self.most_open, 1)


def run(minutes: float) -> Iterator[Figure]:
    """The open streams, and a soak of so many minutes where that is above 0."""
    streams = min(STREAMS, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - _OTHER_FILES) // 2)
    got = streamed(streams, FRAMES, INTERVAL_SECONDS)
    yield Figure(
        "streams",
        f"{got.most_open:,} open at once, {FRAMES} frames each",
        got.frames,
        got.cpu_seconds,
        max(size for _, size in got.rss),
        found=f"{got.lost} frames lost, {got.bytes_a_stream / 1000:.1f} kB a stream",
        target=f"none lost, at most {MOST_BYTES_A_STREAM // 1000} kB",
        is_met=got.lost == 0 and got.most_open == streams and got.bytes_a_stream <= MOST_BYTES_A_STREAM,
    )
    if minutes > 0:
        yield _soak(minutes)


def _soak(minutes: float) -> Figure:
    got = streamed(SOAK_STREAMS, SOAK_FRAMES, SOAK_INTERVAL_SECONDS, minutes * 60)
    tenths = [got.rss[(len(got.rss) - 1) * part // 10][1] for part in range(11)]
    print("resident MB, by tenths: " + " ".join(f"{size / 1e6:.1f}" for size in tenths), file=sys.stderr)
    return Figure(
        "streams",
        f"{minutes:g} minutes of {SOAK_STREAMS} streams in turns",
        got.frames,
        got.cpu_seconds,
        max(tenths),
        found=f"{got.lost} of {got.frames:,} frames lost, {tenths[1] / 1e6:.1f} MB, then {tenths[-1] / 1e6:.1f} MB",
        target=f"none lost, memory within {MOST_GROWTH - 1:.0%}",
        is_met=got.lost == 0 and tenths[-1] <= tenths[1] * MOST_GROWTH,
    )


def streamed(streams: int, frames: int, interval: float, seconds: float = 0.0) -> Streamed:
    """Stream so through one worker. With `seconds` a stream that ends is followed by another until then."""
    upstream, port, together = _free_port(), _free_port(), str(0 if seconds else streams)
    with (
        _process([*_module("upstream"), str(upstream), str(frames), str(interval), together], upstream),
        _process([*_module("gateway_process"), str(port), str(upstream)], port) as worker,
    ):
        before, begun = _cpu_seconds(worker), time.monotonic()
        rss = [(0.0, _resident(worker))]
        load = [*_module("load"), str(port), str(streams), str(frames), str(seconds)]
        with subprocess.Popen(load, stdout=subprocess.PIPE) as client:  # noqa: S603 - our own command
            while client.poll() is None:
                time.sleep(_SAMPLE_SECONDS)
                rss.append((time.monotonic() - begun, _resident(worker)))
            assert client.stdout is not None
            said = json.loads(client.stdout.read())
        return Streamed(**said, cpu_seconds=_cpu_seconds(worker) - before, rss=tuple(rss))


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.streams.{name}"]


def _resident(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
