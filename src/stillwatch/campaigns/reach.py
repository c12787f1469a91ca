"""How far a review carries: its calibration, what it could not look at, and the traffic it is about."""

from __future__ import annotations

import ibis
import numpy as np

from stillwatch.campaigns.campaign import Bin, Calibration, StratumCalibration
from stillwatch.campaigns.statements import bin_edges
from stillwatch.stats.conformal import finest_p
from stillwatch.tracing.calibration import Reference
from stillwatch.tracing.survey import Accounts

_FEW = 0.05  # below this share of exchanges, a field counts as missing
_MISSING = {
    "body": "Most exchanges have no request body: skeletons and payloads could not be looked at",
    "response": "Most exchanges have no response: answer lengths, refusals and reasoning could not be looked at",
    "headers": "Most exchanges have no headers: client families could not be looked at",
    "network": "Most exchanges have no network address: shared addresses and networks could not be looked at",
}


def calibration(reference: Reference) -> Calibration:
    """The reference as the report shows it: per stratum, how many honest accounts and the finest p they give."""
    strata = tuple(
        StratumCalibration(name, count, finest_p(count)) for name, count in sorted(reference.accounts.items())
    )
    return Calibration(reference.source, strata)


def blind_spots(accounts: Accounts) -> list[str]:
    """Sentences: what this log does not let anybody see."""
    total = int(accounts.exchanges.sum())
    said = [_MISSING[name] for name, count in accounts.seen.items() if count < _FEW * total]
    if total and not np.any(accounts.organization):
        said.append(
            "The log names no organisations: every account counts as one, so a customer's many keys look like many"
        )
    return said


def traffic(table: ibis.Table, first_us: int, last_us: int) -> tuple[Bin, ...]:
    """All exchanges by time."""
    start, width = bin_edges(first_us, last_us)
    place = ((table.ts_us - start) // width).cast("int64")
    grouped = (
        table.mutate(place=place)
        .group_by("place")
        .aggregate(exchanges=ibis._.count(), accounts=ibis._.account.nunique())
        .order_by("place")
        .to_pyarrow()
        .to_pylist()
    )
    return tuple(Bin(start + row["place"] * width, row["exchanges"], row["accounts"]) for row in grouped)
