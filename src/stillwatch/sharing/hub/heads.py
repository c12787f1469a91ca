"""Heads of requests have an end: so many bytes, and so many seconds, before anybody has shown who it is.

Uvicorn bounds neither, so a stranger could fill the hub's memory with one header, or its connections with silence. What
is no HTTP is told so as TAXII tells it. Who sends its body slowly is a member by then.
"""

from __future__ import annotations

import asyncio
import secrets

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stillwatch.sharing.taxii.faults import TaxiiFault, error_resource
from stillwatch.sharing.taxii.media import TAXII_21

MOST_HEAD_BYTES = 65_536
"""Twice what a filter of 500 ids needs; proxies stop at 8 to 64 KiB. Counted after each read, of at most 256 KiB."""
MOST_HEAD_SECONDS = 20.0
"""Chosen: a satellite link needs two, and a thousand silent connections are gone after as many."""


class BoundedHeads(HttpToolsProtocol):
    """HTTP/1.1 over llhttp; a head that is too long is answered with 400, one that takes too long with nothing."""

    _timer: asyncio.TimerHandle | None = None
    _head_bytes: int | None = None
    """Of the head that is being read; None where none is."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A first head has to come."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read, and see whether a head has become too long."""
        super().data_received(data)
        if self._head_bytes is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response(f"The head of the request is longer than {MOST_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """A head begins, with a time of its own."""
        super().on_message_begin()
        self._head_bytes = 0
        self._wait()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._head_bytes = None
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """3.1: every answer is TAXII, this one too."""
        body = error_resource(TaxiiFault(400, msg), secrets.token_hex(8))
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: {TAXII_21}\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def _wait(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(MOST_HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
