"""Takes what a gateway hands to observation and throws it away: `SOCKET`.

What an observer does with it is measured elsewhere; here only that somebody takes it.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop


class _Drain(asyncio.Protocol):
    """Reads."""


async def _serve(socket: str) -> None:
    server = await asyncio.get_running_loop().create_unix_server(_Drain, socket)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
