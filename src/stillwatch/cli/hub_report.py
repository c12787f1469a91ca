"""`stillwatch hub report`: what each quarter held, as far as it may be published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.options_hub import Store, place_of
from stillwatch.cli.transparency import tell
from stillwatch.sharing.alliance.totals import FILE, Totals
from stillwatch.sharing.alliance.transparency_report import transparency_report
from stillwatch.sharing.hub.app import now_us
from stillwatch.storage.hub.opening import open_alliance


@faults_as_errors()
def report(
    alliance: Annotated[Path, typer.Option(help="The alliance's folder, as `hub serve` has it.", exists=True)],
    why: Annotated[
        bool, typer.Option("--why", help="Say which rule withholds a total: for you, not for publishing.")
    ] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Print the transparency report: totals of quarters that are old enough, of enough members, in decades.

    Example: stillwatch hub report --alliance alliance/
    """
    kept, totals = open_alliance(place_of(store)), Totals(alliance / FILE, now_us)
    totals.catch_up(kept)
    tell(transparency_report({id: id for id in kept.governed()}, totals, with_reasons=why), as_json)
