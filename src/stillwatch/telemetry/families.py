"""Gathered numbers as families that `prometheus_client` writes: text format 0.0.4 and OpenMetrics."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import accumulate

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import (
    Metric as Family,
)

from stillwatch.telemetry.catalogue import CATALOGUE, PROCESS, Kind, Metric, Number, Over, Series, Value, is_known
from stillwatch.telemetry.gathering import Gathered, Numbers, add, lasting
from stillwatch.telemetry.published import Snapshot


def families(gathered: Gathered) -> list[Family]:
    """Every family of the catalogue, those without a number too."""
    numbers = combined(gathered, time.monotonic())
    by_name: dict[str, dict[Series, Value]] = {name: {} for name in CATALOGUE}
    for series, value in sorted(numbers.items()):
        by_name[series[0]][series[1:]] = value
    return [_family(metric, by_name[name]) for name, metric in CATALOGUE.items()]


def combined(gathered: Gathered, now: float) -> Numbers:
    """One number for each series. `now` is on the machine's monotonic clock."""
    numbers: Numbers = {("stillwatch_lost_counts_total",): 0}
    add(numbers, gathered.ended)
    for snapshot in gathered.living:
        add(numbers, lasting(snapshot))
        for series, value in snapshot.numbers:
            if is_known(series, value) and not isinstance(value, list):
                _combine(numbers, CATALOGUE[series[0]].over, series, value, snapshot)
    return numbers | _of_roles(gathered.living, now)


def _combine(numbers: Numbers, over: Over, series: Series, value: Number, snapshot: Snapshot) -> None:
    if over is Over.EACH:
        numbers[(series[0], snapshot.role, str(snapshot.pid))] = value
    elif over is Over.LIVING:
        add(numbers, {series: value})
    elif over is not Over.ALL:
        held = numbers.get(series, value)
        assert not isinstance(held, list)  # noqa: S101 - only what is added up over all is a histogram
        numbers[series] = min(held, value) if over is Over.SMALLEST else max(held, value)


def _of_roles(living: Iterable[Snapshot], now: float) -> Numbers:
    counts: dict[str, int] = {}
    silent: dict[str, float] = {}
    for snapshot in living:
        counts[snapshot.role] = counts.get(snapshot.role, 0) + 1
        silent[snapshot.role] = max(silent.get(snapshot.role, 0.0), now - snapshot.told)
    numbers: Numbers = {("stillwatch_processes", role): count for role, count in counts.items()}
    return numbers | {("stillwatch_silent_seconds", role): seconds for role, seconds in silent.items()}


def _family(metric: Metric, numbers: Mapping[Series, Value]) -> Family:
    labels = PROCESS if metric.over is Over.EACH else metric.labels
    if metric.kind is Kind.INFO:
        info = InfoMetricFamily(metric.name.removesuffix("_info"), metric.help, labels=[])
        for values in numbers:
            info.add_metric([], dict(zip(labels, values, strict=True)))
        return info
    if metric.kind is Kind.HISTOGRAM:
        return _histogram(metric, numbers)
    made = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = made(metric.name, metric.help, labels=labels)
    for values, value in numbers.items():
        assert not isinstance(value, list)  # noqa: S101 - `is_known` knows which series are
        family.add_metric(values, value)
    return family


def _histogram(metric: Metric, numbers: Mapping[Series, Value]) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    bounds = [*(str(float(bound)) for bound in metric.bounds), "+Inf"]
    for values, value in numbers.items():
        assert isinstance(value, list)  # noqa: S101 - as above
        total, *counts = value
        family.add_metric(values, list(zip(bounds, accumulate(counts), strict=True)), total)
    return family
