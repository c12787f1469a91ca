"""An instruction that the upstream's request carries and its client never sees, in each wire format.

It goes where instructions of the highest rank that the format has already stand, behind them, so that what the client's
own instructions ask for comes first. Nothing else of a body changes by a byte. Where a format has no such place
(completions, embeddings), where counts of tokens are asked for, and where the API would refuse a second one, the body
stays as it came: an account that is not marked is a loss of evidence, one that is refused is an outage.

What shows that there is one: the provider's own count of input tokens in `usage`. OpenAI's Responses repeats
`instructions` to its client, so there the instruction is an item of the input.

Source: the API references of OpenAI (messages, input), Anthropic (`system`) and Gemini (`systemInstruction`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from msgspec import Raw

from stillwatch.gateway.dialects.members import folded, members

_MESSAGE = folded("role", "content")
_RANKS = (b'"system"', b'"developer"')
_GENERATES = re.compile(r":(stream)?generateContent$", re.IGNORECASE)
_list = msgspec.json.Decoder(list[Raw]).decode
_INSTRUCTIONS = ("systemInstruction", "system_instruction")
_CACHED = ("cachedContent", "cached_content")


def instructed(dialect: str, path: str, body: bytes, text: str) -> bytes:
    """The body with this instruction; the same object where it can have none. Raises `BadRequest`."""
    add = _BY_DIALECT.get(dialect)
    return body if add is None else add(body, path.partition("?")[0], text)


def _openai_chat(body: bytes, path: str, text: str) -> bytes:
    """Behind the system text, or as one where there is none: servers refuse a second, or one that is not the first."""
    given = members(body, folded("messages"))
    held = given.raw("messages")
    if held[:1] != b"[":
        return body
    said = [bytes(one) for one in _list(held)]
    leading = members(said[0], _MESSAGE, "messages[0]") if said and said[0][:1] == b"{" else None
    if leading is not None and leading.raw("role") in _RANKS:
        content = _longer(leading.raw("content"), text)
        if content is None:
            return body
        said[0] = leading.edited({"content": content})
    else:
        said.insert(0, _encoded({"role": "system", "content": text}))
    return given.edited({"messages": _joined(said)})


def _openai_responses(body: bytes, path: str, text: str) -> bytes:
    given = members(body, folded("input"))
    held = given.raw("input")
    item = _encoded({"role": "developer", "content": text})
    if held[:1] == b'"':
        items = [item, b'{"role":"user","content":' + held + b"}"]
    elif held[:1] == b"[":
        items = [item, *(bytes(one) for one in _list(held))]
    else:
        return body
    return given.edited({"input": _joined(items)})


def _anthropic(body: bytes, path: str, text: str) -> bytes:
    if path.rstrip("/").endswith("/count_tokens"):
        return body
    given = members(body, folded("system"))
    held = given.raw("system")
    system = _longer(held, text) if held else _encoded(text)
    return body if system is None else given.edited({"system": system})


def _gemini(body: bytes, path: str, text: str) -> bytes:
    if not _GENERATES.search(path):
        return body
    given = members(body, folded(*_INSTRUCTIONS, *_CACHED))
    if any(given.raw(name) for name in _CACHED):
        return body  # the API refuses an instruction beside what is cached, which may hold one
    spelled = [name for name in _INSTRUCTIONS if name in given]
    if len(spelled) > 1:
        return body  # which of them the API obeys is not known
    name = spelled[0] if spelled else _INSTRUCTIONS[0]
    part = _encoded({"text": text})
    if not given.raw(name):
        return given.edited({name: b'{"parts":[' + part + b"]}"})
    held = members(given.raw(name), folded("parts"), name)
    if held.raw("parts")[:1] != b"[":
        return body
    parts = [*(bytes(one) for one in _list(held.raw("parts"))), part]
    return given.edited({name: held.edited({"parts": _joined(parts)})})


def _longer(held: bytes, text: str) -> bytes | None:
    """A text, or a list of parts, with one more behind it; None for what is neither."""
    if held[:1] == b'"':
        return held[:-1] + _encoded(f"\n\n{text}")[1:]
    if held[:1] == b"[":
        return _joined([*(bytes(one) for one in _list(held)), _encoded({"type": "text", "text": text})])
    return None


def _joined(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value)


_BY_DIALECT: dict[str, Callable[[bytes, str, str], bytes]] = {
    "openai_chat": _openai_chat,
    "openai_responses": _openai_responses,
    "anthropic_messages": _anthropic,
    "gemini": _gemini,
}
