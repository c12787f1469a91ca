"""Anthropic Messages, directly or as Bedrock and Vertex carry them.

A user turn may hold tool results beside text. Each result becomes a `tool` message, as in the other formats,
and what is left of the turn stays a `user` message. Thinking blocks of earlier turns are not part of the text.

Source: Anthropic API reference, "Messages" and "Streaming messages".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, Raw, Struct, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange import event_stream
from stillwatch.exchange.answer import Answer, Choice
from stillwatch.exchange.answer_format import answer_format
from stillwatch.exchange.parameter_memo import ParameterMemo
from stillwatch.exchange.record import UNKNOWN, Message, Parameters, Request, Response, Usage
from stillwatch.exchange.request_fields import (
    count,
    is_true,
    items_given,
    joined_names,
    number,
    present_names,
    total,
    word,
)
from stillwatch.exchange.tools import count_tools, forced_tool
from stillwatch.exchange.wire import Body, Count, Number, Switch, Untyped, Word, decode, members, raw_bytes

ROLES = {"assistant": "assistant", "system": "system"}
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
THINKING = frozenset({"thinking", "redacted_thinking"})
CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


class PlainBlock(Struct, gc=False):
    """One content block of a tool result, which holds no further ones."""

    type: Word = UNSET
    text: Word = UNSET


class Block(Struct, gc=False):
    """One content block of a turn."""

    type: Word = UNSET
    text: Word = UNSET
    content: str | list[str | PlainBlock | None] | UnsetType | None = UNSET  # of a tool result


Content = str | list[str | Block | None] | UnsetType | None
ResultContent = str | list[str | PlainBlock | None] | UnsetType | None


class WireMessage(Struct, gc=False):
    """One turn."""

    role: Word = UNSET
    content: Content = UNSET


class WireRequest(Struct, gc=False):
    """The request's known fields."""

    messages: list[WireMessage | None] | UnsetType | None = UNSET
    model: Word = UNSET
    container: Untyped = UNSET
    metadata: Untyped = UNSET
    system: Content = UNSET
    anthropic_beta: Untyped = UNSET
    anthropic_version: Untyped = UNSET
    betas: Untyped = UNSET
    cache_control: Untyped = UNSET
    context_management: Untyped = UNSET
    inference_geo: Untyped = UNSET
    max_tokens: Count = UNSET
    mcp_servers: Untyped = UNSET
    output_config: Untyped = UNSET
    output_format: Untyped = UNSET
    service_tier: Untyped = UNSET
    stop_sequences: Untyped = UNSET
    stream: Switch = UNSET
    temperature: Number = UNSET
    thinking: Untyped = UNSET
    tool_choice: Untyped = UNSET
    tools: Untyped = UNSET
    top_k: Untyped = UNSET
    top_p: Number = UNSET


CONTENT_FIELDS = 2  # messages and model come first
VARYING_FIELDS = 3  # container, metadata and system: their values are content or say nothing here


def parse_request(body: Body) -> Request:
    """Read a request; raise `MalformedRow` where there is no list of messages."""
    wire = decode(WireRequest, body)
    if not isinstance(wire.messages, list):
        raise MalformedRow("body has no list of messages")
    return Request("chat", word(wire.model), tuple(_messages(wire.system, wire.messages)), _MEMO.parameters(wire))


def _messages(system: Content, turns: list[WireMessage | None]) -> Iterator[Message]:
    if isinstance(system, str | list):
        yield _plain("system", system)
    for turn in turns:
        if turn is not None:
            yield from _turn(ROLES.get(word(turn.role), "user"), turn.content)


def _turn(role: str, content: Content) -> Iterator[Message]:
    if role != "user" or not isinstance(content, list):
        yield _plain(role, content)
        return
    results = [b for b in content if isinstance(b, Block) and word(b.type).endswith("tool_result")]
    for result in results:
        yield _plain("tool", result.content)
    rest = [b for b in content if not (isinstance(b, Block) and word(b.type).endswith("tool_result"))]
    if rest or not results:
        yield _plain(role, rest)


def _plain(role: str, content: Content | ResultContent) -> Message:
    """A message of the content's text and counts."""
    if not isinstance(content, list):
        return Message(role, content if isinstance(content, str) else "")
    texts: list[str] = []
    images = others = calls = 0
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif block is None:
            others += 1
        elif isinstance(block.text, str):
            texts.append(block.text)
        elif block.type == "image":
            images += 1
        elif block.type in CALLS:
            calls += 1
        elif block.type not in THINKING:
            others += 1
    return Message(role, "\n".join(texts), images, others, calls)


def _parameters(wire: WireRequest) -> Parameters:
    tools = raw_bytes(wire.tools)
    forced = forced_tool(wire.tool_choice, tools)
    form = answer_format(wire.output_format if wire.output_format is not UNSET else _configured(wire.output_config))
    return Parameters(
        names=joined_names(present_names(wire, CONTENT_FIELDS)),
        temperature=number(wire.temperature),
        top_p=number(wire.top_p),
        max_tokens=count(wire.max_tokens),
        stream=wire.stream is True,
        stop=items_given(wire.stop_sequences),
        reasoning=is_true(wire.thinking) and raw_bytes(members(wire.thinking).get("type")) != b'"disabled"',
        tools=count_tools(tools),
        tool_forced=forced.is_forced,
        answer_format=form.kind,
        open_fields=forced.shape.open_fields + form.shape.open_fields,
        closed_fields=forced.shape.closed_fields + form.shape.closed_fields,
    )


_MEMO = ParameterMemo(WireRequest, _parameters, CONTENT_FIELDS, VARYING_FIELDS)


def _configured(output_config: Raw | UnsetType) -> Raw | None:
    return members(output_config).get("format")


class AnswerBlock(Struct, gc=False):
    """A content block of the answer, or the delta of one."""

    type: Word = UNSET
    text: Word = UNSET
    thinking: Word = UNSET
    stop_reason: Word = UNSET  # message_delta carries it here


class WireUsage(Struct, gc=False):
    """Token counts; input tokens come in three parts, of which the cache's are not in `input_tokens`."""

    input_tokens: Count = UNSET
    cache_creation_input_tokens: Count = UNSET
    cache_read_input_tokens: Count = UNSET
    output_tokens: Count = UNSET


class WireAnswer(Struct, gc=False):
    """The message object, whole or as it stands when a stream begins."""

    content: list[AnswerBlock | None] | UnsetType | None = UNSET
    stop_reason: Word = UNSET
    usage: WireUsage | UnsetType | None = UNSET


class WireEvent(WireAnswer, gc=False):
    """A stream event; a whole message has the same fields at its top."""

    type: Word = UNSET
    index: Count = UNSET
    message: WireAnswer | UnsetType | None = UNSET
    content_block: AnswerBlock | UnsetType | None = UNSET
    delta: AnswerBlock | UnsetType | None = UNSET
    error: Untyped = UNSET


class Assembler(event_stream.Assembler):
    """Puts a message together, from one whole object or from events in order."""

    def __init__(self) -> None:
        self._answer = Answer()

    def observe(self, data: Body) -> None:
        """Take in one event or one whole message; raise `MalformedRow` where it is not a JSON object."""
        event = decode(WireEvent, data, "response")
        if isinstance(event.message, WireAnswer):
            self._observe_answer(event.message)
        self._observe_answer(event)
        for block in (event.content_block, event.delta):
            if isinstance(block, AnswerBlock):
                self._observe_block(count(event.index), block)
        if event.type == "message_stop":
            self._answer.is_closed = True
        if event.type == "error" or raw_bytes(event.error):
            self._answer.fail()

    def close(self) -> None:
        """The stream's closing mark was seen."""
        self._answer.is_closed = True

    def response(self, is_whole: bool = False) -> Response:
        """What has been put together so far."""
        return self._answer.response(is_whole)

    def _observe_answer(self, answer: WireAnswer) -> None:
        if isinstance(answer.usage, WireUsage):
            self._answer.usage = _usage(answer.usage, self._answer.usage)
        if isinstance(answer.content, list):
            self._answer.choice(0)
            for index, block in enumerate(answer.content):
                if block is not None:
                    self._observe_block(index, block)
        self._finish(answer.stop_reason)

    def _observe_block(self, index: int, block: AnswerBlock) -> None:
        choice: Choice = self._answer.choice(0)
        choice.add_text(word(block.text))
        choice.add_reasoning(word(block.thinking))
        if block.type in CALLS:
            choice.note_call(index)
        self._finish(block.stop_reason)

    def _finish(self, reason: Word) -> None:
        if isinstance(reason, str):
            self._answer.choice(0).finish(FINISH_REASONS.get(reason, reason))


def _usage(wire: WireUsage, before: Usage) -> Usage:
    """Counts of a stream are cumulative: a later one replaces an earlier one, an absent one does not."""
    parts = (wire.input_tokens, wire.cache_creation_input_tokens, wire.cache_read_input_tokens)
    output = count(wire.output_tokens)
    return Usage(
        max(total(*parts), before.input_tokens),
        output if output != UNKNOWN else before.output_tokens,
    )
