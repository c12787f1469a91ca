"""What each role tells: from the objects that count, numbers as `Publisher` wants them.

What counts lives elsewhere, in parts that know nothing of metrics; here stands what of it is read. Mappings of several
roles are put together with `|` where one process has several.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from stillwatch.decision.verdict import Step, Verdict
from stillwatch.telemetry.catalogue import Series, Value
from stillwatch.telemetry.counts import OUTCOMES, GateCounts, LookCounts
from stillwatch.telemetry.histogram import Histogram

UPSTREAM_MEMORY_SECONDS = 10.0
"""A failure to connect is held against the upstream for so long. Chosen: a deployment that is not ready gets no
requests, and without requests nobody finds out that the upstream is back."""

Numbers = dict[Series, Value]


class WireCounters(Protocol):
    """What the data plane of a worker counts (`gateway.worker_state.Counters`)."""

    connections: int
    refused: int
    retried: int
    upstream_opened: int
    upstream_unreachable: int


class Wire(Protocol):
    """The data plane of a worker (`gateway.worker_state.WorkerState`)."""

    @property
    def counters(self) -> WireCounters:
        """Since the worker started."""

    @property
    def buffered_bytes(self) -> int:
        """Bodies held now."""


class Outgoing(Protocol):
    """A worker's end of observation (`observing.outbox.Outbox`)."""

    @property
    def sent(self) -> int:
        """Exchanges."""

    @property
    def shed(self) -> int:
        """Exchanges."""


class ObserverCounts(Protocol):
    """What the observer counts (`observing.observer.Counts`)."""

    observed: int
    unreadable: int
    broken_connections: int
    learned: int
    untold: int
    commits: int


class WireNumbers:
    """A worker's data plane. Call it once a second: it remembers when the upstream was last out of reach."""

    def __init__(
        self, wire: Wire, open_connections: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wire = wire
        self._open = open_connections
        self._clock = clock
        self._opened = self._unreachable = 0
        self._failed_at: float | None = None

    def __call__(self) -> Numbers:
        counters = self._wire.counters
        return {
            ("stillwatch_malformed_requests_total",): counters.refused,
            ("stillwatch_connections",): self._open(),
            ("stillwatch_connections_accepted_total",): counters.connections,
            ("stillwatch_buffered_bytes",): self._wire.buffered_bytes,
            ("stillwatch_upstream_connections_total", "opened"): counters.upstream_opened,
            ("stillwatch_upstream_connections_total", "unreachable"): counters.upstream_unreachable,
            ("stillwatch_upstream_retries_total",): counters.retried,
            ("stillwatch_upstream_up",): int(self._is_upstream_up(counters)),
        }

    def _is_upstream_up(self, counters: WireCounters) -> bool:
        now = self._clock()
        if counters.upstream_opened > self._opened:
            self._failed_at = None
        elif counters.upstream_unreachable > self._unreachable:
            self._failed_at = now
        self._opened, self._unreachable = counters.upstream_opened, counters.upstream_unreachable
        return self._failed_at is None or now - self._failed_at > UPSTREAM_MEMORY_SECONDS


def of_gate(counts: GateCounts) -> Numbers:
    """What a worker's guard did."""
    numbers: Numbers = {
        ("stillwatch_requests_total", dialect, outcome): number
        for dialect, numbers_of in counts.requests.items()
        for outcome, number in zip(OUTCOMES, numbers_of, strict=True)
    }
    numbers |= {("stillwatch_answers_total", cause): number for cause, number in counts.ended.items()}
    return numbers | {
        ("stillwatch_tokens_total", "input"): counts.input_tokens,
        ("stillwatch_tokens_total", "output"): counts.output_tokens,
        ("stillwatch_open_exchanges",): counts.open,
        ("stillwatch_request_seconds", "guard"): _told(counts.guard_seconds),
        ("stillwatch_request_seconds", "answer"): _told(counts.answer_seconds),
        ("stillwatch_first_byte_seconds",): _told(counts.first_byte_seconds),
    }


def of_outbox(outbox: Outgoing) -> Numbers:
    """What a worker handed on for observation."""
    return {
        ("stillwatch_observations_total", "sent"): outbox.sent,
        ("stillwatch_observations_total", "shed"): outbox.shed,
    }


def of_observer(counts: ObserverCounts) -> Numbers:
    """What the observer kept."""
    return {
        ("stillwatch_observer_exchanges_total", "kept"): counts.observed,
        ("stillwatch_observer_exchanges_total", "unreadable"): counts.unreadable,
        ("stillwatch_observer_broken_connections_total",): counts.broken_connections,
        ("stillwatch_observer_novelties_total", "told"): counts.learned - counts.untold,
        ("stillwatch_observer_novelties_total", "untold"): counts.untold,
        ("stillwatch_ledger_commits_total",): counts.commits,
    }


def of_verdicts(in_force: Iterable[Verdict], journal_entries: int) -> Numbers:
    """What a follower of the journal holds (`Docket.in_force`, `Docket.entries`)."""
    steps = Counter(verdict.step for verdict in in_force)
    numbers: Numbers = {("stillwatch_verdicts_in_force", step.name.lower()): steps[step] for step in Step}
    return numbers | {("stillwatch_journal_entries_total",): journal_entries}


def of_tracer(counts: LookCounts) -> Numbers:
    """What the tracer did."""
    return {
        ("stillwatch_tracer_looks_total", "ended"): counts.looks,
        ("stillwatch_tracer_looks_total", "failed"): counts.failed,
        ("stillwatch_tracer_look_seconds",): _told(counts.seconds),
    }


def of_policy(digest: str) -> Numbers:
    """Which policy a worker holds to: a digest of its file, cut to 16 digits."""
    return {("stillwatch_policy_info", digest[:16]): 1}


def of_store(is_up: bool) -> Numbers:
    """Whether a worker reaches the store of shared limits; not told where there is none."""
    return {("stillwatch_store_up",): int(is_up)}


def of_reloads(failures: int) -> Numbers:
    """How often a file was not taken because it is wrong."""
    return {("stillwatch_reload_failures_total",): failures}


def _told(histogram: Histogram) -> Value:
    return [histogram.sum, *histogram.counts]
