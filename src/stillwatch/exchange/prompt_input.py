"""Prompts that are no dialogue: a string, a list of strings, or token ids, each one message."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from stillwatch.exchange.record import Message
from stillwatch.exchange.wire import elements


def messages_of(prompt: bytes, role: str) -> tuple[Message, ...] | None:
    """One message per prompt; None where the value is of no documented form.

    Token ids are counted as one other part, without text: their vocabulary is not known here.
    """
    if prompt[:1] == b'"':
        return (Message(role, _text(prompt)),)
    if prompt[:1] != b"[":
        return None
    items = elements(prompt)
    if items and _first(items[0]) not in (b'"', b"[", b"{", b"n"):
        return (Message(role, "", other_parts=1),)
    return tuple([_message(item, role) for item in items])


def _message(item: Raw, role: str) -> Message:
    if _first(item) == b'"':
        return Message(role, _text(item))
    return Message(role, "", other_parts=1)


def _text(item: bytes | Raw) -> str:
    try:
        return msgspec.json.decode(item, type=str)
    except ValueError:
        return ""


def _first(item: Raw) -> bytes:
    return bytes(memoryview(item)[:1])
