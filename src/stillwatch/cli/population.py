"""`stillwatch population`: the customers of a demonstration, and a campaign among them, until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from stillwatch.cli.terminal import say
from stillwatch.demo.population import CAMPAIGN_AFTER_SECONDS, RATE, run
from stillwatch.running.stopping import end_with_starter, stopped_by_signal


def population(
    gateway: Annotated[str, typer.Argument(help="Where they ask, as http://127.0.0.1:8080.")],
    prepared: Annotated[Path, typer.Argument(help="What `stillwatch up` has prepared for them.")],
    status: Annotated[Path, typer.Option(help="A file that says twice a second how they fare.")],
    rate: Annotated[float, typer.Option(min=0.1, help="Requests a second of all together.")] = RATE,
    campaign_after: Annotated[
        float, typer.Option(min=0, help="Seconds until the campaign begins.")
    ] = CAMPAIGN_AFTER_SECONDS,
) -> None:
    """Ask as customers do, and as a campaign does (docs/demo.md).

    Example: stillwatch population http://127.0.0.1:8080 demo/2026-11-21-v1-seed1 --status status.json
    """
    end_with_starter()
    say(f"The population asks at {gateway}.")
    uvloop.run(_live(gateway, prepared, status, rate, campaign_after))


async def _live(gateway: str, prepared: Path, status: Path, rate: float, campaign_after: float) -> None:
    async with stopped_by_signal() as stop:
        await run(gateway, prepared, status, stop, rate, campaign_after)
        await stop.wait()  # the played days are over, and the page still stands
