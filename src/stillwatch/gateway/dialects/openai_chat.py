"""OpenAI chat completions, and the servers that speak the same (vLLM, OpenRouter, LiteLLM, Azure).

OpenAI itself shows no reasoning here; `reasoning_content`, `reasoning` and `reasoning_details` are those servers'. A
request can ask vLLM to leave it out (`include_reasoning`), no other. Reasoning that a model writes into its content
between <think> tags is content to this module.

Source: OpenAI API reference, "Create chat completion", "The chat completion chunk object".
"""

from __future__ import annotations

from msgspec import DecodeError, Struct, json

from stillwatch.decision.policy import UNTOUCHED, Reasoning, Treatment
from stillwatch.gateway.dialects.asked import Asked, capped, largest, switch, whole, word
from stillwatch.gateway.dialects.counting import Used
from stillwatch.gateway.dialects.estimate import tokens_in, tokens_out, utf8_size
from stillwatch.gateway.dialects.events import DONE, event
from stillwatch.gateway.dialects.hiding import Value, objects
from stillwatch.gateway.dialects.members import Members, folded, members
from stillwatch.gateway.dialects.shapes import Shapes

_CONTENT = ("messages", "tools", "functions", "response_format", "documents", "chat_template", "prediction")
KNOWN = folded(
    "model", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "min_tokens",
    "logprobs", "top_logprobs", "prompt_logprobs", "reasoning_effort", "reasoning", "include_reasoning",
)  # fmt: skip
_OPTIONS = folded("include_usage")
_LIMITS = ("max_completion_tokens", "max_tokens")
_PROBABILITIES = ("logprobs", "top_logprobs", "prompt_logprobs")
_PARAMETERS = frozenset(KNOWN.values()) - {*_CONTENT, "model", "stream"}
"""All that `asked` looks at and that most requests do not have."""
SIGNS = (b'"reasoning',)


def read(body: bytes, path: str = "") -> Asked:
    """What a request asks for. Raises `BadRequest`."""
    given = members(body, KNOWN)
    if given.has_none_of(_PARAMETERS):
        model, is_stream = word(given, "model"), switch(given, "stream")
        return Asked(model, is_stream, input_tokens=tokens_in(given, _CONTENT))
    effort = given.raw("reasoning_effort")
    return Asked(
        word(given, "model"),
        switch(given, "stream"),
        largest(*[whole(given, name) for name in _LIMITS]),
        max(whole(given, "n") or 1, 1),
        any(given.raw(name) not in (b"", b"false", b"0") for name in _PROBABILITIES),
        bool(effort and effort != b'"none"') or bool(given.raw("reasoning")),
        wants_usage(given),
        tokens_in(given, _CONTENT),
    )


asked = Shapes("messages", _CONTENT, KNOWN, read).asked
"""The same, sooner for a body of a shape that was read before."""


def wants_usage(given: Members) -> bool:
    """Whether a stream is to end with a chunk of usage."""
    options = given.raw("stream_options")
    return bool(options) and switch(members(options, _OPTIONS, "stream_options"), "include_usage")


def treated(body: bytes, treatment: Treatment) -> bytes:
    """The body as `treatment` wants it; the same object for `UNTOUCHED`. Raises `BadRequest`."""
    if treatment is UNTOUCHED:
        return body
    given = members(body, KNOWN)
    changes: dict[str, bytes | None] = {}
    if not treatment.logprobs:
        changes |= dict.fromkeys(_PROBABILITIES)
    if treatment.most_choices is not None:
        changes["n"] = capped(given, "n", treatment.most_choices)
    if treatment.most_output_tokens is not None:
        changes |= output_caps(given, _LIMITS, treatment.most_output_tokens)
    if treatment.reasoning is Reasoning.HIDE and "include_reasoning" in given:
        changes["include_reasoning"] = b"false"
    return given.edited(changes)


def output_caps(given: Members, names: tuple[str, ...], most: int) -> dict[str, bytes | None]:
    """Each limit that is given, capped; the first of `names` where none is. `min_tokens` may not exceed them."""
    changes = {name: capped(given, name, most) for name in (*names, "min_tokens")}
    if not any(changes[name] for name in names):
        changes[names[0]] = str(most).encode()
    return changes


def without_reasoning(value: Value) -> bool:
    """Take the reasoning out of a chunk or a completion; for `hiding`."""
    for choice in objects(value.get("choices")):
        for part in (choice.get("delta"), choice.get("message")):
            if isinstance(part, dict):
                for name in [name for name in part if name.startswith("reasoning")]:
                    del part[name]
    return True


class _Function(Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct, gc=False):
    function: _Function | None = None


class _Delta(Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None


class _Choice(Struct, gc=False):
    index: int = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    text: str | None = None  # of the older completions
    finish_reason: str | None = None


class _Usage(Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Chunk(Struct, gc=False):
    id: str = ""
    created: int = 0
    model: str = ""
    choices: list[_Choice] = []
    usage: _Usage | None = None


class _Ending(Struct, gc=False):
    usage: _Usage | None = None


_decode = json.Decoder(_Chunk, strict=False).decode
_decode_ending = json.Decoder(_Ending, strict=False).decode


def said(body: bytes) -> Used | None:
    """What a whole completion says it cost; None where its text has to be counted."""
    try:
        usage = _decode_ending(body).usage
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if usage is None or not usage.completion_tokens:
        return None
    return Used(usage.prompt_tokens, usage.completion_tokens, is_said=True)


class Answer:
    """One chat completion as it comes; also of the older completions and of vectors, whose frame is the same."""

    __slots__ = (
        "_asked", "_first", "_kind", "_open", "events", "input_tokens", "is_over", "output_tokens", "size", "text",
    )  # fmt: skip

    def __init__(self, asked: Asked, kind: str = "chat.completion.chunk") -> None:
        self._asked = asked
        self._kind = kind
        self._first: _Chunk | None = None
        self._open: set[int] = set()
        self.events = self.size = 0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.is_over = False
        self.text: tuple[bytes, str] | None = None

    def observe(self, data: bytes) -> None:
        """Take in one chunk."""
        chunk = _decode(data)
        self.text = _only_text(chunk)
        if self._first is None:
            self._first = chunk
        for choice in chunk.choices:
            if choice.finish_reason is None:
                self._open.add(choice.index)
            else:
                self._open.discard(choice.index)
            self._count(_size(choice))
        if chunk.usage is not None:
            self._said(chunk.usage)

    def whole(self, body: bytes) -> None:
        """Take in a whole completion."""
        answer = _decode(body)
        for choice in answer.choices:
            self._count(_size(choice))
        if answer.usage is not None:
            self._said(answer.usage)

    def ending(self) -> bytes:
        """A last chunk for each open choice, usage if it was asked for, and the closing mark."""
        chunks = [self._chunk([self._last(index)]) for index in sorted(self._open) or [0]]
        if self._asked.wants_usage:
            done = tokens_out(self.events, self.size)
            told = self._asked.input_tokens
            usage = {"prompt_tokens": told, "completion_tokens": done, "total_tokens": told + done}
            chunks.append(self._chunk([], usage))
        return b"".join(map(event, [*chunks, DONE]))

    def _count(self, size: int) -> None:
        if size:
            self.events += 1
            self.size += size

    def _said(self, usage: _Usage) -> None:
        """Some servers say it with every chunk: the last one counts. A stream is over when all choices are."""
        self.input_tokens = usage.prompt_tokens
        said = usage.completion_tokens
        self.output_tokens = 0 if said is None and not self.events else said  # of vectors nobody says it
        self.is_over = not self._open

    def _last(self, index: int) -> Value:
        body: Value = {"text": ""} if self._kind == "text_completion" else {"delta": {}}
        return {"index": index, **body, "logprobs": None, "finish_reason": "length"}

    def _chunk(self, choices: list[Value], usage: Value | None = None) -> bytes:
        first = self._first or _Chunk(model=self._asked.model)
        value = {"id": first.id, "object": self._kind, "created": first.created, "model": first.model}
        said = {"usage": usage} if self._asked.wants_usage else {}
        return json.encode({**value, "choices": choices, **said})


def _only_text(chunk: _Chunk) -> tuple[bytes, str] | None:
    """The content of a chunk that has nothing else to count."""
    if len(chunk.choices) != 1 or chunk.usage is not None:
        return None
    choice = chunk.choices[0]
    delta = choice.delta
    if delta is None or not delta.content or choice.finish_reason is not None or choice.message is not None:
        return None
    has_more = delta.reasoning_content or delta.reasoning or delta.refusal or delta.tool_calls or delta.function_call
    return None if has_more else (b"content", delta.content)


def _size(choice: _Choice) -> int:
    delta = choice.delta if choice.delta is not None else choice.message
    if delta is None:
        return utf8_size(choice.text) if choice.text else 0
    content = delta.content
    size = utf8_size(content) if content else 0
    if delta.reasoning_content:
        size += utf8_size(delta.reasoning_content)
    elif delta.reasoning:  # servers that rename the field send both, with one text
        size += utf8_size(delta.reasoning)
    if delta.refusal:
        size += utf8_size(delta.refusal)
    if delta.tool_calls or delta.function_call:
        size += sum(map(_call_size, [c.function for c in delta.tool_calls or ()] + [delta.function_call]))
    return size


def _call_size(function: _Function | None) -> int:
    return 0 if function is None else utf8_size(function.name or "") + utf8_size(function.arguments or "")
