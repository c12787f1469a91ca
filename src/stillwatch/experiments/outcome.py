"""What one audit said, in short: of keys among all candidates, and of each alone."""

from __future__ import annotations

import math
from statistics import median

import msgspec

from stillwatch.audit.finding import Finding, Found, Refused, p_of
from stillwatch.errors import UsageError
from stillwatch.experiments.harvest import Keys

LEAST_LOG10 = -300.0
"""Smaller p-values are all shown as this."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one audit said. Logarithms to base 10 of p-values, adjusted for all candidates.

    `others`: the smallest among keys that marked nothing that the suspect saw; `log10_e`: the fleet's e-value.
    """

    mode: str
    cells: int
    share_green: float | None
    fleet: float
    campaign: float
    accounts: tuple[float, ...]
    others: float
    log10_e: float | None
    crossed: int
    wrong_keys: int
    control: float


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One audit. Beside `row`, whose p-values are adjusted for all candidates, logarithms to base 10 of single ones: of
    the fleet's key, the campaign's, the least and the middle of keys that marked nothing, the least of the panel.
    """

    row: Row
    fleet: float
    campaign: float
    others_least: float
    others_middle: float
    wrong_least: float


def told(mode: str, found: Finding | Refused, keys: Keys) -> Audited:
    """What an audit said. Raises `UsageError` where it was refused: then the experiment is wrong."""
    if isinstance(found, Refused):
        raise UsageError(f"an experiment's audit was refused: {'; '.join(found.reasons)}")
    single = {one.commitment.account: p_of(one.score) for one in found.keys}
    others = [single[key.account] for key in keys.others]
    return Audited(
        row=_row(mode, found, keys),
        fleet=_log10(single[""]),
        campaign=_log10(single[keys.campaign.account]),
        others_least=_log10(min(others)),
        others_middle=_log10(median(others)),
        wrong_least=_log10(found.calibration.least),
    )


def said(log10_p: float) -> str:
    """A p-value of so many powers of ten, to one digit."""
    if log10_p <= LEAST_LOG10:
        return "below 1e-299"
    return f"{10**log10_p:.2g}" if log10_p > -3 else f"1e{log10_p:.0f}"


def _row(mode: str, found: Finding, keys: Keys) -> Row:
    by_account = {one.commitment.account: one for one in found.keys}
    fleet, others = by_account[""], [_adjusted(by_account[key.account]) for key in keys.others]
    return Row(
        mode=mode,
        cells=found.cells,
        share_green=getattr(fleet.score, "share", None),
        fleet=_adjusted(fleet),
        campaign=_adjusted(by_account[keys.campaign.account]),
        accounts=tuple(_adjusted(by_account[key.account]) for key in keys.accounts),
        others=min(others),
        log10_e=None if fleet.log_e is None else fleet.log_e / math.log(10),
        crossed=found.calibration.crossed,
        wrong_keys=found.calibration.wrong_keys,
        control=found.calibration.control,
    )


def _adjusted(found: Found) -> float:
    return _log10(found.adjusted)


def _log10(p: float) -> float:
    return max(LEAST_LOG10, math.log10(p)) if p > 0 else LEAST_LOG10
