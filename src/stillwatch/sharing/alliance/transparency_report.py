"""The transparency report as a document: of each collection the quarters that may be told of, in decades.

{"schema": "stillwatch.transparency/1", "rules": {...}, "collections": [{"id": "...", "title": "Signals",
 "quarters": [{"quarter": "2026-Q2", "totals": {"campaign published": "10-99", "campaign withdrawn": null, ...}}]}]}
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stillwatch.sharing.alliance.totals import Totals
from stillwatch.sharing.governance.transparency import LARGEST_SHARE, LEAST_AGE, LEAST_MEMBERS, Cell

SCHEMA = "stillwatch.transparency/1"


class RulesTold(msgspec.Struct, frozen=True):
    """What a total has to keep to be shown."""

    least_members: int = LEAST_MEMBERS
    largest_share: float = LARGEST_SHARE
    least_age_days: int = LEAST_AGE.days


class QuarterTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """`totals`: of each class the decade, None where the rules withhold it. `withheld`: why, for the operator alone."""

    quarter: str
    totals: dict[str, str | None]
    withheld: dict[str, str] = {}


class CollectionTold(msgspec.Struct, frozen=True):
    """A collection's quarters, oldest first."""

    id: str
    title: str
    quarters: list[QuarterTold]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report."""

    schema: str = SCHEMA
    rules: RulesTold = RulesTold()
    collections: list[CollectionTold]


def transparency_report(titles: Mapping[str, str], totals: Totals, with_reasons: bool = False) -> Report:
    """Of these collections, by id; `with_reasons` for who may know which rule withholds a cell."""
    found = [
        CollectionTold(id, title, [_quarter(str(quarter), cells, with_reasons) for quarter, cells in of.items()])
        for id, title in titles.items()
        for of in [totals.quarters(id)]
    ]
    return Report(collections=found)


def _quarter(name: str, cells: list[Cell], with_reasons: bool) -> QuarterTold:
    withheld = {one.what: one.withheld for one in cells if one.withheld} if with_reasons else {}
    return QuarterTold(name, {one.what: one.band for one in cells}, withheld)
