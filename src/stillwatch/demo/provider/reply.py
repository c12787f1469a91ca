"""An answer before it is sent: a head and blocks, each with the tokens that it takes the model to say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

Block = tuple[int, bytes]
"""Tokens, and the bytes that say them."""
TOKENS_AN_EVENT = 4
"""Chosen: hosted models send one token to some an event; four keep a stream cheap to make and to count."""
JSON, EVENTS = b"application/json", b"text/event-stream; charset=utf-8"
encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Reply:
    """`is_stream`: blocks go out one by one; else they are one body."""

    status: int
    kind: bytes
    blocks: Sequence[Block]
    is_stream: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


def whole(document: Any, tokens: int, status: int = 200) -> Reply:
    """One JSON document, ready when so many tokens are said."""
    return Reply(status, JSON, [(tokens, encode(document))])


def stream(blocks: Iterable[Block]) -> Reply:
    """Server-sent events."""
    return Reply(200, EVENTS, list(blocks), is_stream=True)


def event(document: Any, name: str = "", tokens: int = 0) -> Block:
    """One event (HTML standard, 9.2.6); `name` where the format has names."""
    head = b"event: %b\n" % name.encode() if name else b""
    return tokens, b"%bdata: %b\n\n" % (head, encode(document))


MARK = "\u2402text\u2402"
"""Where the text goes in a document given to `spoken`: what no frame holds, two signs for a control character."""
_ENCODED_MARK = encode(MARK)


def spoken(tokens: Sequence[str], frame: Any, name: str = "") -> Iterable[Block]:
    """Events of some tokens each: `frame` with the text in the place of `MARK`, encoded once for all of them."""
    head, _, tail = event(frame, name)[1].partition(_ENCODED_MARK)
    for count, text in pieces(tokens):
        yield count, b"%b%b%b" % (head, encode(text), tail)


def numbered(events: Iterable[tuple[int, dict[str, Any]]]) -> Iterable[Block]:
    """Events with a number each, named after their type."""
    for number, (tokens, document) in enumerate(events):
        yield event({**document, "sequence_number": number}, document["type"], tokens)


def pieces(tokens: Sequence[str]) -> Iterable[tuple[int, str]]:
    """The text of some tokens each, with their number."""
    for first in range(0, len(tokens), TOKENS_AN_EVENT):
        some = tokens[first : first + TOKENS_AN_EVENT]
        yield len(some), "".join(some)
