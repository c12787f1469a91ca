"""Whole exchanges per CPU second: read, parse, sketch and write, with everything that a run starts counted in.

Short and long prompts apart, because cost grows with length up to a bound; figures of other systems are often for
prompts of some 250 characters alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import prompts, scratch
from benchmarks.figures import Figure
from benchmarks.measure import Usage, stillwatch
from benchmarks.prompts import Sent
from stillwatch.pseudonym import Secret

EXCHANGES = 60_000
TARGET_RATE = 10_000


def run(exchanges: int, below: Path) -> Iterator[Figure]:
    """All prompts as plain and as gzip, in one process and in two; then by length."""
    sent = prompts.requests()
    start = _start_up(sent, below)
    yield Figure("sketch", "a log of one line: starting up", cpu_seconds=start.cpu_seconds, peak_bytes=start.peak_bytes)
    kinds = {"all prompts": sent, "short": prompts.short(sent), "long": prompts.long(sent)}
    for kind, name, workers in (
        ("all prompts", "log.jsonl", 1),
        ("all prompts", "log.jsonl", 2),
        ("all prompts", "log.jsonl.gz", 2),
        ("short", "log.jsonl", 1),
        ("long", "log.jsonl", 1),
    ):
        used = sketched(kinds[kind], exchanges, name, workers, below)
        form = "gzip" if name.endswith(".gz") else "JSONL"
        case = f"{kind} ({prompts.characters(kinds[kind])} characters), {form}, {_processes(workers)}"
        yield _figure(case, exchanges, used, is_target=kind == "all prompts")


def sketched(sent: Sequence[Sent], exchanges: int, name: str, workers: int, below: Path) -> Usage:
    """Write a log, sketch it with the command line, and delete both."""
    with scratch.folder(below, prompts.room_for(sent, exchanges)) as place:
        prompts.write_log(place / name, sent, exchanges)
        Secret.create(place / "secret.key")
        return stillwatch(
            *("sketch", place / name, "--out", place / "ledger", "--secret", place / "secret.key"),
            *("--workers", str(workers), "--json"),
        )


def _start_up(sent: Sequence[Sent], below: Path) -> Usage:
    return sketched(sent, 1, "log.jsonl", 1, below)


def _processes(workers: int) -> str:
    return "1 process" if workers == 1 else f"{workers} workers"


def _figure(case: str, exchanges: int, used: Usage, *, is_target: bool) -> Figure:
    rate = exchanges / used.cpu_seconds
    return Figure(
        "sketch",
        case,
        exchanges,
        used.cpu_seconds,
        used.peak_bytes,
        used.worker_peak_bytes,
        target=f"{TARGET_RATE:,} per CPU s" if is_target else "",
        is_met=rate >= TARGET_RATE if is_target else None,
    )
