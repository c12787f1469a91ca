"""An upstream that answers every request with twenty events, usage and an end, each its own write: `PORT`."""

from __future__ import annotations

import asyncio
import sys

import uvloop

_EVENT = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"}}]}'
_USAGE = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":130,'
_USAGE += b'"completion_tokens":620,"total_tokens":750}}'
_EVENTS = [_EVENT % (b"word " * 30 + b"%d" % number) for number in range(20)]
CHUNKS = [b"%x\r\n%b\n\n\r\n" % (len(event) + 2, event) for event in [*_EVENTS, _USAGE, b"data: [DONE]"]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class _Streams(asyncio.Protocol):
    """Counts requests by the ends of their bodies: what this benchmark sends ends in a brace."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self._rest.endswith(b"}"):
            return
        self._rest = b""
        write = self._transport.write  # type: ignore[attr-defined]  # a stream's transport
        write(HEAD)
        for chunk in CHUNKS:
            write(chunk)
        write(b"0\r\n\r\n")


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Streams, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
