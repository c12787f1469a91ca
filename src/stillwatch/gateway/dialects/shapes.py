"""Bodies that differ in the value of one member alone: most of a client's requests, read without taking them apart.

A chat's requests have one model, one temperature, one set of tools, and ever other messages. What lies before and
behind the messages of a body that was read member by member is its shape. Another body of that shape is the same object
with another value there, if what lies between is one JSON array in UTF-8: the grammar (RFC 8259, 2 to 5) leaves nothing
else to be read, no name can hide in what was read before, and what is within the array is nobody's parameter. So what
it asks for is known but for the size of its content.

Learned only from bodies without space between their members, in which the member lies where its name was found first.
Bounded, and learned from the second of a shape on, because clients choose bodies; whatever is not known is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import DecodeError, Raw, json

from stillwatch.gateway.dialects.asked import ARGUMENTS, Asked
from stillwatch.gateway.dialects.estimate import tokens_of
from stillwatch.gateway.dialects.members import MOST_QUOTES, members

MOST_SHAPE_BYTES = 4_096
"""Chosen: parameters take some hundred; a body with long tools or a long system text is read each time."""
MOST_SHAPES = 1_024
"""Chosen: with the longest shapes 4 MB; then all are forgotten."""
_ARRAY: json.Decoder[Raw] = json.Decoder(Raw)
_BACKSLASH = ord("\\")

_Key = tuple[str, bytes, bytes]
"""Path, and what lies before and behind the value."""


class _Shape(NamedTuple):
    """What all bodies of a shape ask for, in the order of `Asked`, and the bytes of content beside the value."""

    said: tuple[str, bool, int | None, int, bool, bool, bool]
    beside: int
    may_have_arguments: bool


class Shapes:
    """What bodies ask for. `name` is the member that differs, `content` are the members that cost input tokens.

    `read` reads any body; nothing in what it finds may depend on the value of `name` but the number of input tokens.
    """

    def __init__(
        self, name: str, content: tuple[str, ...], known: Mapping[str, str], read: Callable[[bytes, str], Asked]
    ) -> None:
        self._name = name
        self._before = b'"%b":' % name.encode()
        self._mark = self._before + b"["
        self._content, self._members, self._read = content, known, read
        self._shapes: dict[_Key, _Shape] = {}
        self._once: set[_Key] = set()

    def asked(self, body: bytes, path: str = "") -> Asked:
        """What a request asks for. Raises `BadRequest`."""
        at = body.find(self._mark)
        if at < 0 or len(body) > MOST_QUOTES:
            return self._read(body, path)
        at += len(self._before)
        end = body.rfind(b"]") + 1
        key = path, body[:at], body[end:]
        shape = self._shapes.get(key)
        if shape is None:
            return self._read_and_learn(key, body)
        value = body[at:end]
        try:
            if not value.isascii():
                value.decode()
            _ARRAY.decode(value)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            return self._read(body, path)
        said, beside, may_have_arguments = shape
        return Asked(*said, tokens_of(body, beside + len(value)), may_have_arguments)

    def _read_and_learn(self, key: _Key, body: bytes) -> Asked:
        path, before, behind = key
        asked = self._read(body, path)
        if len(before) + len(behind) > MOST_SHAPE_BYTES:
            return asked
        if len(self._once) >= MOST_SHAPES or len(self._shapes) >= MOST_SHAPES:
            self._once.clear()
            self._shapes.clear()
        if key not in self._once:
            self._once.add(key)
            return asked
        given = members(body, self._members)
        value = given.raw(self._name)
        if given.is_compact and before + value + behind == body:
            beside = given.sizes(self._content) - len(value)
            self._shapes[key] = _Shape(_said(asked), beside, ARGUMENTS in before or ARGUMENTS in behind)
        return asked


def _said(one: Asked) -> tuple[str, bool, int | None, int, bool, bool, bool]:
    limits = one.model, one.is_stream, one.most_output_tokens, one.choices
    return *limits, one.wants_logprobs, one.wants_reasoning, one.wants_usage
