"""OpenAI Chat Completions, as OpenAI, Azure, vLLM, LiteLLM, OpenRouter and many others speak it.

A whole response and each chunk of a stream have one shape here, `message` beside `delta`, so one assembler
reads both. Fields of compatible servers (vLLM's guided decoding, OpenRouter's `reasoning`) are read as well.

Source: OpenAI API reference, "Create chat completion" and "The chat completion chunk object".
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange import event_stream
from stillwatch.exchange.answer import NO_USAGE, Answer, Choice
from stillwatch.exchange.answer_format import AnswerFormat, answer_format, forced_by
from stillwatch.exchange.parameter_memo import ParameterMemo
from stillwatch.exchange.record import UNKNOWN, Message, Parameters, Request, Response, Usage
from stillwatch.exchange.request_fields import (
    choices,
    count,
    first_count,
    is_true,
    items_given,
    joined_names,
    number,
    present_names,
    word,
)
from stillwatch.exchange.tools import NOT_FORCED, Forced, count_tools, forced_tool
from stillwatch.exchange.wire import Body, Count, Number, Switch, Untyped, Word, decode, elements, members, raw_bytes

ROLES = {"system": "system", "developer": "system", "assistant": "assistant", "tool": "tool", "function": "tool"}
IMAGE_PARTS = frozenset({"image_url", "input_image", "image"})
FINISH_REASONS = {"function_call": "tool_calls", "max_tokens": "length", "eos": "stop", "end_turn": "stop"}


class Part(Struct, gc=False):
    """One part of a message's content."""

    type: Word = UNSET
    text: Word = UNSET
    refusal: Word = UNSET


class WireMessage(Struct, gc=False):
    """One turn of a request, the message of a response or the delta of a chunk."""

    role: Word = UNSET
    content: str | list[str | Part | None] | UnsetType | None = UNSET
    reasoning_content: Word = UNSET  # DeepSeek, vLLM, LiteLLM
    reasoning: Word = UNSET  # OpenRouter, newer vLLM
    refusal: Word = UNSET
    tool_calls: Untyped = UNSET
    function_call: Untyped = UNSET


class WireRequest(Struct, gc=False):
    """The request's known fields. Those whose value says nothing here are kept raw, for their presence."""

    messages: list[WireMessage | None] | UnsetType | None = UNSET
    model: Word = UNSET
    metadata: Untyped = UNSET
    prediction: Untyped = UNSET
    prompt_cache_key: Untyped = UNSET
    safety_identifier: Untyped = UNSET
    seed: Untyped = UNSET
    user: Untyped = UNSET
    audio: Untyped = UNSET
    best_of: Untyped = UNSET
    chat_template_kwargs: Untyped = UNSET
    enable_thinking: Untyped = UNSET
    extra_body: Untyped = UNSET
    frequency_penalty: Untyped = UNSET
    function_call: Untyped = UNSET
    functions: Untyped = UNSET
    guided_choice: Untyped = UNSET
    guided_json: Untyped = UNSET
    guided_regex: Untyped = UNSET
    ignore_eos: Untyped = UNSET
    logit_bias: Untyped = UNSET
    logprobs: Untyped = UNSET
    max_completion_tokens: Count = UNSET
    max_tokens: Count = UNSET
    min_p: Untyped = UNSET
    min_tokens: Untyped = UNSET
    modalities: Untyped = UNSET
    n: Count = UNSET
    parallel_tool_calls: Untyped = UNSET
    presence_penalty: Untyped = UNSET
    prompt_logprobs: Untyped = UNSET
    provider: Untyped = UNSET
    reasoning: Untyped = UNSET
    reasoning_effort: Word = UNSET
    repetition_penalty: Untyped = UNSET
    response_format: Untyped = UNSET
    service_tier: Untyped = UNSET
    skip_special_tokens: Untyped = UNSET
    stop: Untyped = UNSET
    stop_token_ids: Untyped = UNSET
    store: Untyped = UNSET
    stream: Switch = UNSET
    stream_options: Untyped = UNSET
    structured_outputs: Untyped = UNSET
    temperature: Number = UNSET
    thinking: Untyped = UNSET
    tool_choice: Untyped = UNSET
    tools: Untyped = UNSET
    top_k: Untyped = UNSET
    top_logprobs: Count = UNSET
    top_p: Number = UNSET
    verbosity: Untyped = UNSET
    web_search_options: Untyped = UNSET


CONTENT_FIELDS = 2  # messages and model come first
VARYING_FIELDS = 6  # metadata to user: their values differ from request to request and say nothing here


def parse_request(body: Body) -> Request:
    """Read a request; raise `MalformedRow` where there is no list of messages."""
    return request_from(decode(WireRequest, body))


def request_from(wire: WireRequest) -> Request:
    """The record that a decoded request stands for."""
    if not isinstance(wire.messages, list):
        raise MalformedRow("body has no list of messages")
    return Request(
        operation="chat",
        model=word(wire.model),
        messages=tuple([_message(m) for m in wire.messages if m is not None]),
        parameters=_MEMO.parameters(wire),
    )


def _message(wire: WireMessage) -> Message:
    role = ROLES.get(wire.role, "user") if isinstance(wire.role, str) else "user"
    content = wire.content
    text, images, others = (content, 0, 0) if isinstance(content, str) else content_parts(content)
    calls = 0
    if wire.tool_calls is not UNSET or wire.function_call is not UNSET:
        calls = items_given(wire.tool_calls) + (raw_bytes(wire.function_call)[:1] == b"{")
    return Message(role, text, images, others, calls)


def content_parts(content: str | list[str | Part | None] | UnsetType | None) -> tuple[str, int, int]:
    """Joined text, number of images and number of other parts of a message's content."""
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), 0, 0
    texts: list[str] = []
    images = others = 0
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif part is None:
            others += 1
        elif part.type in IMAGE_PARTS:
            images += 1
        elif isinstance(part.text, str) or isinstance(part.refusal, str):
            texts.append(word(part.text) or word(part.refusal))
        else:
            others += 1
    return "\n".join(texts), images, others


def _parameters(wire: WireRequest) -> Parameters:
    forced = _forced_tool(wire)
    form = _format(wire)
    return Parameters(
        names=joined_names(present_names(wire, CONTENT_FIELDS)),
        temperature=number(wire.temperature),
        top_p=number(wire.top_p),
        max_tokens=first_count(wire.max_completion_tokens, wire.max_tokens),
        n=choices(wire.n),
        stream=wire.stream is True,
        logprobs=is_true(wire.logprobs),
        top_logprobs=max(count(wire.top_logprobs), 0),
        logit_bias=items_given(wire.logit_bias),
        stop=items_given(wire.stop),
        seed=raw_bytes(wire.seed) != b"",
        reasoning=_asks_for_reasoning(wire),
        tools=_tools_offered(wire),
        tool_forced=forced.is_forced,
        answer_format=form.kind,
        open_fields=forced.shape.open_fields + form.shape.open_fields,
        closed_fields=forced.shape.closed_fields + form.shape.closed_fields,
    )


_MEMO = ParameterMemo(WireRequest, _parameters, CONTENT_FIELDS, VARYING_FIELDS)


def _tools_offered(wire: WireRequest) -> int:
    if wire.tools is UNSET and wire.functions is UNSET:
        return 0
    return count_tools(raw_bytes(wire.tools)) + count_tools(raw_bytes(wire.functions))


def _forced_tool(wire: WireRequest) -> Forced:
    if wire.tool_choice is UNSET and wire.function_call is UNSET:
        return NOT_FORCED
    choice = wire.tool_choice if wire.tool_choice is not UNSET else wire.function_call
    return forced_tool(choice, raw_bytes(wire.tools) or raw_bytes(wire.functions))


def _format(wire: WireRequest) -> AnswerFormat:
    if wire.guided_json is not UNSET:
        return forced_by(raw_bytes(wire.guided_json))
    if wire.structured_outputs is not UNSET:
        schema = members(wire.structured_outputs).get("json")
        if schema is not None:
            return forced_by(raw_bytes(schema))
    return answer_format(wire.response_format)


def _asks_for_reasoning(wire: WireRequest) -> bool:
    if isinstance(wire.reasoning_effort, str) and wire.reasoning_effort != "none":
        return True
    if wire.reasoning is not UNSET and is_true(wire.reasoning):
        return raw_bytes(members(wire.reasoning).get("enabled")) != b"false"
    if wire.thinking is not UNSET and is_true(wire.thinking):
        return raw_bytes(members(wire.thinking).get("type")) != b'"disabled"'
    if wire.chat_template_kwargs is not UNSET:
        template = members(wire.chat_template_kwargs)
        return b"true" in (raw_bytes(template.get("enable_thinking")), raw_bytes(template.get("thinking")))
    return is_true(wire.enable_thinking)


class WireChoice(Struct, gc=False):
    """One choice of a response or of a chunk; `text` is the completions endpoint's."""

    index: Count = UNSET
    message: WireMessage | UnsetType | None = UNSET
    delta: WireMessage | UnsetType | None = UNSET
    text: Word = UNSET
    finish_reason: Word = UNSET


class TokenDetails(Struct, gc=False):
    reasoning_tokens: Count = UNSET


class WireUsage(Struct, gc=False):
    """Token counts; output tokens include the reasoning tokens."""

    prompt_tokens: Count = UNSET
    completion_tokens: Count = UNSET
    completion_tokens_details: TokenDetails | UnsetType | None = UNSET


class WireResponse(Struct, gc=False):
    """A whole response or one chunk."""

    choices: list[WireChoice | None] | UnsetType | None = UNSET
    usage: WireUsage | UnsetType | None = UNSET
    error: Untyped = UNSET


class Assembler(event_stream.Assembler):
    """Puts a chat or completions answer together, from one whole response or from chunks in order."""

    def __init__(self) -> None:
        self._answer = Answer()

    def observe(self, data: Body) -> None:
        """Take in one response or chunk; raise `MalformedRow` where it is not a JSON object."""
        self._observe(decode(WireResponse, data, "response"))

    def whole(self, data: Body) -> Response:
        """As the protocol has it, with a way of its own for the usual response: one choice, nothing but text."""
        wire = decode(WireResponse, data, "response")
        plain = _plain_response(wire)
        if plain is not None:
            return plain
        self._observe(wire)
        return self.response(is_whole=True)

    def _observe(self, wire: WireResponse) -> None:
        if isinstance(wire.usage, WireUsage):
            self._answer.usage = usage_from(wire.usage)
        if wire.error is not UNSET and raw_bytes(wire.error):
            self._answer.fail()
        for position, choice in enumerate(wire.choices if isinstance(wire.choices, list) else ()):
            if choice is not None:
                self._observe_choice(position, choice)

    def close(self) -> None:
        """The stream's closing mark was seen."""
        self._answer.is_closed = True

    def response(self, is_whole: bool = False) -> Response:
        """What has been put together so far."""
        return self._answer.response(is_whole)

    def _observe_choice(self, position: int, choice: WireChoice) -> None:
        index = count(choice.index)
        part = self._answer.choice(position if index == UNKNOWN else index)
        if choice.text is not UNSET:
            part.add_text(word(choice.text))
        for message in (choice.message, choice.delta):
            if isinstance(message, WireMessage):
                _take_in(part, message)
        if isinstance(choice.finish_reason, str):
            part.finish(FINISH_REASONS.get(choice.finish_reason, choice.finish_reason))


def _plain_response(wire: WireResponse) -> Response | None:
    """What assembling a response of one choice that is only text would give, without the assembling; else None."""
    if wire.error is not UNSET or not isinstance(wire.choices, list) or len(wire.choices) != 1:
        return None
    choice = wire.choices[0]
    if choice is None or choice.text is not UNSET or choice.delta is not UNSET:
        return None
    message = choice.message
    if not isinstance(message, WireMessage) or message.refusal or not isinstance(message.content, str):
        return None
    if message.tool_calls is not UNSET or message.function_call is not UNSET:
        return None
    reason = choice.finish_reason
    return Response(
        text=message.content,
        reasoning=word(message.reasoning_content) or word(message.reasoning),
        choices=1,
        finish_reason=FINISH_REASONS.get(reason, reason) if isinstance(reason, str) else "",
        usage=usage_from(wire.usage) if isinstance(wire.usage, WireUsage) else NO_USAGE,
    )


def usage_from(wire: WireUsage) -> Usage:
    """Token counts as this family of providers reports them."""
    details = wire.completion_tokens_details
    return Usage(
        count(wire.prompt_tokens),
        count(wire.completion_tokens),
        count(details.reasoning_tokens) if isinstance(details, TokenDetails) else UNKNOWN,
    )


def _take_in(part: Choice, message: WireMessage) -> None:
    content = message.content
    part.add_text(content if isinstance(content, str) else content_parts(content)[0])
    part.add_reasoning(word(message.reasoning_content) or word(message.reasoning))
    if isinstance(message.refusal, str) and message.refusal:
        part.add_text(message.refusal)
        part.finish("content_filter")
    if message.tool_calls is not UNSET:
        for position, call in enumerate(elements(message.tool_calls)):
            index = raw_bytes(members(call).get("index"))
            part.note_call(index or str(position).encode())
    if message.function_call is not UNSET and raw_bytes(message.function_call)[:1] == b"{":
        part.note_call("function_call")
