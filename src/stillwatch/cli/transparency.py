"""A transparency report for people: a table for each quarter, and what stands behind a blank."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stillwatch.cli.terminal import print_json, say
from stillwatch.sharing.alliance.transparency_report import CollectionTold, Report


def tell(report: Report, as_json: bool) -> None:
    """Print it."""
    if as_json:
        print_json(msgspec.to_builtins(report))
        return
    rules = report.rules
    for line in (line for one in report.collections for line in _lines(one)):
        say(line)
    say(
        f"A total is shown from {rules.least_members} members on, of whom none holds more than "
        f"{rules.largest_share:.0%} of it, {rules.least_age_days} days after its quarter, as its decade."
    )


def _lines(of: CollectionTold) -> Iterator[str]:
    yield f"{of.title} ({of.id})"
    if not of.quarters:
        yield "  No quarter may be told of yet."
    for quarter in of.quarters:
        yield f"  {quarter.quarter}"
        for what, band in quarter.totals.items():
            reason = f"  ({quarter.withheld[what]})" if what in quarter.withheld else ""
            yield f"    {what:<26} {band or 'withheld'}{reason}"
