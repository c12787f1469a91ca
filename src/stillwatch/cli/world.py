"""`stillwatch world`: a simulated population with known truth, as logs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.options import Json
from stillwatch.cli.terminal import counted, print_json, progress_bar, say
from stillwatch.world.leakage import as_table, audit_world
from stillwatch.world.real_clients import read_runs
from stillwatch.world.scenario import load
from stillwatch.world.write import BENIGN, HARVEST, TRAFFIC, TRUTH, write_world


def world(
    scenario: Annotated[
        str, typer.Argument(help="small, dense, ladder, full, nulls, or a scenario file.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="The directory to write into; made if there is none.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another world of the same kind.")] = 1,
    scale: Annotated[float, typer.Option(help="Times the accounts of the scenario.")] = 1.0,
    clients: Annotated[
        Path | None,
        typer.Option(help="Captured runs of real clients, for scenarios that name them.", show_default=False),
    ] = None,
    audit: Annotated[bool, typer.Option(help="Also print what each raw field alone gives away.")] = False,
    as_json: Json = False,
) -> None:
    """Simulate honest customers and campaigns, and write their logs with the truth.

    Example: stillwatch world small --out world
    """
    plan = load(scenario)
    runs = read_runs(clients) if clients else {}
    with progress_bar(as_json) as tell:
        written = write_world(plan, out, seed=seed, scale=scale, tell=tell, runs=runs)
    honest = sum(len(kind["accounts"]) for kind in written.truth["classes"].values())
    hostile = sum(len(campaign["accounts"]) for campaign in written.truth["campaigns"])
    leaks = audit_world(out) if audit else []
    if as_json:
        print_json(
            {
                "exchanges": written.truth["exchanges"],
                "benign_exchanges": written.benign_exchanges,
                "honest_accounts": honest,
                "campaign_accounts": hostile,
                "campaigns": len(written.truth["campaigns"]),
                "traffic": str(out / TRAFFIC),
                "benign": str(out / BENIGN),
                "truth": str(out / TRUTH),
                "harvest": str(out / HARVEST),
            }
            | ({"leakage": [asdict(leak) | {"separates": leak.separates} for leak in leaks]} if audit else {})
        )
        return
    say(
        f"Wrote {counted(written.truth['exchanges'], 'exchange')} of {honest:,} honest accounts and "
        f"{counted(hostile, 'account')} of {counted(len(written.truth['campaigns']), 'campaign')} to {out}."
    )
    for line in as_table(leaks) if audit else ():
        say(line)
    say(f"Hunt them: stillwatch hunt {out / TRAFFIC} --calibrate {out / BENIGN} --out hunted")
