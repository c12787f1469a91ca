"""Sketching takes the same memory however long the log is: the peak of every process, size by size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import prompts
from benchmarks.figures import Figure
from benchmarks.sketch import sketched

SIZES = (10_000, 100_000, 1_000_000)
FULL = 10_000_000
_WORKERS = 2
_SETTLED = 100_000  # a shorter log does not fill one commit
TARGET_GROWTH = 1.2


def run(sizes: Sequence[int], below: Path) -> Iterator[Figure]:
    """One figure a size, and how much the peaks grew once a commit was full."""
    sent = prompts.requests()
    figures = []
    for exchanges in sorted(sizes):
        used = sketched(sent, exchanges, "log.jsonl", _WORKERS, below)
        peaks = used.peak_bytes, used.worker_peak_bytes
        figures.append(Figure("memory", f"{exchanges:,} exchanges", exchanges, used.cpu_seconds, *peaks))
        yield figures[-1]
    settled = [figure for figure in figures if figure.exchanges >= _SETTLED]
    if len(settled) >= 2:
        yield _growth(settled[0], settled[-1])


def _growth(first: Figure, last: Figure) -> Figure:
    own = last.peak_bytes / first.peak_bytes
    worker = last.worker_peak_bytes / first.worker_peak_bytes
    return Figure(
        "memory",
        "growth",
        found=f"x {own:.2f} (worker x {worker:.2f}) for x {last.exchanges / first.exchanges:.0f} exchanges",
        target="constant within 20 %",
        is_met=max(own, worker) <= TARGET_GROWTH,
    )
