"""OpenAI's older text completions, which vLLM and other servers still offer; also harvests of raw continuations.

Chunks and whole responses have the chat format's frame with `text` in place of a message.

Source: OpenAI API reference, "Create completion".
"""

from __future__ import annotations

from msgspec import UNSET, Struct

from stillwatch.errors import MalformedRow
from stillwatch.exchange import openai_chat
from stillwatch.exchange.answer_format import AnswerFormat, answer_format, forced_by
from stillwatch.exchange.prompt_input import messages_of
from stillwatch.exchange.record import Parameters, Request
from stillwatch.exchange.request_fields import (
    choices,
    count,
    first_count,
    items_given,
    joined_names,
    number,
    present_names,
    word,
)
from stillwatch.exchange.wire import Body, Count, Number, Switch, Untyped, Word, decode, raw_bytes

Assembler = openai_chat.Assembler


class WireRequest(Struct, gc=False):
    """The request's known fields, vLLM's and Anthropic's legacy ones included."""

    prompt: Untyped = UNSET
    model: Word = UNSET
    best_of: Untyped = UNSET
    echo: Untyped = UNSET
    frequency_penalty: Untyped = UNSET
    guided_choice: Untyped = UNSET
    guided_json: Untyped = UNSET
    guided_regex: Untyped = UNSET
    ignore_eos: Untyped = UNSET
    logit_bias: Untyped = UNSET
    logprobs: Count | bool = UNSET
    max_tokens: Count = UNSET
    max_tokens_to_sample: Count = UNSET
    metadata: Untyped = UNSET
    min_p: Untyped = UNSET
    min_tokens: Untyped = UNSET
    n: Count = UNSET
    presence_penalty: Untyped = UNSET
    prompt_logprobs: Untyped = UNSET
    repetition_penalty: Untyped = UNSET
    response_format: Untyped = UNSET
    seed: Untyped = UNSET
    skip_special_tokens: Untyped = UNSET
    stop: Untyped = UNSET
    stop_sequences: Untyped = UNSET
    stop_token_ids: Untyped = UNSET
    stream: Switch = UNSET
    stream_options: Untyped = UNSET
    suffix: Untyped = UNSET
    temperature: Number = UNSET
    top_k: Untyped = UNSET
    top_p: Number = UNSET
    user: Untyped = UNSET


CONTENT_FIELDS = 2  # prompt and model come first


def parse_request(body: Body) -> Request:
    """Read a request, one user message per prompt; raise `MalformedRow` where there is no prompt."""
    wire = decode(WireRequest, body)
    messages = messages_of(raw_bytes(wire.prompt), "user")
    if messages is None:
        raise MalformedRow("body has no prompt")
    return Request("completion", word(wire.model), messages, _parameters(wire))


def _parameters(wire: WireRequest) -> Parameters:
    form = _format(wire)
    return Parameters(
        names=joined_names(present_names(wire, CONTENT_FIELDS)),
        temperature=number(wire.temperature),
        top_p=number(wire.top_p),
        max_tokens=first_count(wire.max_tokens, wire.max_tokens_to_sample),
        n=choices(wire.n),
        stream=wire.stream is True,
        logprobs=isinstance(wire.logprobs, int | float) and wire.logprobs is not False,  # 0 asks for the chosen tokens'
        top_logprobs=0 if isinstance(wire.logprobs, bool) else max(count(wire.logprobs), 0),
        logit_bias=items_given(wire.logit_bias),
        stop=items_given(wire.stop) or items_given(wire.stop_sequences),
        seed=raw_bytes(wire.seed) != b"",
        answer_format=form.kind,
        open_fields=form.shape.open_fields,
        closed_fields=form.shape.closed_fields,
    )


def _format(wire: WireRequest) -> AnswerFormat:
    if raw_bytes(wire.guided_json):
        return forced_by(raw_bytes(wire.guided_json))
    return answer_format(wire.response_format)
