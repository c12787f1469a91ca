"""What the drift alarms say, stratum by stratum, in sentences and medians for people and machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stillwatch.campaigns.campaign import DriftCheck
from stillwatch.campaigns.newcomers import ANSWER_LENGTH, REPETITION, STATISTICS, TOO_FEW, Newcomers, Unsuspected
from stillwatch.campaigns.statements import CALIBRATE_AFRESH
from stillwatch.evidence import percent
from stillwatch.standing.register import Alarm, Listening

_SAID: Mapping[str, Callable[[float], str]] = {
    ANSWER_LENGTH: lambda value: f"{value:,.0f} output tokens an exchange",
    REPETITION: lambda value: f"{percent(value)} of conversations with the most frequent value",
}


def drift_checks(alarms: Mapping[str, Alarm], heard: Unsuspected) -> tuple[DriftCheck, ...]:
    """One for each stratum and statistic of this hunt; an alarm that rang before is told also where nobody is new."""
    told = [
        _check(stratum, statistic, alarm, heard.by_stratum.get(stratum))
        for stratum, alarm in sorted(alarms.items())
        for statistic in (STATISTICS if stratum in heard.by_stratum else alarm.rung)
    ]
    left = [
        _not_compared(stratum, statistic, *counts)
        for stratum, counts in sorted(heard.not_compared.items())
        if not (stratum in alarms and alarms[stratum].rung)
        for statistic in STATISTICS
    ]
    return (*told, *left)


def _check(stratum: str, statistic: str, alarm: Alarm, newcomers: Newcomers | None) -> DriftCheck:
    listening = alarm.statistics[statistic]
    rings = listening.alarmed_at is not None
    medians = newcomers.medians[statistic] if newcomers else None
    compared = f"Stratum {stratum}, {statistic}: {_compared(statistic, medians)}"
    return DriftCheck(
        stratum,
        statistic,
        newcomers.benign if newcomers else 0,
        len(listening.p),
        "rings" if rings else "silent",
        medians,
        _rings(stratum, statistic, listening, medians) if rings else compared,
    )


def _rings(stratum: str, statistic: str, listening: Listening, medians: tuple[float, float] | None) -> str:
    return (
        f"The drift alarm rings for stratum {stratum}, {statistic}, since the {_ordinal(listening.alarmed_at or 0)} of "
        f"{len(listening.p):,} accounts: {_compared(statistic, medians)}. The benign log no longer describes this "
        f"traffic, e-values beside it mean little, and nobody is acted on. {CALIBRATE_AFRESH}"
    )


def _compared(statistic: str, medians: tuple[float, float] | None) -> str:
    if medians is None:
        return "it rang at an earlier look, and this log has none of these accounts"
    benign, now = medians
    return (
        f"{_SAID[statistic](now)} where nobody is suspected, and {_SAID[statistic](benign)} in the benign log (medians)"
    )


def _not_compared(stratum: str, statistic: str, benign: int, newcomers: int) -> DriftCheck:
    if benign < TOO_FEW:
        why = f"the benign log has {benign} accounts of it that could be compared, and {TOO_FEW} are needed"
    else:
        why = "no unsuspected account of it was seen for as long and as active as those of the benign log"
    said = f"Stratum {stratum}, {statistic}: not compared, as {why}"
    return DriftCheck(stratum, statistic, benign, newcomers, "not compared", None, said)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
