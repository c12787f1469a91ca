"""OpenAI Responses. Reasoning shows itself as summaries, which a request asks for; its ids and encrypted content stay.

Source: OpenAI API reference, "Create a model response", "Streaming events".
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, json

from stillwatch.decision.policy import UNTOUCHED, Reasoning, Treatment
from stillwatch.gateway.dialects import openai_chat
from stillwatch.gateway.dialects.asked import Asked, switch, whole, word
from stillwatch.gateway.dialects.estimate import tokens_in, tokens_out, utf8_size
from stillwatch.gateway.dialects.events import event
from stillwatch.gateway.dialects.hiding import Value, objects
from stillwatch.gateway.dialects.members import Members, folded, members

_CONTENT = ("input", "instructions", "tools")
_KNOWN = folded(
    "model", "input", "instructions", "stream", "max_output_tokens", "top_logprobs", "include", "reasoning",
)  # fmt: skip
_REASONING = folded("effort", "summary", "generate_summary")
_LOGPROBS = "message.output_text.logprobs"
SIGNS = (b'"reasoning"', b'"response.reasoning')
_strings = msgspec.json.Decoder(list[Any]).decode


def asked(body: bytes, path: str = "") -> Asked:
    """What a request asks for. Raises `BadRequest`."""
    given = members(body, _KNOWN)
    return Asked(
        word(given, "model"),
        switch(given, "stream"),
        whole(given, "max_output_tokens"),
        1,
        given.raw("top_logprobs") not in (b"", b"0") or _LOGPROBS in _included(given),
        bool(given.raw("reasoning")) and _reasoning(given).raw("effort") != b'"none"',
        True,
        tokens_in(given, _CONTENT),
    )


def treated(body: bytes, treatment: Treatment) -> bytes:
    """The body as `treatment` wants it; the same object for `UNTOUCHED`. Raises `BadRequest`."""
    if treatment is UNTOUCHED:
        return body
    given = members(body, _KNOWN)
    changes: dict[str, bytes | None] = {}
    if not treatment.logprobs:
        changes["top_logprobs"] = None
        if _LOGPROBS in (included := _included(given)):
            changes["include"] = json.encode([name for name in included if name != _LOGPROBS])
    if treatment.most_output_tokens is not None:
        changes |= openai_chat.output_caps(given, ("max_output_tokens",), treatment.most_output_tokens)
    if treatment.reasoning is Reasoning.HIDE and given.raw("reasoning"):
        changes["reasoning"] = _reasoning(given).edited({"summary": None, "generate_summary": None})
    return given.edited(changes)


def without_reasoning(value: Value) -> bool:
    """Take summaries and reasoning text out of an event or a response; for `hiding`."""
    if str(value.get("type", "")).startswith("response.reasoning"):
        return False
    response = value.get("response")
    items = [value.get("item"), *objects(value.get("output"))]
    items += objects(response.get("output")) if isinstance(response, dict) else []
    for item in items:
        if isinstance(item, dict) and item.get("type") == "reasoning":
            item["summary"] = []
            item.pop("content", None)
    return True


def _included(given: Members) -> list[Any]:
    raw = given.raw("include")
    return _strings(raw) if raw[:1] == b"[" else []


def _reasoning(given: Members) -> Members:
    return members(given.raw("reasoning"), _REASONING, "reasoning")


class _Part(Struct, gc=False):
    type: str = ""
    text: str | None = None
    refusal: str | None = None


class _Item(Struct, gc=False):
    type: str = ""
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    arguments: str | None = None


class _Usage(Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Response(Struct, gc=False):
    status: str | None = None
    output: list[_Item] | None = None
    usage: _Usage | None = None


class _Event(Struct, gc=False):
    type: str = ""
    sequence_number: int = 0
    output_index: int = 0
    content_index: int = 0
    delta: str | None = None
    response: msgspec.Raw = msgspec.Raw(b"")
    item: msgspec.Raw = msgspec.Raw(b"")
    part: msgspec.Raw = msgspec.Raw(b"")


_decode = json.Decoder(_Event, strict=False).decode
_decode_response = json.Decoder(_Response, strict=False).decode
_LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})


class Answer:
    """One response as it comes. The open item's text is kept, so that an ending can tell the whole answer."""

    __slots__ = (
        "_content", "_item", "_items", "_output_index", "_part", "_response", "_sequence", "_texts",
        "events", "input_tokens", "is_over", "output_tokens", "size", "text",
    )  # fmt: skip

    def __init__(self, asked: Asked) -> None:
        self._response = b"{}"
        self._sequence = -1
        self._items: list[bytes] = []  # those that are done
        self._item = self._part = b""  # those that are open
        self._texts: list[str] = []
        self._content: list[Value] = []
        self._output_index = 0
        self.events = self.size = 0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.is_over = False
        self.text: tuple[bytes, str] | None = None  # events are decoded one by one

    def observe(self, data: bytes) -> None:
        """Take in one event."""
        came = _decode(data)
        self._sequence = came.sequence_number
        if came.delta is not None and came.type.endswith(".delta"):
            self.events += 1
            self.size += utf8_size(came.delta)
            self._texts.append(came.delta)
        elif held := bytes(came.response):
            self._observe_response(came.type, held)
        elif came.type == "response.output_item.added":
            self._item, self._output_index = bytes(came.item), came.output_index
            self._content, self._part, self._texts = [], b"", []
        elif came.type == "response.output_item.done":
            self._items.append(bytes(came.item))
            self._item = self._part = b""
        elif came.type == "response.content_part.added":
            self._part, self._texts = bytes(came.part), []
        elif came.type == "response.content_part.done":
            self._content.append(json.decode(came.part))
            self._part = b""

    def whole(self, body: bytes) -> None:
        """Take in a whole response."""
        self._said(_decode_response(body))

    def ending(self) -> bytes:
        """What is open is closed as incomplete, then `response.incomplete` with all that was delivered."""
        out: list[bytes] = []
        if self._part:
            self._close_part(out)
        if self._item:
            self._close_item(out)
        done = tokens_out(self.events, self.size)
        response = {
            **json.decode(self._response),
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [msgspec.Raw(item) for item in self._items],
            "usage": _usage(self.input_tokens or 0, done),
        }
        self._tell(out, "response.incomplete", {"response": response})
        return b"".join(out)

    def _observe_response(self, kind: str, response: bytes) -> None:
        self._response = response
        if kind in _LAST:
            self.is_over = True
            usage = _decode_response(response).usage
            if usage is not None:
                self.input_tokens, self.output_tokens = usage.input_tokens, usage.output_tokens

    def _said(self, response: _Response) -> None:
        for item in response.output or ():
            texts = [part.text or part.refusal or "" for part in [*(item.content or ()), *(item.summary or ())]]
            self.events += 1
            self.size += sum(map(utf8_size, texts)) + utf8_size(item.arguments or "")
        if response.usage is not None:
            self.input_tokens, self.output_tokens = response.usage.input_tokens, response.usage.output_tokens

    def _close_part(self, out: list[bytes]) -> None:
        text = "".join(self._texts)
        part = json.decode(self._part)
        place = {"item_id": json.decode(self._item).get("id", ""), "output_index": self._output_index}
        place["content_index"] = len(self._content)
        if part.get("type") == "refusal":
            part["refusal"] = text
            self._tell(out, "response.refusal.done", {**place, "refusal": text})
        else:
            part["text"] = text
            self._tell(out, "response.output_text.done", {**place, "text": text, "logprobs": []})
        self._tell(out, "response.content_part.done", {**place, "part": part})
        self._content.append(part)

    def _close_item(self, out: list[bytes]) -> None:
        item = json.decode(self._item)
        item["status"] = "incomplete"
        if item.get("type") == "message":
            item["content"] = self._content
        elif "arguments" in item:
            item["arguments"] = "".join(self._texts)
        self._tell(out, "response.output_item.done", {"output_index": self._output_index, "item": item})
        self._items.append(json.encode(item))

    def _tell(self, out: list[bytes], kind: str, value: Value) -> None:
        self._sequence += 1
        out.append(event(json.encode({"type": kind, "sequence_number": self._sequence, **value}), kind))


def _usage(given: int, done: int) -> Value:
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": done,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": given + done,
    }
