"""Anthropic Messages.

Reasoning is hidden by asking for it: `thinking.display = "omitted"` makes the API sign thinking without showing it, so
that what the client sends back stays valid. The filter of the answer is a second line, for models that think unasked:
it empties thinking and leaves the blocks, their signatures and `redacted_thinking`.

Source: Anthropic API reference, "Messages", "Streaming messages", "Extended thinking".
"""

from __future__ import annotations

from msgspec import Struct, json

from stillwatch.decision.policy import UNTOUCHED, Reasoning, Treatment
from stillwatch.gateway.dialects.asked import Asked, capped, switch, whole, word
from stillwatch.gateway.dialects.estimate import tokens_in, tokens_out, utf8_size
from stillwatch.gateway.dialects.events import event
from stillwatch.gateway.dialects.hiding import Value, objects
from stillwatch.gateway.dialects.members import Members, folded, members
from stillwatch.gateway.dialects.shapes import Shapes

_CONTENT = ("messages", "system", "tools")
_KNOWN = folded("model", "messages", "system", "stream", "max_tokens", "thinking")
_THINKING = folded("type", "budget_tokens", "display")
_LEAST_THINKING = 1024  # API reference, `thinking.budget_tokens`: at least 1,024 and less than max_tokens
SIGNS = (b'"thinking',)


def read(body: bytes, path: str = "") -> Asked:
    """What a request asks for. Raises `BadRequest`."""
    given = members(body, _KNOWN)
    thinks = bool(given.raw("thinking")) and _thinking(given).raw("type") != b'"disabled"'
    return Asked(
        word(given, "model"),
        switch(given, "stream"),
        0 if path.partition("?")[0].endswith("/count_tokens") else whole(given, "max_tokens"),
        1,
        False,
        thinks,
        True,
        tokens_in(given, _CONTENT),
    )


asked = Shapes("messages", _CONTENT, _KNOWN, read).asked
"""The same, sooner for a body of a shape that was read before."""


def treated(body: bytes, treatment: Treatment) -> bytes:
    """The body as `treatment` wants it; the same object for `UNTOUCHED`. Raises `BadRequest`.

    A budget of thinking that the capped answer cannot hold is lowered, or thinking is switched off: the API refuses
    one that is not below `max_tokens`.
    """
    if treatment is UNTOUCHED:
        return body
    given = members(body, _KNOWN)
    changes: dict[str, bytes | None] = {}
    most = treatment.most_output_tokens
    if most is not None and "max_tokens" in given:
        changes["max_tokens"] = capped(given, "max_tokens", most)
    if given.raw("thinking"):
        changes["thinking"] = _treated_thinking(_thinking(given), treatment)
    return given.edited(changes)


def _treated_thinking(thinking: Members, treatment: Treatment) -> bytes:
    changes: dict[str, bytes | None] = {}
    most, budget = treatment.most_output_tokens, whole(thinking, "budget_tokens")
    if most is not None and budget is not None and budget >= most:
        if most <= _LEAST_THINKING:
            return b'{"type":"disabled"}'
        changes["budget_tokens"] = str(most - 1).encode()
    if treatment.reasoning is Reasoning.HIDE and thinking.raw("type") != b'"disabled"':
        changes["display"] = b'"omitted"'
    return thinking.edited(changes)


def _thinking(given: Members) -> Members:
    return members(given.raw("thinking"), _THINKING, "thinking")


def without_reasoning(value: Value) -> bool:
    """Empty the thinking of an event or a message; for `hiding`."""
    delta = value.get("delta")
    if isinstance(delta, dict) and delta.get("type") == "thinking_delta":
        return False
    for block in [value.get("content_block"), *objects(value.get("content"))]:
        if isinstance(block, dict) and block.get("type") == "thinking":
            block["thinking"] = ""
    return True


class _Usage(Struct, gc=False):
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None


class _Block(Struct, gc=False):
    """A block, or what is added to one."""

    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    name: str | None = None


class _Message(Struct, gc=False):
    usage: _Usage | None = None


class _Event(Struct, gc=False):
    """An event; a whole message has `content` and `usage` at its top, too."""

    type: str = ""
    index: int = 0
    delta: _Block | None = None
    content_block: _Block | None = None
    message: _Message | None = None
    content: list[_Block] | None = None
    usage: _Usage | None = None


_decode = json.Decoder(_Event, strict=False).decode


class Answer:
    """One message as it comes."""

    __slots__ = ("_open", "events", "input_tokens", "is_over", "output_tokens", "size", "text")

    def __init__(self, asked: Asked) -> None:
        self._open: list[int] = []
        self.events = self.size = 0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.is_over = False
        self.text: tuple[bytes, str] | None = None

    def observe(self, data: bytes) -> None:
        """Take in one event."""
        came = _decode(data)
        self.text = None
        if came.type == "content_block_delta":
            self._count(came.delta)
            if came.delta is not None and came.delta.text:
                self.text = b"text", came.delta.text
        elif came.type == "content_block_start":
            self._open.append(came.index)
            self._count(came.content_block)
        elif came.type == "content_block_stop":
            self._open = [index for index in self._open if index != came.index]
        elif came.type == "message_start" and came.message is not None:
            self._said(came.message.usage)
        elif came.type == "message_delta":
            self._said(came.usage)
            self.is_over = True

    def whole(self, body: bytes) -> None:
        """Take in a whole message."""
        message = _decode(body)
        for block in message.content or ():
            self._count(block)
        self._said(message.usage)

    def ending(self) -> bytes:
        """Open blocks end, then the message, for want of tokens."""
        stops = [_told("content_block_stop", {"index": index}) for index in self._open]
        delta = {"stop_reason": "max_tokens", "stop_sequence": None}
        usage = {"output_tokens": tokens_out(self.events, self.size)}
        return b"".join([*stops, _told("message_delta", {"delta": delta, "usage": usage}), _told("message_stop", {})])

    def _count(self, block: _Block | None) -> None:
        if block is None:
            return
        text = block.text or block.thinking or block.partial_json or block.name
        if text:
            self.events += 1
            self.size += utf8_size(text)

    def _said(self, usage: _Usage | None) -> None:
        """Counts are cumulative; the input comes in three parts."""
        if usage is None:
            return
        parts = (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens)
        given = sum(part for part in parts if part is not None)
        self.input_tokens = max(given, self.input_tokens or 0)
        if usage.output_tokens is not None:
            self.output_tokens = usage.output_tokens


def _told(kind: str, value: Value) -> bytes:
    return event(json.encode({"type": kind, **value}), kind)
