"""Middleware for any Python model server that speaks ASGI (vLLM, FastAPI): `stillwatch.doors.asgi.Guard`.

    STILLWATCH_DOOR=/etc/stillwatch/door.toml vllm serve MODEL --middleware stillwatch.doors.asgi.Guard

A request is read whole, admitted or refused, and goes to the app as the policy wants it; the app's answer is counted
block by block as it leaves. Fails closed: what cannot be read or checked does not reach the app. Lifespan passes
untouched, and so do websockets but those that would lead to a model past every limit.

Source: ASGI 3.0 (asgi.readthedocs.io), "HTTP & WebSocket ASGI Message Format", spec version 2.5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import quote

from stillwatch.doors.asgi_exchange import Exchange
from stillwatch.doors.configuration import configured
from stillwatch.doors.others import passes, socket_passes
from stillwatch.doors.station import Station
from stillwatch.gateway.dialects.dialect import dialect_of
from stillwatch.gateway.dialects.reply import Fault
from stillwatch.gateway.guard import Answer, Header, Request

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})
"""The gateway makes these itself and shows them to no guard; so is it here."""
_REQUEST_TIMEOUT = 408  # RFC 9110, 15.5.9
_PLAIN = "/:@!$&'()*+,;=~"
"""What stands in a path as it is (RFC 3986, 3.3)."""
_POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1; before it was accepted, a server makes 403 of it


class Guard:
    """The middleware. Without a `station` it is made from the file that `STILLWATCH_DOOR` names."""

    def __init__(self, app: App, station: Station | None = None) -> None:
        self._app = app
        self.station = station or Station(configured(), "asgi")
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket" and not socket_passes(self.station.door, scope["path"]):
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        elif kind == "lifespan":
            await self.station.start()
            try:
                await self._app(scope, receive, send)
            finally:
                await self.station.close()
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if passes(self.station.door, scope["path"], scope["method"]):
            await self._app(scope, receive, send)
            return
        if not self.station.is_up:
            await self.station.start()
        request = _request(scope)
        body = await self._body(request, receive) if dialect_of(scope["path"]) else b""
        if isinstance(body, Fault):
            await _reply(send, self._not_taken(request, body))
            return
        if body is None:
            return  # the client left before it had asked
        try:
            request.body = body
            said = await self.station.ask(request)
        finally:
            self._held_bytes -= len(body)
        if isinstance(said, Answer):
            await _reply(send, said)
        else:
            exchange = Exchange(said.observer, request.body, receive, send)
            await exchange.run(self._app, _inner(scope, request), said.delay_seconds)

    async def _body(self, request: Request, receive: Receive) -> bytes | Fault | None:
        """The whole body; why it is refused; or None where the client left. What is held counts until it is asked."""
        door, blocks, size = self.station.door, list[bytes](), 0
        try:
            async with asyncio.timeout(door.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return self._let_go(size, None)
                    block = message.get("body", b"")
                    blocks.append(block)
                    size += len(block)
                    self._held_bytes += len(block)
                    if size > door.body_bytes:
                        return self._let_go(size, Fault.TOO_LARGE)
                    if self._held_bytes > door.buffered_bytes:
                        return self._let_go(size, Fault.UNAVAILABLE)
                    if not message.get("more_body", False):
                        return blocks[0] if len(blocks) == 1 else b"".join(blocks)
        except TimeoutError:
            return self._let_go(size, Fault.TIMED_OUT)
        except BaseException:  # the server gave up: what was held is not held any more
            self._let_go(size, None)
            raise

    def _not_taken(self, request: Request, why: Fault) -> Answer:
        if why is not Fault.TIMED_OUT:
            return self.station.refused(request, why)
        answer = self.station.refused(request, Fault.BAD_REQUEST, "The request did not come in time.")
        return Answer(_REQUEST_TIMEOUT, answer.headers, answer.body)

    def _let_go(self, size: int, why: Fault | None) -> Fault | None:
        self._held_bytes -= size
        return why


def _request(scope: Scope) -> Request:
    """The request as the gate reads it. The decoded path counts: it is what apps choose their routes by."""
    headers: Sequence[Header] = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
    target = quote(scope["path"], _PLAIN).encode() + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    peer = scope["client"][0] if scope.get("client") else ""
    kept = [field for field in headers if field[0].lower() not in _FRAMING]
    return Request(scope["method"].encode(), target, kept, b"", peer)


def _inner(scope: Scope, request: Request) -> Scope:
    """The scope that the app gets: the request as the gate left it, and no way to answer around the observer."""
    framing = [field for field in scope["headers"] if field[0] in {b"host", b"connection"}]
    fields = [(name.lower(), value) for name, value in request.headers]
    length = [(b"content-length", str(len(request.body)).encode())]
    extensions = {name: said for name, said in (scope.get("extensions") or {}).items() if "http.response" not in name}
    return {**scope, "headers": [*framing, *fields, *length], "extensions": extensions}


async def _reply(send: Send, answer: Answer) -> None:
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [*[(name.lower(), value) for name, value in answer.headers], length]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
