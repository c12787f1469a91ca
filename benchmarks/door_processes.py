"""What the benchmark of doors starts: `KIND PORT UPSTREAM_PORT DOOR_FILE`, where a KIND needs them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from stillwatch.doors import ext_authz, rls
from stillwatch.doors.asgi import Guard
from stillwatch.doors.configuration import Door, read
from stillwatch.doors.station import Station
from stillwatch.gateway.configuration import Configuration, Listen, Upstream
from stillwatch.gateway.worker import Worker, listening_socket, run

ANSWER = b'{"id":"chatcmpl-1","choices":[{"message":{"role":"assistant","content":"%b"}}]}' % (b"x" * 615)
_EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
)
EVENTS = [_EVENT % (b"word " * 30 + b"%d" % number) for number in range(20)] + [b"data: [DONE]\n\n"]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def answer(scope: Any, receive: Any, send: Send) -> None:
    """An ASGI model server that answers 690 bytes at once."""
    if scope["type"] != "http":
        return
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def stream(scope: Any, receive: Any, send: Send) -> None:
    """An ASGI model server that answers twenty events, each a message of its own."""
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for event in EVENTS:
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def _gateway(door: Door, configuration: Configuration) -> AsyncGenerator[Worker]:
    station = Station(door, "gateway")
    await station.start()
    yield Worker(configuration, station.gate)
    await station.close()


def main(kind: str, port: int, upstream: int, file: Path) -> None:
    """Serve until SIGTERM."""
    door = msgspec.structs.replace(read(file), listen=Listen(port=port))
    if kind == "gateway":
        told = Configuration(listen=Listen(port=port), upstream=Upstream(port=upstream))
        run(told, lambda c: _gateway(door, c), listening_socket(told))
    elif kind == "ext-authz":
        told = ext_authz.configuration(door)
        run(told, lambda _: ext_authz.worker(door), listening_socket(told))
    elif kind == "rls":
        asyncio.run(_rls(door))
    else:
        app: Any = stream if "stream" in kind else answer
        guarded = Guard(app, Station(door, "asgi")) if kind.startswith("guarded") else app
        uvicorn.run(guarded, port=port, log_level="error", lifespan="off", access_log=False)


async def _rls(door: Door) -> None:
    async with rls.serving(door):
        await asyncio.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
