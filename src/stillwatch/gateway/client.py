"""One client's connection: requests are answered one after the other, in their order.

While one is answered, at most one block of bytes of the next is held and nothing more is read. A client that closes
its sending side counts as gone, as for nginx.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Protocol, cast

from stillwatch.gateway.deadlines import NEVER
from stillwatch.gateway.guard import Request
from stillwatch.gateway.pool import Pool
from stillwatch.gateway.reader import BETWEEN, HEAD, RequestReader
from stillwatch.gateway.refusal import Refusal
from stillwatch.gateway.relay import CLOSING, Relay
from stillwatch.gateway.request_head import RequestHead
from stillwatch.gateway.worker_state import WorkerState

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing sends RST
_MOST_DISCARDED_BYTES = 1_048_576
"""Read after a refusal and thrown away, so that the client gets to read why. Chosen: one socket buffer's worth."""


class Clients(Protocol):
    """Who keeps count of open connections."""

    def joined(self, client: ClientConnection) -> bool:
        """A client came; False if there is no room for it."""

    def left(self, client: ClientConnection) -> None:
        """A client's connection is closed."""


class ClientConnection(asyncio.Protocol):
    """From accept to close."""

    __slots__ = (
        "_clients",
        "_discarded",
        "_heads",
        "_held",
        "_is_closing",
        "_is_turning",
        "_phase",
        "_pool",
        "_reader",
        "_relay",
        "_state",
        "_transport",
        "deadline",
        "is_write_paused",
    )
    _transport: asyncio.Transport
    _reader: RequestReader

    def __init__(self, state: WorkerState, pool: Pool, heads: RequestHead, clients: Clients) -> None:
        self._state = state
        self._pool = pool
        self._heads = heads
        self._clients = clients
        self._relay: Relay | None = None
        self._held = b""
        self._phase: int = BETWEEN
        self._discarded = 0
        self.is_write_paused = self._is_turning = self._is_closing = False
        self.deadline = NEVER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has the methods and not the base class
        peer = self._transport.get_extra_info("peername")
        self._reader = RequestReader(self._state, str(peer[0]) if peer else "")
        if not self._clients.joined(self):
            self._is_closing = True
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=self._state.bounds.client_buffer_bytes)
        self._state.counters.connections += 1
        self._state.deadlines.watch(self)
        self.deadline = self._state.now() + self._state.time_outs.head

    def connection_lost(self, reason: Exception | None) -> None:
        self._state.deadlines.forget(self)
        self._clients.left(self)
        self._leave()
        self._reader.close()

    def eof_received(self) -> None:
        """The client is gone, or done: what it did not wait for is not made."""
        if self._relay is not None:
            self._leave()
            self._transport.abort()

    def _leave(self) -> None:
        self._is_closing = True
        relay, self._relay = self._relay, None
        if relay is not None:
            relay.client_left()

    def data_received(self, data: bytes) -> None:
        if self._is_closing:
            self._discard(len(data))
        elif self._relay is not None or self.is_write_paused:
            self._held += data
            self._transport.pause_reading()
        elif not self._is_turning and (request := self._reader.again(data)) is not None:
            self._begin(request)
        else:
            self._reader.feed(data)
            self._turn()

    def _turn(self) -> None:
        """Start the next request, if there is one and nothing is in its way; else wait for more of it."""
        if self._is_turning:
            return
        self._is_turning = True
        reader = self._reader
        while self._relay is None and not self.is_write_paused and not self._is_closing:
            if reader.ready:
                self._begin(reader.ready.popleft())
            elif reader.refusal is not None:
                self._refuse(reader.refusal)
            elif self._held:
                data, self._held = self._held, b""
                reader.feed(data)
                self._transport.resume_reading()
            else:
                self._await_more()
                break
        self._is_turning = False

    def _begin(self, request: Request) -> None:
        self.deadline = NEVER
        self._phase = BETWEEN
        self._relay = Relay(self._state, self._pool, self._heads, self, request)
        self._relay.start()

    def _await_more(self) -> None:
        """Set the deadline of the phase that a request is in, once for each phase."""
        phase = self._reader.phase
        if self._reader.wants_continue:
            self._reader.wants_continue = False
            self._transport.write(_CONTINUE)
        if phase == BETWEEN:
            if self.deadline == NEVER:
                self.deadline = self._state.now() + self._state.time_outs.idle
        elif phase != self._phase:
            time_outs = self._state.time_outs
            self.deadline = self._state.now() + (time_outs.head if phase == HEAD else time_outs.body)
        self._phase = phase

    def expire(self) -> None:
        """Idle for too long, or a request that does not come, or an answer that is not taken, or a close that hangs."""
        if self._is_closing or self.is_write_paused or self._phase == BETWEEN:
            self.cut_off()
        else:
            self._refuse(Refusal(408, "The request did not arrive in time."))

    def drain(self) -> None:
        """The worker ends: close now if nothing is under way, else after the answer."""
        if self._relay is None and self._phase == BETWEEN and not self._is_closing:
            self._close()

    def cut_off(self) -> None:
        """The drain lasted too long."""
        self._leave()
        self._transport.abort()

    def pause_writing(self) -> None:
        self.is_write_paused = True
        self.deadline = self._state.now() + self._state.time_outs.client_write
        if self._relay is not None:
            self._relay.client_paused()

    def resume_writing(self) -> None:
        self.is_write_paused = False
        if self._is_closing:
            return
        self.deadline = NEVER
        if self._relay is not None:
            self._relay.client_resumed()
        else:
            self._turn()

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def stays_open(self, request: Request) -> bool:
        return request.keep_alive and not self._state.is_draining

    def answered(self, stays_open: bool) -> None:
        self._relay = None
        if self._is_closing:
            return
        if stays_open and not self._state.is_draining:
            self._turn()
        else:
            self._close()

    def broken_off(self, must_reset: bool) -> None:
        self._relay = None
        if must_reset:
            self._reset()
        else:
            self._close()

    def _close(self) -> None:
        """Close once what was written is taken."""
        self._is_closing = True
        self.deadline = self._state.now() + self._state.time_outs.client_write
        self._transport.close()

    def _reset(self) -> None:
        """Close so that the client sees an error and no end."""
        self._is_closing = True
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def _refuse(self, refusal: Refusal) -> None:
        """Say why and close, but read on for a moment: closing on unread bytes would destroy the answer."""
        self._is_closing = True
        self._state.counters.refused += 1
        self._transport.write(refusal.message(CLOSING))
        self.deadline = self._state.now() + self._state.time_outs.linger
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _discard(self, length: int) -> None:
        self._discarded += length
        if self._discarded > _MOST_DISCARDED_BYTES:
            self._transport.abort()
