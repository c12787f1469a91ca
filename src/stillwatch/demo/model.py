"""A model server of our own: every wire format that the guard knows, and text that is plausible and no more.

For trying the guard without a provider: it streams, counts tokens, shows reasoning and log probabilities where they are
asked for, and misbehaves where a request asks for that (`provider.misbehaviour`). There are no weights behind it.
"""

from __future__ import annotations

import asyncio

from stillwatch.demo.provider.connection import Connection, Pace
from stillwatch.demo.provider.mind import Mind
from stillwatch.demo.provider.routes import Routes

USUAL_PACE = Pace(first_seconds=0.05, tokens_a_second=400.0)
"""Chosen: some two to four times as fast as hosted models, so that a demonstration need not wait."""


async def serve(
    host: str,
    port: int,
    stop: asyncio.Event,
    *,
    pace: Pace = USUAL_PACE,
    seed: int = 1,
    listening: asyncio.Future[int] | None = None,
) -> None:
    """Answer until `stop` is set; then everything open is closed. Port 0 takes a free one, told by `listening`.

    Raises `OSError` where the port cannot be had.
    """
    routes, everybody = Routes(Mind(seed)), set[Connection]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(routes, pace, everybody), host, port)
    if listening is not None:
        listening.set_result(server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    for connection in tuple(everybody):
        connection.close()
    await server.wait_closed()
