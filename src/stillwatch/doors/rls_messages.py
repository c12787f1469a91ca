"""The messages of Envoy's rate-limit protocol as bytes: just the fields that are used, without generated code.

Source: envoy/service/ratelimit/v3/rls.proto, envoy/extensions/common/ratelimit/v3/ratelimit.proto (Envoy 1.40);
protobuf.dev, "Encoding". Unknown fields are passed over, as the encoding demands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stillwatch.errors import StillwatchError
from stillwatch.gateway.guard import Header

OK, OVER_LIMIT = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10  # bytes; what 64 bits take


class BrokenMessage(StillwatchError):
    """What came is no message of the protocol."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What Envoy says of a request, and by how many hits it counts; None where it leaves that to the message."""

    entries: Mapping[str, str]
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: does any of these stand in the way?"""

    descriptors: Sequence[Descriptor]
    hits: int


def asked(message: bytes) -> Asked:
    """The question in a RateLimitRequest. Raises `BrokenMessage`."""
    descriptors, hits = [], 0
    for number, value in _fields(message):
        if number == 2 and isinstance(value, bytes):
            descriptors.append(_descriptor(value))
        elif number == 3 and isinstance(value, int):
            hits = value
    return Asked(descriptors, hits or 1)  # "If the value is not set, a request increases the matched limit by 1"


def answered(
    code: int, descriptors: int, to_client: Sequence[Header], upstream: Sequence[Header], body: bytes
) -> bytes:
    """A RateLimitResponse: `code` for each descriptor, fields for client and upstream, the body of a refusal."""
    said = [_varint_field(1, code), _bytes_field(2, _varint_field(1, code)) * descriptors]
    said += [_bytes_field(3, _header(header)) for header in to_client]
    said += [_bytes_field(4, _header(header)) for header in upstream]
    return b"".join([*said, _bytes_field(5, body)] if body else said)


def _descriptor(message: bytes) -> Descriptor:
    entries: dict[str, str] = {}
    hits = None
    for number, value in _fields(message):
        if number == 1 and isinstance(value, bytes):
            entry = dict(_fields(value))
            entries[_text(entry.get(1, b""))] = _text(entry.get(2, b""))
        elif number == 3 and isinstance(value, bytes):  # google.protobuf.UInt64Value
            wrapped = dict(_fields(value)).get(1, 0)
            hits = wrapped if isinstance(wrapped, int) else None
    return Descriptor(entries, hits)


def _text(value: bytes | int) -> str:
    if isinstance(value, int):
        raise BrokenMessage("an entry of a descriptor is no text")
    return value.decode("utf-8", "replace")


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a message with their numbers; numbers as they are, everything else as bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in _WIDTHS:
            length = _WIDTHS[kind]
        else:
            raise BrokenMessage(f"a field has the wire type {kind}")
        if at + length > len(message):
            raise BrokenMessage("a field is longer than its message")
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at + shift + 1
    raise BrokenMessage("a number does not end")


def _header(header: Header) -> bytes:
    """A HeaderValue. Its raw value, field 3, is not read here by Envoy 1.40 (tried): the fields came out empty."""
    return _bytes_field(1, header[0].lower()) + _bytes_field(2, header[1])


def _varint_field(number: int, value: int) -> bytes:
    return _number(number << 3 | _VARINT) + _number(value)


def _bytes_field(number: int, value: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def _number(value: int) -> bytes:
    said = bytearray()
    while value > 0x7F:
        said.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*said, value])
