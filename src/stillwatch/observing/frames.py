"""Exchanges as a worker of the gateway hands them on: their bytes as they came, in frames of known length.

Nothing is parsed here: the worker copies, the observer works. What is handed on together is framed together. Frames
travel over a socket between processes of one machine and are never kept. The observer answers on the same socket, in
frames of the same form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from stillwatch.errors import StillwatchError

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""Chosen: the largest request and the largest answer that the gateway lets pass, and their headers; or many small."""
_LENGTH_BYTES = 4


class BrokenFrame(StillwatchError):
    """What came over the socket is no frame: another program speaks there."""


class Observed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One settled exchange. `id` is unique for its account; `body` and `response` are whole, decoded of any coding.

    `ts_us` is when it was settled, `began_us` when its request came (-1: not known); `end` is why its answer ended.
    """

    ts_us: int
    id: str
    account: str
    path: str
    method: str
    status: int
    body: bytes
    response: bytes
    headers: tuple[tuple[str, str], ...] = ()
    organization: str | None = None
    api_key: str | None = None
    ip: str | None = None
    payment: str | None = None
    input_tokens: int = -1
    output_tokens: int = -1
    began_us: int = -1
    end: str = ""
    network: str | None = None


class Learned(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the observer answers: `units` of new information in an exchange, and to whom the worker charges them."""

    units: int
    account: str
    key: str | None = None
    organization: str | None = None
    payment: str | None = None
    network: str | None = None


_ENCODER = msgspec.msgpack.Encoder()
Said = TypeVar("Said")


def framed(*said: Observed | Learned) -> bytearray:
    """Exchanges, or the answers to them, in one frame, or in as many as they fit into."""
    frame = bytearray(_LENGTH_BYTES)
    _ENCODER.encode_into(said, frame, _LENGTH_BYTES)
    length = len(frame) - _LENGTH_BYTES
    if length > MAX_FRAME_BYTES and len(said) > 1:
        half = len(said) // 2
        return framed(*said[:half]) + framed(*said[half:])
    frame[:_LENGTH_BYTES] = length.to_bytes(_LENGTH_BYTES, "big")
    return frame


class Deframer(Generic[Said]):
    """What frames of one kind say, out of bytes that come in pieces."""

    def __init__(self, kind: type[Said]) -> None:
        self._held = bytearray()
        self._decoder: msgspec.msgpack.Decoder[list[Said]] = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]  # a type made here

    def feed(self, piece: bytes) -> Iterator[Said]:
        """What is whole now. Raises `BrokenFrame`, after which the connection is of no use."""
        self._held += piece
        at = 0
        try:
            while (end := self._end(at)) is not None:
                yield from self._decoded(memoryview(self._held)[at + _LENGTH_BYTES : end])
                at = end
        finally:
            del self._held[:at]

    def _end(self, at: int) -> int | None:
        """Where the frame that begins at `at` ends; None while it is not whole."""
        begin = at + _LENGTH_BYTES
        if len(self._held) < begin:
            return None
        length = int.from_bytes(self._held[at:begin], "big")
        if length > MAX_FRAME_BYTES:
            raise BrokenFrame(f"a frame claims {length} bytes, and {MAX_FRAME_BYTES} is the most")
        return begin + length if len(self._held) >= begin + length else None

    def _decoded(self, frame: memoryview) -> list[Said]:
        try:
            return self._decoder.decode(bytes(frame))
        except msgspec.DecodeError as error:
            raise BrokenFrame(f"a frame cannot be read: {error}") from None
        finally:
            frame.release()
