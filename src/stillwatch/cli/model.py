"""`stillwatch model`: our own model server, for trying the guard without a provider, until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
import uvloop

from stillwatch.cli.terminal import say
from stillwatch.demo.model import USUAL_PACE, serve
from stillwatch.demo.provider.connection import Pace
from stillwatch.running.stopping import end_with_starter, stopped_by_signal


def model(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where it answers; 0 takes a free port.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Loopback unless told otherwise: there is no TLS and no key.")
    ] = "127.0.0.1",
    first_seconds: Annotated[
        float, typer.Option(min=0, max=3_600, help="Seconds until its first token.")
    ] = USUAL_PACE.first_seconds,
    tokens_a_second: Annotated[
        float, typer.Option(min=0, help="How fast it speaks; 0: at once.")
    ] = USUAL_PACE.tokens_a_second,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another model.")] = 1,
) -> None:
    """Answer every wire format with text of our own, and misbehave where a request asks for it (docs/demo.md).

    Example: stillwatch model --port 8000
    """
    end_with_starter()
    uvloop.run(_serve(host, port, Pace(first_seconds, tokens_a_second), seed))


async def _serve(host: str, port: int, pace: Pace, seed: int) -> None:
    async with stopped_by_signal() as stop:
        listening = asyncio.get_running_loop().create_future()
        listening.add_done_callback(lambda taken: say(f"The model answers at http://{host}:{taken.result()}."))
        await serve(host, port, stop, pace=pace, seed=seed, listening=listening)
