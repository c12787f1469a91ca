"""One admitted exchange between a server and an app: the answer watched block by block, its end never forgotten.

However it ends (whole, cut, the client gone, the app failed, the task cancelled), the observer is told once. A cut
answer ends well for the client; the app is cancelled where it waits for its model, so that the model stops as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from stillwatch.doors.added_fields import added_fields
from stillwatch.gateway.guard import Cut, End, Header, Observer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Exchange:
    """One request in the hands of the app, and its answer."""

    def __init__(self, observer: Observer | None, body: bytes, receive: Receive, send: Send) -> None:
        self._observer = observer
        self._body: bytes | None = body
        self._from_client = receive
        self._to_client = send
        self._pending: asyncio.Future[Message] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelling: asyncio.Handle | None = None
        self._delivered = 0
        self._has_left = self._is_cut = self._rewrites = False

    async def run(
        self,
        app: Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]],
        scope: MutableMapping[str, Any],
        delay_seconds: float,
    ) -> None:
        """Let the app answer, after the delay. Raises what the app raises, but for the cancelling that a cut is."""
        self._task = asyncio.current_task()
        try:
            if delay_seconds > 0 and not await self._stays(delay_seconds):
                self._end(End.NOT_SENT)
                return
            await app(scope, self._receive, self._send)
        except asyncio.CancelledError:
            if not self._is_cut or self._uncancelled() > 0:
                self._has_left = True  # the server ended the request for the client, or ends itself
                raise
        finally:
            for waiting in (self._pending, self._cancelling):
                if waiting is not None:
                    waiting.cancel()
            self._end(End.CLIENT_LEFT if self._has_left else End.UPSTREAM_FAILED)

    def _uncancelled(self) -> int:
        """How many others than this exchange want the task cancelled."""
        return self._task.uncancel() if self._task is not None else 0

    async def _stays(self, seconds: float) -> bool:
        """Wait, unless the client leaves before."""
        self._pending = asyncio.ensure_future(self._from_client())
        await asyncio.wait({self._pending}, timeout=seconds)
        self._has_left = self._pending.done() and self._pending.result()["type"] == "http.disconnect"
        return not self._has_left

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if self._is_cut:
            return {"type": "http.disconnect"}
        pending, self._pending = self._pending, None
        message = await (pending or self._from_client())
        self._has_left = self._has_left or message["type"] == "http.disconnect"
        return message

    async def _send(self, message: Message) -> None:
        if self._is_cut:
            await asyncio.sleep(0)  # an app that never waits otherwise is cancelled here
            return
        kind = message["type"]
        if kind == "http.response.body":
            message = self._watched(message)
        elif kind == "http.response.start":
            message = self._begun(message)
        await self._pass_on(message)
        if kind == "http.response.body" and not message.get("more_body", False):
            self._end(End.CUT if self._is_cut else End.COMPLETE)
            if self._is_cut and self._task is not None:
                self._cancelling = asyncio.get_running_loop().call_soon(self._task.cancel)

    async def _pass_on(self, message: Message) -> None:
        try:
            await self._to_client(message)
        except OSError:
            self._has_left = True
            raise
        self._delivered += len(message.get("body", b""))

    def _begun(self, message: Message) -> Message:
        headers: list[Header] = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        change = self._observer.on_head(message["status"], headers) if self._observer else None
        self._rewrites = change is not None and change.rewrites
        if self._rewrites or kind.lower().startswith(b"text/event-stream"):  # its length may change
            headers = [field for field in headers if field[0].lower() != b"content-length"]
        added = [(name.lower(), value) for name, value in added_fields(change)]
        return {**message, "headers": [*headers, *added]}

    def _watched(self, message: Message) -> Message:
        """The block as the client may have it; the message itself where nothing of it changes."""
        observer = self._observer
        if observer is None:
            return message
        block: bytes = message.get("body", b"")
        said = observer.on_body(bytes(block)) if block else b""
        if isinstance(said, Cut):
            self._is_cut = True
            return {**message, "body": said.last, "more_body": False}
        if not self._rewrites:
            return message
        if not message.get("more_body", False):
            said += observer.on_last()
        return {**message, "body": said}

    def _end(self, cause: End) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.on_end(cause, self._delivered)
