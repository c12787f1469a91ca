"""Gemini: generateContent, streamGenerateContent, countTokens and the embedding calls, of the Gemini API and Vertex AI.

The model and the wish for a stream stand in the path. Parameters may be written in camelCase or in snake_case; one
that is written both ways is refused. A stream without `alt=sse` is one JSON list: it is counted at its end and cannot
be cut.

Source: Gemini API reference, "GenerateContentRequest", "GenerationConfig", "GenerateContentResponse".
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct, json

from stillwatch.decision.policy import UNTOUCHED, Reasoning, Treatment
from stillwatch.exchange.gemini import model_in_path
from stillwatch.gateway.dialects.asked import Asked, capped, switch, whole
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.estimate import tokens_in, tokens_out, utf8_size
from stillwatch.gateway.dialects.events import event
from stillwatch.gateway.dialects.hiding import Value, objects
from stillwatch.gateway.dialects.members import Members, folded, members

_SPELLINGS = {
    name: re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)
    for name in (
        "generationConfig", "maxOutputTokens", "candidateCount", "responseLogprobs", "thinkingConfig",
        "includeThoughts", "thinkingBudget", "thinkingLevel",
    )
}  # fmt: skip
_CONTENT = ("contents", "content", "requests", "systemInstruction", "system_instruction", "tools")
_KNOWN = folded("contents", "generationConfig", "generation_config")
_CONFIG = folded(
    "maxOutputTokens", "max_output_tokens", "candidateCount", "candidate_count", "responseLogprobs",
    "response_logprobs", "logprobs", "thinkingConfig", "thinking_config",
)  # fmt: skip
_THINKING = folded(
    "includeThoughts", "include_thoughts", "thinkingBudget", "thinking_budget", "thinkingLevel", "thinking_level"
)
_ANSWERS = re.compile(r":(stream)?generateContent$", re.IGNORECASE)
SIGNS = (b'"thought"',)


def asked(body: bytes, path: str = "") -> Asked:
    """What a request asks for. Raises `BadRequest`."""
    bare = path.partition("?")[0]
    given = members(body, _KNOWN)
    config, _ = _inner(given, "generationConfig", _CONFIG)
    thinking, _ = _inner(config, "thinkingConfig", _THINKING)
    budget, level = thinking.raw(_name(thinking, "thinkingBudget")), thinking.raw(_name(thinking, "thinkingLevel"))
    return Asked(
        model_in_path(path),
        ":stream" in bare,
        whole(config, _name(config, "maxOutputTokens")) if not path or _ANSWERS.search(bare) else 0,
        max(whole(config, _name(config, "candidateCount")) or 1, 1),
        switch(config, _name(config, "responseLogprobs")) or config.raw("logprobs") not in (b"", b"0"),
        budget not in (b"", b"0") or bool(level) or switch(thinking, _name(thinking, "includeThoughts")),
        True,
        tokens_in(given, _CONTENT),
    )


def treated(body: bytes, treatment: Treatment) -> bytes:
    """The body as `treatment` wants it; the same object for `UNTOUCHED`. Raises `BadRequest`."""
    if treatment is UNTOUCHED:
        return body
    given = members(body, _KNOWN)
    config, name = _inner(given, "generationConfig", _CONFIG)
    changes: dict[str, bytes | None] = {}
    if not treatment.logprobs:
        changes |= {_name(config, "responseLogprobs"): None, "logprobs": None}
    if treatment.most_choices is not None:
        count = _name(config, "candidateCount")
        changes[count] = capped(config, count, treatment.most_choices)
    if treatment.most_output_tokens is not None and "contents" in given:
        most = _name(config, "maxOutputTokens")
        changes[most] = capped(config, most, treatment.most_output_tokens) or str(treatment.most_output_tokens).encode()
    if treatment.reasoning is Reasoning.HIDE:
        thinking, thinks = _inner(config, "thinkingConfig", _THINKING)
        if thinks in config:
            changes[thinks] = thinking.edited({_name(thinking, "includeThoughts"): None})
    edited = config.edited(changes)
    return body if edited is config.body else given.edited({name: edited})


def without_reasoning(value: Value) -> bool:
    """Take the thoughts out of a chunk or an answer; signatures on other parts stay. For `hiding`."""
    for candidate in objects(value.get("candidates")):
        content = candidate.get("content")
        if isinstance(content, dict) and isinstance(content.get("parts"), list):
            content["parts"] = [p for p in content["parts"] if not (isinstance(p, dict) and p.get("thought") is True)]
    return True


def _name(given: Members, camel: str) -> str:
    """The spelling of a parameter that a request uses; raises `BadRequest` where it uses both."""
    snake = _SPELLINGS[camel]
    if snake not in given:
        return camel
    if camel in given:
        raise BadRequest(f"'{given.path(camel)}' and '{given.path(snake)}' are one parameter.", given.path(camel))
    return snake


def _inner(given: Members, camel: str, known: dict[str, str]) -> tuple[Members, str]:
    """The members of an object within another, none where it is absent, and the name by which it is called."""
    name = _name(given, camel)
    return members(given.raw(name) or b"{}", known, given.path(name)), name


class _Part(Struct, gc=False, rename="camel"):
    text: str | None = None
    function_call: msgspec.Raw = msgspec.Raw(b"")


class _Content(Struct, gc=False):
    parts: list[_Part] | None = None


class _Candidate(Struct, gc=False, rename="camel"):
    index: int = 0
    content: _Content | None = None
    finish_reason: str | None = None


class _Usage(Struct, gc=False, rename="camel"):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class _Chunk(Struct, gc=False, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    model_version: str | None = None
    response_id: str | None = None


_decode = json.Decoder(_Chunk, strict=False).decode
_decode_list = json.Decoder(list[_Chunk], strict=False).decode


class Answer:
    """One answer as it comes."""

    __slots__ = ("_last", "_open", "events", "input_tokens", "is_over", "output_tokens", "size", "text")

    def __init__(self, asked: Asked) -> None:
        self._open: set[int] = set()
        self._last = _Chunk()
        self.events = self.size = 0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.is_over = False
        self.text: tuple[bytes, str] | None = None  # events are decoded one by one

    def observe(self, data: bytes) -> None:
        """Take in one chunk."""
        self._take(_decode(data))

    def whole(self, body: bytes) -> None:
        """Take in a whole answer, or the list that a stream without events is."""
        for chunk in _decode_list(body) if body.lstrip()[:1] == b"[" else [_decode(body)]:
            self._take(chunk)

    def ending(self) -> bytes:
        """A chunk in which every open candidate ends."""
        done, given = tokens_out(self.events, self.size), self.input_tokens or 0
        usage = {"promptTokenCount": given, "candidatesTokenCount": done, "totalTokenCount": given + done}
        value: Value = {"candidates": [_ended(index) for index in sorted(self._open) or [0]], "usageMetadata": usage}
        if self._last.model_version:
            value["modelVersion"] = self._last.model_version
        if self._last.response_id:
            value["responseId"] = self._last.response_id
        return event(json.encode(value), end=b"\r\n\r\n")

    def _take(self, chunk: _Chunk) -> None:
        self._last = chunk
        for candidate in chunk.candidates or ():
            if candidate.finish_reason is None:
                self._open.add(candidate.index)
            else:
                self._open.discard(candidate.index)
                self.is_over = not self._open
            size = sum(map(_size, candidate.content.parts or ())) if candidate.content is not None else 0
            if size:
                self.events += 1
                self.size += size
        if chunk.usage_metadata is not None:
            self._said(chunk.usage_metadata)

    def _said(self, usage: _Usage) -> None:
        """Each chunk says the counts so far. Thoughts are counted beside the candidates."""
        if usage.prompt_token_count is not None:
            self.input_tokens = usage.prompt_token_count + (usage.tool_use_prompt_token_count or 0)
        counts = [count for count in (usage.candidates_token_count, usage.thoughts_token_count) if count is not None]
        self.output_tokens = sum(counts) if counts else self.output_tokens


def _size(part: _Part) -> int:
    return utf8_size(part.text) if part.text else memoryview(part.function_call).nbytes


def _ended(index: int) -> Value:
    return {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "MAX_TOKENS", "index": index}
