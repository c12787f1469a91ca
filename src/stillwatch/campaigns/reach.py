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
    "response": "Most exchanges have no response: answer lengths, refusals and reasoning could not be looked at",
    "headers": "Most exchanges have no headers: client families could not be looked at",
    "network": "Most exchanges have no network address: shared addresses and networks could not be looked at",
}


def calibration(reference: Reference) -> Calibration:
    """The reference as the report shows it: per stratum, how many honest groups and the finest p they give."""
    names = sorted({group.stratum for group in reference.groups})
    strata = tuple(StratumCalibration(name, reference.size(name), finest_p(reference.size(name))) for name in names)
    return Calibration(reference.source, strata)


def blind_spots(accounts: Accounts) -> list[str]:
    """Sentences: what this log does not let anybody see."""
    total = int(accounts.exchanges.sum())
    said = _without_body(total - accounts.seen["body"], total)
    said += [said for name, said in _MISSING.items() if accounts.seen[name] < _FEW * total]
    if total and not np.any(accounts.organization):
        said.append(
            "The log names no organisations: every account counts as one, so a customer's many keys look like many"
        )
    return said


def _without_body(missing: int, total: int) -> list[str]:
    """How many requests nobody can read, however few: a ring among them is not seen by what it sends."""
    if not missing:
        return []
    unseen = "skeletons and payloads could not be looked at, nor whether a request meets a rule"
    if missing == total:
        return [f"None of the {total:,} exchanges has a request body: {unseen}; rings could not be looked for at all"]
    return [f"{missing:,} of {total:,} exchanges have no request body: their {unseen}"]


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
