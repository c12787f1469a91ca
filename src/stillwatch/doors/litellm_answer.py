"""An answer on its way through LiteLLM: objects to the bytes that the gate's observer reads, and back where it changed.

LiteLLM hands on the events of a stream as objects of its own, or as text for dialects that it passes through.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from stillwatch.doors.added_fields import added_fields
from stillwatch.gateway.dialects.events import data_of, event, split
from stillwatch.gateway.guard import Cut, End, Header, Observer

_OK = 200


class WatchedAnswer:
    """An admitted call: its observer until it has ended, and what its answer's head gets."""

    def __init__(self, observer: Observer, is_stream: bool) -> None:
        self._observer: Observer | None = observer
        self._is_stream = is_stream
        self._delivered = 0
        self.began = time.monotonic()
        self._added: list[Header] | None = None
        self._rewrites = False

    @property
    def is_stream(self) -> bool:
        return self._is_stream

    def head(self) -> list[Header]:
        """The fields that the answer's head gets; the observer hears of the head the first time."""
        if self._added is None and self._observer is not None:
            kind = b"text/event-stream" if self._is_stream else b"application/json"
            change = self._observer.on_head(_OK, [(b"content-type", kind)])
            self._rewrites = change is not None and change.rewrites
            self._added = added_fields(change)
        return self._added or []

    def passed(self, block: bytes, is_last: bool) -> bytes | Cut:
        """What of a block the client may have."""
        self.head()
        if self._observer is None:
            return block
        said = self._observer.on_body(block) if block else block
        if isinstance(said, Cut):
            self._delivered += len(said.last)
            return said
        if is_last and self._rewrites:
            said += self._observer.on_last()
        self._delivered += len(said)
        return said

    def end(self, cause: End) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.on_end(cause, self._delivered)


def block_of(chunk: Any) -> bytes:
    """A chunk as it goes over the wire: LiteLLM has events as objects, or as the text of some dialects' events."""
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    return event(chunk.model_dump_json(exclude_none=True).encode())


def chunks_of(block: bytes, like: Any) -> list[Any]:
    """The events of a block, as LiteLLM has them."""
    if isinstance(like, bytes | str):
        return [block if isinstance(like, bytes) else block.decode()] if block else []
    return [type(like)(**msgspec.json.decode(data)) for one in split(block)[0] if (data := data_of(one))]


def chunks_at_end(said: bytes | Cut) -> list[bytes]:
    """What was held back to the end of a stream: text, as LiteLLM passes it on."""
    return [said] if isinstance(said, bytes) and said else []
