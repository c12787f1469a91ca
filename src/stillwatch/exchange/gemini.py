"""Gemini: generateContent, streamGenerateContent and the two embedding calls, of the Gemini API and Vertex AI.

The model and the wish for a stream stand in the path. JSON of protocol buffers may be written in camelCase or
in snake_case; both are read. A function's result becomes a `tool` message, as in the other formats.

Source: Gemini API reference, "GenerateContentRequest", "GenerateContentResponse", "EmbedContentRequest".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from stillwatch.errors import MalformedRow
from stillwatch.exchange import event_stream
from stillwatch.exchange.answer import Answer
from stillwatch.exchange.answer_format import FREE_TEXT, AnswerFormat, forced_by
from stillwatch.exchange.record import Message, Parameters, Request, Response, Usage
from stillwatch.exchange.request_fields import (
    choices,
    count,
    first_count,
    is_true,
    items_given,
    joined_names,
    number,
    present_names,
    total,
    word,
)
from stillwatch.exchange.tools import NOT_FORCED, Forced, count_tools, forced_shape
from stillwatch.exchange.wire import Body, Count, Number, Untyped, Word, decode, elements, members, raw_bytes, value_of

FINISH_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error",
}
CONFIG_NAMES = frozenset(
    {
        "candidateCount",
        "enableEnhancedCivicAnswers",
        "frequencyPenalty",
        "imageConfig",
        "logprobs",
        "maxOutputTokens",
        "mediaResolution",
        "presencePenalty",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "seed",
        "speechConfig",
        "stopSequences",
        "temperature",
        "thinkingConfig",
        "topK",
        "topP",
    }
)
_MODEL_IN_PATH = re.compile(r"/(?:models|tunedModels|endpoints)/([^/:?]{1,200})")
_SNAKE = re.compile(r"_([a-z])")


class Media(Struct, gc=False, rename="camel"):
    """Inline bytes or a file: only its type is read."""

    mime_type: Word = UNSET


class SnakeMedia(Struct, gc=False):
    """The same in snake_case."""

    mime_type: Word = UNSET


class Part(Struct, gc=False, rename="camel"):
    """One part of a turn; exactly one of its fields is the part's data."""

    text: Word = UNSET
    thought: bool | UnsetType | None = UNSET
    inline_data: Media | UnsetType | None = UNSET
    file_data: Media | UnsetType | None = UNSET
    function_call: Untyped = UNSET
    function_response: Untyped = UNSET
    snake_inline_data: SnakeMedia | UnsetType | None = field(default=UNSET, name="inline_data")
    snake_file_data: SnakeMedia | UnsetType | None = field(default=UNSET, name="file_data")
    snake_function_call: Untyped = field(default=UNSET, name="function_call")
    snake_function_response: Untyped = field(default=UNSET, name="function_response")


class Content(Struct, gc=False):
    """One turn, or the content of a candidate."""

    role: Word = UNSET
    parts: list[str | Part | None] | UnsetType | None = UNSET


Turns = str | list[str | Content | None] | UnsetType | None
Instruction = str | Content | UnsetType | None


class WireRequest(Struct, gc=False, rename="camel"):
    """The request's known fields in both spellings."""

    contents: Turns = UNSET
    content: Content | UnsetType | None = UNSET  # embedContent
    requests: list[EmbedRequest | None] | UnsetType | None = UNSET  # batchEmbedContents
    model: Word = UNSET
    cached_content: Untyped = UNSET
    generation_config: Untyped = UNSET
    labels: Untyped = UNSET
    output_dimensionality: Untyped = UNSET
    safety_settings: Untyped = UNSET
    system_instruction: Instruction = UNSET
    task_type: Untyped = UNSET
    title: Untyped = UNSET
    tool_config: Untyped = UNSET
    tools: Untyped = UNSET
    snake_cached_content: Untyped = field(default=UNSET, name="cached_content")
    snake_generation_config: Untyped = field(default=UNSET, name="generation_config")
    snake_safety_settings: Untyped = field(default=UNSET, name="safety_settings")
    snake_system_instruction: Instruction = field(default=UNSET, name="system_instruction")
    snake_tool_config: Untyped = field(default=UNSET, name="tool_config")


class EmbedRequest(Struct, gc=False):
    """One text of a batch to embed."""

    content: Content | UnsetType | None = UNSET


CONTENT_FIELDS = 4  # contents, content, requests and model come first


def parse_request(path: str, body: Body) -> Request:
    """Read a request; raise `MalformedRow` where it has no contents."""
    wire = decode(WireRequest, body)
    model = word(wire.model).removeprefix("models/") or model_in_path(path)
    if isinstance(wire.contents, str | list):
        messages = (*_instruction(wire), *_turns(wire.contents))
        return Request("chat", model, messages, _parameters(wire, is_stream=":stream" in path))
    embedded = [wire.content, *[r.content for r in _listed(wire.requests) if r is not None]]
    contents = [content for content in embedded if isinstance(content, Content)]
    if not contents:
        raise MalformedRow("body has no contents")
    inputs = tuple([message for c in contents for message in _turn(c, as_role="input")])
    return Request("embedding", model, inputs, Parameters(names=joined_names(present_names(wire, CONTENT_FIELDS))))


def model_in_path(path: str) -> str:
    """The model that a path names, as `.../models/gemini-2.5-flash:generateContent` does."""
    found = _MODEL_IN_PATH.search(path)
    return found[1] if found else ""


def _listed(value: list[EmbedRequest | None] | UnsetType | None) -> list[EmbedRequest | None]:
    return value if isinstance(value, list) else []


def _instruction(wire: WireRequest) -> Iterator[Message]:
    given = wire.system_instruction if wire.system_instruction is not UNSET else wire.snake_system_instruction
    if isinstance(given, str):
        yield Message("system", given)
    elif isinstance(given, Content):
        yield from _turn(given, as_role="system")


def _turns(contents: str | list[str | Content | None]) -> Iterator[Message]:
    if isinstance(contents, str):
        yield Message("user", contents)
        return
    for turn in contents:
        if isinstance(turn, str):
            yield Message("user", turn)
        elif turn is not None:
            yield from _turn(turn)


def _turn(turn: Content, as_role: str = "") -> Iterator[Message]:
    """The turn's function results as tool messages, then what is left of it."""
    role = as_role or ("assistant" if turn.role == "model" else "user")
    texts: list[str] = []
    images = others = calls = results = 0
    for part in turn.parts if isinstance(turn.parts, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif part is None:
            others += 1
        elif part.thought is True:
            continue
        elif isinstance(part.text, str):
            texts.append(part.text)
        elif part.function_response is not UNSET or part.snake_function_response is not UNSET:
            results += 1
            yield Message("tool", _result_text(part))
        elif part.function_call is not UNSET or part.snake_function_call is not UNSET:
            calls += 1
        elif _is_image(part):
            images += 1
        else:
            others += 1
    if texts or images or others or calls or not results:
        yield Message(role, "\n".join(texts), images, others, calls)


def _result_text(part: Part) -> str:
    """A function's result is an object; its JSON stands for its text."""
    given = part.function_response if part.function_response is not UNSET else part.snake_function_response
    return raw_bytes(members(given).get("response")).decode(errors="replace")


def _is_image(part: Part) -> bool:
    for media in (part.inline_data, part.file_data, part.snake_inline_data, part.snake_file_data):
        if isinstance(media, Media | SnakeMedia) and word(media.mime_type).startswith("image/"):
            return True
    return False


def _parameters(wire: WireRequest, is_stream: bool) -> Parameters:
    config = _camel_members(_either(wire.generation_config, wire.snake_generation_config))
    tools = raw_bytes(wire.tools)
    forced = _forced(_either(wire.tool_config, wire.snake_tool_config), tools)
    form = _format(config)
    top_logprobs = max(count(value_of(Count, config.get("logprobs"))), 0)
    names = [name for name in config if name in CONFIG_NAMES]
    return Parameters(
        names=joined_names(present_names(wire, CONTENT_FIELDS), names),
        temperature=number(value_of(Number, config.get("temperature"))),
        top_p=number(value_of(Number, config.get("topP"))),
        max_tokens=count(value_of(Count, config.get("maxOutputTokens"))),
        n=choices(value_of(Count, config.get("candidateCount"))),
        stream=is_stream,
        logprobs=is_true(config.get("responseLogprobs")) or top_logprobs > 0,
        top_logprobs=top_logprobs,
        stop=items_given(config.get("stopSequences")),
        seed=raw_bytes(config.get("seed")) != b"",
        reasoning=_asks_for_reasoning(_camel_members(config.get("thinkingConfig"))),
        tools=count_tools(tools),
        tool_forced=forced.is_forced,
        answer_format=form.kind,
        open_fields=forced.shape.open_fields + form.shape.open_fields,
        closed_fields=forced.shape.closed_fields + form.shape.closed_fields,
    )


def _format(config: dict[str, Raw]) -> AnswerFormat:
    schema = raw_bytes(config.get("responseSchema")) or raw_bytes(config.get("responseJsonSchema"))
    if schema:
        return forced_by(schema)
    mime = raw_bytes(config.get("responseMimeType"))
    return AnswerFormat("json") if mime in (b'"application/json"', b'"text/x.enum"') else FREE_TEXT


def _forced(tool_config: Raw | UnsetType, tools: bytes) -> Forced:
    calling = _camel_members(_camel_members(tool_config).get("functionCallingConfig"))
    if raw_bytes(calling.get("mode")).upper() != b'"ANY"':
        return NOT_FORCED
    allowed = value_of(list[str | None], calling.get("allowedFunctionNames")) or []
    return Forced(True, forced_shape(tools, allowed[0] if len(allowed) == 1 else None))


def _asks_for_reasoning(thinking: dict[str, Raw]) -> bool:
    """A budget that is not 0 (-1 lets the model choose), a level, or the wish to see thoughts."""
    budget = raw_bytes(thinking.get("thinkingBudget"))
    return (
        budget not in (b"", b"0") or is_true(thinking.get("thinkingLevel")) or is_true(thinking.get("includeThoughts"))
    )


def _either(camel: Raw | UnsetType, snake: Raw | UnsetType) -> Raw | UnsetType:
    return camel if camel is not UNSET else snake


def _camel_members(given: Raw | UnsetType | None) -> dict[str, Raw]:
    return {_camel(name): value for name, value in members(given).items()}


def _camel(name: str) -> str:
    return _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name


class Candidate(Struct, gc=False, rename="camel"):
    """One answer, or its next piece."""

    index: Count = UNSET
    content: Content | UnsetType | None = UNSET
    finish_reason: Word = UNSET


class UsageMetadata(Struct, gc=False, rename="camel"):
    """Token counts so far. Thoughts are counted beside the candidates, not within."""

    prompt_token_count: Count = UNSET
    tool_use_prompt_token_count: Count = UNSET
    candidates_token_count: Count = UNSET
    thoughts_token_count: Count = UNSET


class PromptFeedback(Struct, gc=False, rename="camel"):
    """Why a prompt was refused before any answer."""

    block_reason: Word = UNSET


class WireResponse(Struct, gc=False, rename="camel"):
    """A whole response or one chunk."""

    candidates: list[Candidate | None] | UnsetType | None = UNSET
    usage_metadata: UsageMetadata | UnsetType | None = UNSET
    prompt_feedback: PromptFeedback | UnsetType | None = UNSET
    error: Untyped = UNSET
    embedding: Untyped = UNSET
    embeddings: Untyped = UNSET


class Assembler(event_stream.Assembler):
    """Puts an answer together, from one whole response or from chunks in order."""

    def __init__(self) -> None:
        self._answer = Answer()
        self._vectors = 0
        self._calls = 0

    def observe(self, data: Body) -> None:
        """Take in one response or chunk; raise `MalformedRow` where it is not a JSON object."""
        wire = decode(WireResponse, data, "response")
        if isinstance(wire.usage_metadata, UsageMetadata):
            self._answer.usage = _usage(wire.usage_metadata)
        if isinstance(wire.prompt_feedback, PromptFeedback) and word(wire.prompt_feedback.block_reason):
            self._answer.choice(0).finish("content_filter")
        if raw_bytes(wire.error):
            self._answer.fail()
        self._vectors += len(elements(wire.embeddings)) + (raw_bytes(wire.embedding) != b"")
        for position, candidate in enumerate(wire.candidates if isinstance(wire.candidates, list) else ()):
            if candidate is not None:
                self._observe_candidate(position, candidate)

    def close(self) -> None:
        """The stream's closing mark was seen."""
        self._answer.is_closed = True

    def response(self, is_whole: bool = False) -> Response:
        """What has been put together so far."""
        response = self._answer.response(is_whole)
        return msgspec.structs.replace(response, choices=self._vectors) if self._vectors else response

    def _observe_candidate(self, position: int, candidate: Candidate) -> None:
        choice = self._answer.choice(max(first_count(candidate.index, position), 0))
        parts = candidate.content.parts if isinstance(candidate.content, Content) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, Part):
                (choice.add_reasoning if part.thought is True else choice.add_text)(word(part.text))
                if part.function_call is not UNSET:
                    self._calls += 1
                    choice.note_call(self._calls)
        if isinstance(candidate.finish_reason, str):
            choice.finish(_finish_reason(candidate.finish_reason, bool(choice.calls)))


def _finish_reason(reason: str, has_calls: bool) -> str:
    """Gemini says STOP after a function call too."""
    return "tool_calls" if reason == "STOP" and has_calls else FINISH_REASONS.get(reason, reason.lower())


def _usage(wire: UsageMetadata) -> Usage:
    return Usage(
        total(wire.prompt_token_count, wire.tool_use_prompt_token_count),
        total(wire.candidates_token_count, wire.thoughts_token_count),
        count(wire.thoughts_token_count),
    )
