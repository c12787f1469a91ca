"""Every number that a deployment tells, with its type, labels and meaning; docs/telemetry.md is this list for people.

Names follow Prometheus: base units, `_total` for counters. No label holds what a client or an account chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.telemetry.histogram import LOOK_BOUNDS, REQUEST_BOUNDS


class Kind(StrEnum):
    """Prometheus' types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Over(StrEnum):
    """How the processes' numbers become one."""

    ALL = "all"  # added up over processes that live and that have ended: never falls
    LIVING = "living"  # added up over those that live
    LARGEST = "largest"  # of those that live: they tell the same thing, some of them earlier
    SMALLEST = "smallest"  # of those that live: one bad word is enough
    EACH = "each"  # one number a process that lives, labelled role and pid


@dataclass(frozen=True, slots=True)
class Metric:
    """One family. `bounds` of a histogram, in seconds."""

    name: str
    kind: Kind
    over: Over
    help: str
    labels: tuple[str, ...] = ()
    bounds: Sequence[float] = ()


PROCESS = ("role", "pid")
_C, _G, _H, _I = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM, Kind.INFO
_METRICS = (
    Metric("stillwatch_requests_total", _C, Over.ALL, "Requests, by what became of them.", ("dialect", "outcome")),
    Metric("stillwatch_malformed_requests_total", _C, Over.ALL,
           "Requests refused before the guard saw them: no HTTP, too large, too slow."),
    Metric("stillwatch_request_seconds", _H, Over.ALL,
           "Time in the guard, and from when it let a request on to the end of its answer.",
           ("part",), REQUEST_BOUNDS),
    Metric("stillwatch_first_byte_seconds", _H, Over.ALL,
           "Time from when the guard let a request on to the head of its answer, delays by a verdict included.",
           (), REQUEST_BOUNDS),
    Metric("stillwatch_tokens_total", _C, Over.ALL, "Tokens of settled exchanges.", ("direction",)),
    Metric("stillwatch_answers_total", _C, Over.ALL, "Answers of admitted requests, by how they ended.", ("end",)),
    Metric("stillwatch_open_exchanges", _G, Over.LIVING, "Admitted requests whose answer has not ended."),
    Metric("stillwatch_connections", _G, Over.LIVING, "Clients that are connected."),
    Metric("stillwatch_connections_accepted_total", _C, Over.ALL, "Connections of clients that were accepted."),
    Metric("stillwatch_buffered_bytes", _G, Over.LIVING, "Bodies of requests that are held in memory."),
    Metric("stillwatch_upstream_connections_total", _C, Over.ALL, "Attempts to connect to the upstream.",
           ("outcome",)),
    Metric("stillwatch_upstream_retries_total", _C, Over.ALL,
           "Requests sent again because a pooled connection had died."),
    Metric("stillwatch_upstream_up", _G, Over.SMALLEST, "0 while a worker's latest attempts to connect have failed."),
    Metric("stillwatch_observations_total", _C, Over.ALL,
           "Settled exchanges handed to the observer, or shed because it did not keep up.", ("outcome",)),
    Metric("stillwatch_observer_exchanges_total", _C, Over.ALL, "Exchanges that reached the observer.", ("outcome",)),
    Metric("stillwatch_observer_broken_connections_total", _C, Over.ALL,
           "Connections closed by the observer because what came was no frame."),
    Metric("stillwatch_observer_novelties_total", _C, Over.ALL,
           "Exchanges that asked about something new, by whether a worker was there to be told.", ("outcome",)),
    Metric("stillwatch_ledger_commits_total", _C, Over.ALL, "Commits to the ledger."),
    Metric("stillwatch_verdicts_in_force", _G, Over.LARGEST, "Verdicts that hold now.", ("step",)),
    Metric("stillwatch_journal_entries_total", _C, Over.LARGEST, "Entries of the journal that were followed."),
    Metric("stillwatch_tracer_looks_total", _C, Over.ALL, "Looks of the tracer.", ("outcome",)),
    Metric("stillwatch_tracer_look_seconds", _H, Over.ALL, "How long looks of the tracer took.", (), LOOK_BOUNDS),
    Metric("stillwatch_store_up", _G, Over.SMALLEST, "0 while a worker cannot reach the store of shared limits."),
    Metric("stillwatch_policy_info", _I, Over.LARGEST, "The policy in force; two while workers change.", ("digest",)),
    Metric("stillwatch_reload_failures_total", _C, Over.ALL,
           "Configurations, policies or keys that were not taken because they are wrong."),
    Metric("stillwatch_build_info", _I, Over.LARGEST, "The versions that run.", ("version", "python")),
    Metric("stillwatch_processes", _G, Over.LIVING, "Processes that live.", ("role",)),
    Metric("stillwatch_silent_seconds", _G, Over.LARGEST,
           "Time since the most silent process of a role told its numbers; above a few, its loop is stuck.",
           ("role",)),
    Metric("stillwatch_lost_counts_total", _C, Over.ALL, "Processes whose last numbers could not be read."),
    Metric("process_cpu_seconds_total", _C, Over.EACH, "User and system CPU time.", PROCESS),
    Metric("process_resident_memory_bytes", _G, Over.EACH, "Resident memory.", PROCESS),
    Metric("process_virtual_memory_bytes", _G, Over.EACH, "Virtual memory.", PROCESS),
    Metric("process_open_fds", _G, Over.EACH, "Open file descriptors.", PROCESS),
    Metric("process_max_fds", _G, Over.EACH, "Most open file descriptors.", PROCESS),
    Metric("process_start_time_seconds", _G, Over.EACH, "When it began to tell numbers, since 1970 UTC.", PROCESS),
)  # fmt: skip
CATALOGUE = {metric.name: metric for metric in _METRICS}

Series = tuple[str, ...]
"""A metric's name, then the values of its labels, in the order of the catalogue."""
Number = int | float
Value = Number | list[Number]
"""A histogram is a list: the sum, then the counts of its buckets, not cumulated."""


def is_known(series: Series, value: Value) -> bool:
    """Whether the catalogue has such a number: its name, as many labels, as many buckets."""
    metric = CATALOGUE.get(series[0]) if series else None
    if metric is None:
        return False
    given = metric.labels if metric.over is not Over.EACH else ()
    is_histogram = isinstance(value, list) and len(value) == len(metric.bounds) + 2
    return len(series) == 1 + len(given) and is_histogram == (metric.kind is Kind.HISTOGRAM)
