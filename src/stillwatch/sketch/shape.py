"""The form of a request, without its words: flags and the tuple of parameters."""

from __future__ import annotations

import math
from typing import NamedTuple

from stillwatch.exchange.record import UNKNOWN, Exchange, Parameters, Request
from stillwatch.pseudonym import Secret
from stillwatch.sketch.client import fold31
from stillwatch.sketch.record import OPERATIONS, Flag

_CACHE_LIMIT = 50_000
_INT32_MAX = 2**31 - 1
_OPERATION_BITS = {name: index for index, name in enumerate(OPERATIONS)}
_ROLE_BITS = {"system": Flag.SYSTEM, "tool": Flag.TOOL_TURNS, "assistant": Flag.ASSISTANT_TURNS}


class ParameterShape(NamedTuple):
    """What of the parameters goes into a row."""

    hash: int
    flags: int
    temperature: int  # hundredths, UNKNOWN if not given
    choices: int
    max_tokens: int
    tools: int


class ParameterShapes:
    """Parameters to their shape, remembered: a client repeats its tuple."""

    def __init__(self, secret: Secret) -> None:
        self._key = secret.derive("stillwatch/parameters", 32)
        self._seen: dict[Parameters, ParameterShape] = {}

    def __call__(self, parameters: Parameters) -> ParameterShape:
        known = self._seen.get(parameters)
        if known is None:
            if len(self._seen) >= _CACHE_LIMIT:
                self._seen.clear()
            known = self._seen[parameters] = self._shape(parameters)
        return known

    def _shape(self, p: Parameters) -> ParameterShape:
        return ParameterShape(
            fold31(self._key, _tuple_text(p)),
            _parameter_flags(p),
            _hundredths(p.temperature),
            max(0, min(p.n, 127)),
            max(UNKNOWN, min(p.max_tokens, _INT32_MAX)),
            max(0, min(p.tools, 127)),
        )


def _hundredths(temperature: float | None) -> int:
    if temperature is None or not math.isfinite(temperature):
        return UNKNOWN
    return round(max(0.0, min(temperature * 100, 32767.0)))


def _tuple_text(p: Parameters) -> str:
    sampling = (p.names, _plain(p.temperature), _plain(p.top_p), p.max_tokens, p.n, p.stream, p.logprobs)
    form = (p.top_logprobs, p.stop, p.reasoning, p.tools, p.tool_forced, p.answer_format, p.open_fields)
    return repr((*sampling, *form, p.closed_fields))


def _plain(number: float | None) -> float | None:
    """Equal parameters read alike: 1 as 1.0 and -0.0 as 0.0, or the text would depend on which came first."""
    return None if number is None else number + 0.0


def _parameter_flags(p: Parameters) -> int:
    one_token_sweep = p.logit_bias > 0 and 0 <= p.max_tokens <= 1
    return (
        Flag.STREAM * p.stream
        | Flag.LOGPROBS * (p.logprobs or p.top_logprobs > 0)
        | Flag.LOGIT_BIAS * (p.logit_bias > 0)
        | Flag.MANY_BIASED * one_token_sweep
        | Flag.SEED * p.seed
        | Flag.STOP * (p.stop > 0)
        | Flag.REASONING * p.reasoning
        | Flag.TOOL_FORCED * p.tool_forced
        | Flag.JSON_ANSWER * (p.answer_format == "json")
        | Flag.SCHEMA_ANSWER * (p.answer_format == "schema")
        | Flag.CLOSED_SCHEMA * (p.closed_fields > 0)
        | Flag.OPEN_SCHEMA * (p.open_fields > 0)
    )


def dialogue_flags(request: Request, last_text: str) -> int:
    """Flags of the roles in a dialogue and of its operation."""
    messages = request.messages
    flags = _OPERATION_BITS.get(request.operation, Flag.OPERATION)
    if not messages:
        return flags
    flags |= Flag.HAS_BODY
    for role in {message.role for message in messages}:
        flags |= _ROLE_BITS.get(role, 0)
    if messages[-1].role == "assistant":
        flags |= Flag.ENDS_WITH_ASSISTANT
    if (not last_text or last_text.isspace()) and _is_a_persons_turn(request):
        flags |= Flag.EMPTY_PROMPT
    return flags


def _is_a_persons_turn(request: Request) -> bool:
    """Whether the last turn is text from the caller: not a picture, and not a tool that had nothing to say."""
    if any(m.images or m.other_parts for m in request.messages):
        return False
    return next((m.role for m in reversed(request.messages) if m.role != "assistant"), "user") != "tool"


def exchange_flags(exchange: Exchange) -> int:
    """Flags of what the log knew about an exchange, and how it ended."""
    response, principal = exchange.response, exchange.principal
    flags = Flag.HAS_HEADERS if exchange.headers else 0
    if principal.ip is not None or principal.asn != UNKNOWN:
        flags |= Flag.HAS_NETWORK
    if 400 <= exchange.status < 500:
        flags |= Flag.REFUSED
    if response is not None:
        flags |= Flag.HAS_RESPONSE
        if response.finish_reason in _REFUSALS:
            flags |= Flag.REFUSED
        if not response.is_complete:
            flags |= Flag.INCOMPLETE
    return flags


_REFUSALS = frozenset(["content_filter", "refusal", "SAFETY", "PROHIBITED_CONTENT"])
