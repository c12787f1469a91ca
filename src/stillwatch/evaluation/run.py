"""The evaluation on one page: worlds in, figures out.

    look       each detector learns from the benign log and looks at growing prefixes of each world   (kept on disk)
    count      what it said beside what is true, by every metric
    report     evaluation.json, evaluation.html

Detectors never see the truth; metrics never see traffic beyond who sent when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from stillwatch.evaluation.adaptive import loop
from stillwatch.evaluation.adaptive.round import Round
from stillwatch.evaluation.detector import Detector, Look, NotRun
from stillwatch.evaluation.metrics.case import Case
from stillwatch.evaluation.results import Outcome, Results, method
from stillwatch.evaluation.rows import read_rows
from stillwatch.evaluation.summary import Evaluation, summarise
from stillwatch.evaluation.windows import compare_windows
from stillwatch.evaluation.world import LOOKS, World, require_known

WINDOWS, ADAPTIVE = "windows", "adaptive"
Progress = Callable[[str, float], None]
"""Called with the name of the step and how much of it is done, 0 .. 1."""
Adapting = Callable[[World, Callable[[float], None]], list[Round]]
"""Lets an operator learn in a world's traffic (`adaptive.loop.adapt`)."""


def evaluate(
    worlds: Sequence[World],
    detectors: Sequence[Detector],
    results: Results,
    progress: Progress = lambda step, done: None,
    looks: int = LOOKS,
    adapting: Adapting | None = None,
) -> Evaluation:
    """Run every detector on every world, or take what an earlier run left in `results`, and count.

    `looks`: at how many growing prefixes of each world; one sees only the end, and knows nothing of leaks.
    `adapting`: also let an operator who reads this code run a campaign in each world.
    """
    cases: dict[str, list[tuple[str, Case]]] = {detector.name: [] for detector in detectors}
    outcomes: dict[str, list[Outcome]] = {detector.name: [] for detector in detectors}
    for world in worlds:
        sent = _sent(world)
        require_known(world.truth, world.directory, set(sent))
        for detector in detectors:
            outcome = outcome_of(world, detector, results, progress, looks)
            outcomes[detector.name].append(outcome)
            if outcome.status == "done":
                ours = {name: sent[name] for name in world.truth.campaign_of if name in sent}
                case = Case(world.truth, frozenset(sent), outcome.looks, detector.has_rings, ours)
                cases[detector.name].append((world.name, case))
    windows = [windows_of(world, results, progress) for world in worlds] if len(detectors) > 1 else []
    adapted = [adapted_of(world, adapting, results, progress) for world in worlds] if adapting else []
    return summarise(worlds, detectors, outcomes, cases, windows, adapted)


def outcome_of(world: World, detector: Detector, results: Results, progress: Progress, looks: int = LOOKS) -> Outcome:
    """What a detector says of a world at every cut; from an earlier run where there is one."""
    step, cuts = f"{detector.title} on {world.name}", world.cuts(looks)
    known = method(world.fingerprint(), type(detector).__module__, cuts)
    return _kept(
        world.name, detector.name, known, results, step, progress, lambda tell: _looked(world, detector, cuts, tell)
    )


def windows_of(world: World, results: Results, progress: Progress) -> Outcome:
    """The comparison on windows; from an earlier run where there is one."""
    step, known = f"windows of {world.name}", method(world.fingerprint(), compare_windows.__module__, [])
    return _kept(world.name, WINDOWS, known, results, step, progress, lambda tell: _compared(world, tell))


def adapted_of(world: World, adapting: Adapting, results: Results, progress: Progress) -> Outcome:
    """The rounds of an operator who learns; from an earlier run where there are some."""
    step, known = f"an operator who learns in {world.name}", method(world.fingerprint(), loop.__name__, [])
    return _kept(world.name, ADAPTIVE, known, results, step, progress, lambda tell: _adapted(world, adapting, tell))


def _kept(
    world: str,
    name: str,
    fingerprint: str,
    results: Results,
    step: str,
    progress: Progress,
    compute: Callable[[Callable[[float], None]], Outcome],
) -> Outcome:
    known = results.get(world, name, fingerprint)
    if known is None:
        progress(step, 0.0)
        known = msgspec.structs.replace(compute(lambda done: progress(step, done)), fingerprint=fingerprint)
        if known.status == "done":  # what was not installed then may be now
            results.put(known)
    progress(step, 1.0)
    return known


def _compared(world: World, progress: Callable[[float], None]) -> Outcome:
    began = time.monotonic()
    try:
        rows = compare_windows(world, progress)
    except NotRun as why:
        return Outcome(world.name, WINDOWS, "", "not run", str(why))
    return Outcome(world.name, WINDOWS, "", "done", windows=tuple(rows), seconds=round(time.monotonic() - began, 3))


def _adapted(world: World, adapting: Adapting, progress: Callable[[float], None]) -> Outcome:
    began = time.monotonic()
    try:
        rounds = adapting(world, progress)
    except NotRun as why:
        return Outcome(world.name, ADAPTIVE, "", "not run", str(why))
    return Outcome(world.name, ADAPTIVE, "", "done", rounds=tuple(rounds), seconds=round(time.monotonic() - began, 3))


def _looked(world: World, detector: Detector, cuts: Sequence[int], progress: Callable[[float], None]) -> Outcome:
    began = time.monotonic()
    looks: list[Look] = []
    try:
        watch = detector.learned(world)
        for number, day in enumerate(cuts):
            look = watch(day)
            looks.append(look if day == cuts[-1] else look.without_scores())
            progress((number + 1) / len(cuts))
    except NotRun as why:
        return Outcome(world.name, detector.name, "", "not run", str(why))
    seconds = round(time.monotonic() - began, 3)
    return Outcome(world.name, detector.name, "", "done", "", tuple(looks), seconds=seconds)


def _sent(world: World) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Times of the exchanges of each account in the traffic, by name."""
    rows = read_rows(world.ledger)
    order = np.argsort(rows.account, kind="stable")
    accounts, starts = np.unique(rows.account[order], return_index=True)
    times = np.split(rows.ts_us[order], starts[1:])
    return {world.name_of(account): sent for account, sent in zip(accounts.tolist(), times, strict=True)}
