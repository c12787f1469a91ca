"""OpenAI Responses: input items in place of messages, output items in place of choices.

The closing event of a stream repeats the whole response, which then stands; a stream that broke off is put
together from its deltas.

Source: OpenAI API reference, "Create a model response" and "Streaming events".
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange import event_stream
from stillwatch.exchange.answer import Answer
from stillwatch.exchange.answer_format import answer_format
from stillwatch.exchange.openai_chat import ROLES, Part, content_parts
from stillwatch.exchange.record import UNKNOWN, Message, Parameters, Request, Response, Usage
from stillwatch.exchange.request_fields import (
    count,
    is_true,
    joined_names,
    number,
    present_names,
    word,
)
from stillwatch.exchange.tools import count_tools, forced_tool
from stillwatch.exchange.wire import Body, Count, Number, Switch, Untyped, Word, decode, members, raw_bytes

FINISH_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}


class Item(Struct, gc=False):
    """One input item: a message, a tool call, a tool's output or a reasoning item."""

    type: Word = UNSET
    role: Word = UNSET
    content: str | list[str | Part | None] | UnsetType | None = UNSET
    output: str | list[str | Part | None] | UnsetType | None = UNSET


class WireRequest(Struct, gc=False):
    """The request's known fields."""

    input: str | list[str | Item | None] | UnsetType | None = UNSET
    model: Word = UNSET
    background: Untyped = UNSET
    conversation: Untyped = UNSET
    include: Untyped = UNSET
    instructions: Word = UNSET
    max_output_tokens: Count = UNSET
    max_tool_calls: Untyped = UNSET
    metadata: Untyped = UNSET
    parallel_tool_calls: Untyped = UNSET
    previous_response_id: Untyped = UNSET
    prompt: Untyped = UNSET
    prompt_cache_key: Untyped = UNSET
    prompt_cache_retention: Untyped = UNSET
    reasoning: Untyped = UNSET
    safety_identifier: Untyped = UNSET
    service_tier: Untyped = UNSET
    store: Untyped = UNSET
    stream: Switch = UNSET
    stream_options: Untyped = UNSET
    temperature: Number = UNSET
    text: Untyped = UNSET
    tool_choice: Untyped = UNSET
    tools: Untyped = UNSET
    top_logprobs: Count = UNSET
    top_p: Number = UNSET
    truncation: Untyped = UNSET
    user: Untyped = UNSET


CONTENT_FIELDS = 2  # input and model come first


def parse_request(body: Body) -> Request:
    """Read a request; raise `MalformedRow` where it has neither input nor instructions nor a stored prompt."""
    wire = decode(WireRequest, body)
    if not isinstance(wire.input, str | list) and not isinstance(wire.instructions, str) and not raw_bytes(wire.prompt):
        raise MalformedRow("body has no input")
    return Request("chat", word(wire.model), tuple(_messages(wire)), _parameters(wire))


def _messages(wire: WireRequest) -> Iterator[Message]:
    if isinstance(wire.instructions, str):
        yield Message("system", wire.instructions)
    if isinstance(wire.input, str):
        yield Message("user", wire.input)
    elif isinstance(wire.input, list):
        for item in wire.input:
            if isinstance(item, str):
                yield Message("user", item)
            elif item is not None and item.type not in ("reasoning", "item_reference", "compaction"):
                yield _message(item)


def _message(item: Item) -> Message:
    kind = word(item.type)
    if kind.endswith("_output"):
        text, images, others = content_parts(item.output)
        return Message("tool", text, images, others)
    if kind.endswith("_call"):
        return Message("assistant", "", tool_calls=1)
    text, images, others = content_parts(item.content)
    return Message(ROLES.get(word(item.role), "user"), text, images, others)


def _parameters(wire: WireRequest) -> Parameters:
    tools = raw_bytes(wire.tools)
    forced = forced_tool(wire.tool_choice, tools)
    form = answer_format(members(wire.text).get("format"))
    return Parameters(
        names=joined_names(present_names(wire, CONTENT_FIELDS)),
        temperature=number(wire.temperature),
        top_p=number(wire.top_p),
        max_tokens=count(wire.max_output_tokens),
        stream=wire.stream is True,
        logprobs=count(wire.top_logprobs) > 0 or b"output_text.logprobs" in raw_bytes(wire.include),
        top_logprobs=max(count(wire.top_logprobs), 0),
        reasoning=_asks_for_reasoning(wire.reasoning),
        tools=count_tools(tools),
        tool_forced=forced.is_forced,
        answer_format=form.kind,
        open_fields=forced.shape.open_fields + form.shape.open_fields,
        closed_fields=forced.shape.closed_fields + form.shape.closed_fields,
    )


def _asks_for_reasoning(given: Raw | UnsetType) -> bool:
    return is_true(given) and raw_bytes(members(given).get("effort")) != b'"none"'


class OutputItem(Struct, gc=False):
    """One item of the output: a message, reasoning or a tool call."""

    type: Word = UNSET
    content: list[Part | None] | UnsetType | None = UNSET
    summary: list[Part | None] | UnsetType | None = UNSET


class IncompleteDetails(Struct, gc=False):
    """Why a response was cut."""

    reason: Word = UNSET


class TokenDetails(Struct, gc=False):
    """The part of the output tokens that was reasoning."""

    reasoning_tokens: Count = UNSET


class WireUsage(Struct, gc=False):
    """Token counts; output tokens include the reasoning tokens."""

    input_tokens: Count = UNSET
    output_tokens: Count = UNSET
    output_tokens_details: TokenDetails | UnsetType | None = UNSET


class WireResponse(Struct, gc=False):
    """The response object, whole or as it stands within an event."""

    status: Word = UNSET
    output: list[OutputItem | None] | UnsetType | None = UNSET
    incomplete_details: IncompleteDetails | UnsetType | None = UNSET
    usage: WireUsage | UnsetType | None = UNSET
    error: Untyped = UNSET


class WireEvent(WireResponse, gc=False):
    """A stream event; a whole response has the same fields without `type` and `response`."""

    type: Word = UNSET
    output_index: Count = UNSET
    content_index: Count = UNSET
    summary_index: Count = UNSET
    delta: Word = UNSET
    item: OutputItem | UnsetType | None = UNSET
    response: WireResponse | UnsetType | None = UNSET


Place = tuple[int, int]
"""Output index, and content or summary index within that item."""


class Assembler(event_stream.Assembler):
    """Puts a response together, from one whole object or from events in order."""

    def __init__(self) -> None:
        self._answer = Answer()
        self._texts: dict[Place, list[str]] = {}
        self._reasonings: dict[Place, list[str]] = {}
        self._calls: set[int] = set()
        self._has_begun = False

    def observe(self, data: Body) -> None:
        """Take in one event or one whole response; raise `MalformedRow` where it is not a JSON object."""
        event = decode(WireEvent, data, "response")
        if isinstance(event.response, WireResponse):
            self._observe_response(event.response)
        elif event.output is not UNSET or event.status is not UNSET or raw_bytes(event.error):
            self._observe_response(event)
        elif event.type == "error":
            self._answer.fail()
        else:
            self._observe_event(event)

    def close(self) -> None:
        """The stream's closing mark was seen."""
        self._answer.is_closed = True

    def response(self, is_whole: bool = False) -> Response:
        """What has been put together so far."""
        if self._has_begun:
            self._answer.choice(0)
        return msgspec.structs.replace(
            self._answer.response(is_whole),
            text=_joined(self._texts),
            reasoning=_joined(self._reasonings),
            tool_calls=len(self._calls),
        )

    def _observe_event(self, event: WireEvent) -> None:
        kind = word(event.type)
        index = max(count(event.output_index), 0)
        self._has_begun = True
        if isinstance(event.item, OutputItem):
            self._note_call(index, event.item)
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            self._texts.setdefault((index, count(event.content_index)), []).append(word(event.delta))
            if kind == "response.refusal.delta":
                self._answer.choice(0).finish("content_filter")
        elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            place = (index, max(count(event.summary_index), count(event.content_index)))
            self._reasonings.setdefault(place, []).append(word(event.delta))

    def _observe_response(self, response: WireResponse) -> None:
        """A response object stands for everything that came before it, as far as it has an output."""
        self._has_begun = True
        if isinstance(response.usage, WireUsage):
            self._answer.usage = _usage(response.usage)
        output = response.output if isinstance(response.output, list) else []
        if output:
            self._texts.clear()
            self._reasonings.clear()
        for index, item in enumerate(output):
            if item is not None:
                self._observe_item(index, item)
        self._finish(response)

    def _observe_item(self, index: int, item: OutputItem) -> None:
        self._note_call(index, item)
        kept = self._reasonings if item.type == "reasoning" else self._texts
        for position, part in enumerate(item.content if isinstance(item.content, list) else ()):
            if part is not None:
                kept[index, position] = [word(part.text) or word(part.refusal)]
                if word(part.refusal):
                    self._answer.choice(0).finish("content_filter")
        for position, part in enumerate(item.summary if isinstance(item.summary, list) else ()):
            if part is not None:
                self._reasonings[index, position] = [word(part.text)]

    def _note_call(self, index: int, item: OutputItem) -> None:
        if word(item.type).endswith("_call"):
            self._calls.add(index)

    def _finish(self, response: WireResponse) -> None:
        status = word(response.status)
        if raw_bytes(response.error) or status == "failed":
            self._answer.fail()
        elif status == "completed":
            self._answer.choice(0).finish("tool_calls" if self._calls else "stop")
        elif status in ("incomplete", "cancelled"):
            details = response.incomplete_details
            reason = word(details.reason) if isinstance(details, IncompleteDetails) else status
            self._answer.choice(0).finish(FINISH_REASONS.get(reason, reason))


def _usage(wire: WireUsage) -> Usage:
    details = wire.output_tokens_details
    return Usage(
        count(wire.input_tokens),
        count(wire.output_tokens),
        count(details.reasoning_tokens) if isinstance(details, TokenDetails) else UNKNOWN,
    )


def _joined(pieces: dict[Place, list[str]]) -> str:
    return "\n".join(["".join(pieces[place]) for place in sorted(pieces)])
