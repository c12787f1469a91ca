"""The members of a JSON object as they lie in its bytes: found exactly, edited without touching the rest.

RFC 8259, 4, leaves open which of two members of one name counts, and servers differ: the last (Python, Go), the first,
or an error. A limit that reads one while the model's server obeys the other is no limit, so an object that has a name
twice is refused, as is one that hides a name behind escapes (`"max\\u005ftokens"`) or other letters (`"MAX_TOKENS"`,
which Go's decoder takes for the same).

Only the object's own members are looked at; what is nested stays as it came until somebody asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated

import msgspec
from msgspec import Raw

from stillwatch.gateway.dialects.bad_request import BadRequest

MOST_MEMBERS = 1_000
"""Of one object. Chosen: ten times what any provider documents; each costs a microsecond, and a body holds millions."""
MOST_QUOTES = 1_000_000
"""In a body. Chosen: more than the text of the longest context holds; below, decoding stays under half a second."""
_OBJECT: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(
    Annotated[dict[str, Raw], msgspec.Meta(max_length=MOST_MEMBERS)]
)
_FRAME_BYTES = len('"":,')
"""Of a member beside its name and its value; the first has a brace before it, and the last one behind it."""
_NAME = re.compile(rb'[ \t\r\n]*[{,][ \t\r\n]*"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*')
_LAST = re.compile(rb"[ \t\r\n]*}[ \t\r\n]*\Z")

Span = tuple[int, int, int]
"""Where a member lies: its name's first quote, the first byte of its value, and the byte after that."""


class Members:
    """The members of one object. `what` names the object in errors, `raws` holds values as they came.

    `spans` says where they lie; None where nothing but members is in the object, one behind the other.
    """

    __slots__ = ("_raws", "_spans", "body", "what")

    def __init__(self, body: bytes, raws: Mapping[str, Raw], spans: Mapping[str, Span] | None, what: str) -> None:
        self.body = body
        self.what = what
        self._raws = raws
        self._spans = spans

    def raw(self, name: str) -> bytes:
        """The value of `name` as it came; empty where it is absent or null."""
        raw = self._raws.get(name)
        if raw is None:
            return b""
        held = bytes(raw)
        return b"" if held == b"null" else held

    def size(self, name: str) -> int:
        """How many bytes the value of `name` takes; 0 where it is absent."""
        return len(self._raws.get(name, b""))

    def sizes(self, names: Collection[str]) -> int:
        """How many bytes the values of those of `names` take that are there."""
        size = 0
        for name, raw in self._raws.items():
            if name in names:
                size += len(raw)
        return size

    @property
    def is_compact(self) -> bool:
        """Is there nothing but members in the object, one behind the other?"""
        return self._spans is None

    def has_none_of(self, names: frozenset[str]) -> bool:
        """Are all of `names` absent?"""
        return names.isdisjoint(self._raws)

    def __contains__(self, name: str) -> bool:
        return name in self._raws

    def path(self, name: str) -> str:
        """How an error names this member, as `generationConfig.maxOutputTokens`."""
        return f"{self.what}.{name}" if self.what else name

    def edited(self, changes: Mapping[str, bytes | None]) -> bytes:
        """The object with these values in place of its own; None removes a member.

        The very same bytes where nothing changes. Members that stay keep every byte of theirs.
        """
        new = {name: value for name, value in changes.items() if not self._is(name, value)}
        if not new:
            return self.body
        spans = _side_by_side(self._raws) if self._spans is None else self._spans
        kept = [self.body[span[0] : span[2]] for name, span in spans.items() if name not in new]
        added = [msgspec.json.encode(name) + b":" + value for name, value in new.items() if value is not None]
        return b"{" + b",".join(kept + added) + b"}"

    def _is(self, name: str, value: bytes | None) -> bool:
        raw = self._raws.get(name)
        return value is None if raw is None else bytes(raw) == value


def members(body: bytes, known: Mapping[str, str], what: str = "") -> Members:
    """The members of the object `body`. `known` maps the folded form of each name that matters to its spellings' key.

    Raises `BadRequest` where `body` is not one JSON object in UTF-8, has a name twice or with escapes, or has a name
    that differs from a known one in nothing but case.
    """
    decoded = _decoded(body, what)
    size = 1
    for name, raw in decoded.items():
        if known.get(name) != name:
            _require_exact(name, known)
        size += (len(name) if name.isascii() else len(name.encode())) + len(raw) + _FRAME_BYTES
    # A name written twice is decoded once, and an escape takes more bytes than its character: either would make the
    # body longer than its members are. One without spaces, as most clients write it, needs no closer look.
    spans = None if size == len(body) else _lying(body, decoded, what)
    return Members(body, decoded, spans, what)


def _lying(body: bytes, decoded: Mapping[str, Raw], what: str) -> dict[str, Span]:
    """Where members lie with space around them; raises `BadRequest` where others are between."""
    spans: dict[str, Span] = {}
    at = 0
    for name, raw in decoded.items():
        held, found = bytes(raw), _NAME.match(body, at)
        if found is None or found[1].decode() != name or not body.startswith(held, found.end()):
            raise _ambiguous(what)  # the last: an earlier member of this name had another value
        at = found.end() + len(held)
        spans[name] = (found.start(1) - 1, found.end(), at)
    if decoded and _LAST.match(body, at) is None:
        raise _ambiguous(what)
    return spans


def _side_by_side(decoded: Mapping[str, Raw]) -> dict[str, Span]:
    """Where members lie without space around them."""
    spans: dict[str, Span] = {}
    at = 1
    for name, raw in decoded.items():
        value = at + len(name.encode()) + len('"":')
        spans[name] = (at, value, value + len(raw))
        at = value + len(raw) + 1
    return spans


def folded(*names: str) -> dict[str, str]:
    """`known` for `members`: names by what is left of them when case is ignored, as Go's decoder ignores it."""
    return {name.casefold(): name for name in names}


def _require_exact(name: str, known: Mapping[str, str]) -> None:
    meant = known.get(name.casefold(), name)
    if meant != name:
        raise BadRequest(f"Unknown parameter: '{name}'. Did you mean '{meant}'?", meant)


def _decoded(body: bytes, what: str) -> dict[str, Raw]:
    if len(body) > MOST_QUOTES and body.count(b'"') > MOST_QUOTES:
        raise BadRequest(f"The {what or 'request body'} has too many parts.", what)
    try:
        if not body.isascii():
            body.decode()
        return _OBJECT.decode(body)
    except msgspec.ValidationError:
        problem = "has too many members" if body.lstrip()[:1] == b"{" else "is not a JSON object"
        raise BadRequest(f"The {what or 'request body'} {problem}.", what) from None
    except UnicodeDecodeError:
        raise BadRequest(f"The {what or 'request body'} is not UTF-8.", what) from None
    except (msgspec.DecodeError, RecursionError):
        raise BadRequest(f"The {what or 'request body'} is not a JSON object.", what) from None


def _ambiguous(what: str) -> BadRequest:
    return BadRequest(
        f"The {what or 'request body'} has a parameter twice, or one whose name is written with escapes.", what
    )
