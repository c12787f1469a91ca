"""LiteLLM's StandardLoggingPayload, one JSON object a line, as its proxy's loggers write it.

Who is held responsible:
    account       metadata.user_api_key_user_id, else user_api_key_hash, else user_api_key_team_id
    organization  metadata.user_api_key_org_id, else user_api_key_team_id
    api_key       metadata.user_api_key_hash
    ip            metadata.requester_ip_address, else requester_ip_address
The end user that a caller names itself (`end_user`) is a claim and names nobody. `startTime` is float seconds
since 1970, or an ISO 8601 string as the spend logs have it.

The payload keeps the request in parts: `messages`, `model` and `model_parameters` are put together again and
read as the wire format of `call_type`. What was redacted by LiteLLM counts as no text. Truncated base64 images
still count as images.

Source: LiteLLM documentation, "StandardLoggingPayload Specification", and litellm/types/utils.py (1.109).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange.dialect import parse_request, parse_response
from stillwatch.exchange.record import UNKNOWN, Exchange, Principal, Response, Usage
from stillwatch.exchange.request_fields import count, word
from stillwatch.exchange.wire import Count, Switch, Untyped, Word, decode, elements, members, raw_bytes
from stillwatch.readers.row_fields import Given, optional_name, status_code, timestamp_us, usage_given

REDACTED = b"redacted-by-litellm"
_MAX_REDACTED_BYTES = 256  # the placeholder and its frame; longer messages hold more than the placeholder


class Metadata(Struct, gc=False):
    """Who called, as the proxy authenticated it."""

    user_api_key_hash: Given = UNSET
    user_api_key_user_id: Given = UNSET
    user_api_key_team_id: Given = UNSET
    user_api_key_org_id: Given = UNSET
    user_api_key_request_route: Word = UNSET
    requester_ip_address: Word = UNSET
    user_agent: Word = UNSET


class ErrorInformation(Struct, gc=False):
    """What went wrong; `error_code` is the HTTP status as a string."""

    error_code: str | int | UnsetType | None = UNSET


class Payload(Struct, gc=False):
    """One logged call."""

    id: Given = UNSET
    call_type: Word = UNSET
    stream: Switch = UNSET
    status: Word = UNSET
    startTime: Given = UNSET  # noqa: N815 LiteLLM's own spelling
    model: Word = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    messages: Untyped = UNSET
    response: Untyped = UNSET
    model_parameters: Untyped = UNSET
    prompt_tokens: Count = UNSET
    completion_tokens: Count = UNSET
    requester_ip_address: Word = UNSET
    user_agent: Word = UNSET
    error_information: ErrorInformation | UnsetType | None = UNSET


# The path that speaks the call's wire format, and the field that holds its content there.
_CALLS = {
    "completion": ("/v1/chat/completions", "messages"),
    "text_completion": ("/v1/completions", "prompt"),
    "embedding": ("/v1/embeddings", "input"),
    "responses": ("/v1/responses", "input"),
    "anthropic_messages": ("/v1/messages", "messages"),
}


def read_row(line: bytes) -> list[Exchange]:
    """The exchange of one payload; raise `MalformedRow` naming the field that is wrong."""
    payload = decode(Payload, line, "line")
    who = payload.metadata if isinstance(payload.metadata, Metadata) else Metadata()
    path, field = _CALLS.get(_call(payload.call_type), _CALLS["completion"])
    dialect, request = parse_request(path, _body(payload, field))
    status = _status(payload)
    response = _response(dialect, payload.response, status)
    logged = Usage(count(payload.prompt_tokens), count(payload.completion_tokens))
    agent = word(who.user_agent) or word(payload.user_agent)
    return [
        Exchange(
            ts_us=_time_us(payload.startTime),
            principal=_principal(who, payload),
            path=word(who.user_api_key_request_route) or path,
            dialect=dialect,
            request=request,
            response=response,
            usage=usage_given(logged, response.usage if response is not None else None),
            headers=(("user-agent", agent),) if agent else (),
            status=status,
            id=optional_name(payload.id),
        )
    ]


def _call(call_type: Word) -> str:
    """The call without the mark of its asynchronous twin."""
    name = word(call_type)
    return name[1:] if name.startswith("a") and name[1:] in _CALLS else name


def _body(payload: Payload, field: str) -> bytes:
    """The request's JSON, put together from the payload's parts."""
    parts: dict[str, object] = dict(members(payload.model_parameters))
    if isinstance(payload.model, str):
        parts["model"] = payload.model
    if isinstance(payload.stream, bool):
        parts.setdefault("stream", payload.stream)
    parts[field] = _CONTENT[field](_unredacted(payload.messages))
    return msgspec.json.encode(parts)


def _unredacted(messages: Raw | UnsetType) -> bytes:
    held = raw_bytes(messages)
    return b"" if len(held) <= _MAX_REDACTED_BYTES and REDACTED in held else held


def _as_messages(held: bytes) -> object:
    if held[:1] == b'"':
        return [{"role": "user", "content": Raw(held)}]
    return Raw(held) if held[:1] == b"[" else []


def _as_prompt(held: bytes) -> object:
    """LiteLLM logs a text prompt as it came or as one user message."""
    if held[:1] != b"[":
        return Raw(held or b"[]")  # no prompt, which is not the same as an empty one
    contents = [members(item).get("content") for item in elements(held)]
    given = [content for content in contents if content is not None]
    return given or Raw(held)


def _as_input(held: bytes) -> object:
    return Raw(held) if held else []


_CONTENT: dict[str, Callable[[bytes], object]] = {
    "messages": _as_messages,
    "prompt": _as_prompt,
    "input": _as_input,
}


def _response(dialect: str, given: Raw | UnsetType, status: int) -> Response | None:
    held = raw_bytes(given)
    if not held or held in (b"{}", b'""') or (len(held) <= _MAX_REDACTED_BYTES and REDACTED in held):
        return None
    return parse_response(dialect, held, status)


def _principal(who: Metadata, payload: Payload) -> Principal:
    key = optional_name(who.user_api_key_hash)
    team = optional_name(who.user_api_key_team_id)
    account = optional_name(who.user_api_key_user_id) or key or team
    if account is None:
        raise MalformedRow("metadata has no user_api_key_user_id, user_api_key_hash or user_api_key_team_id")
    return Principal(
        account=account,
        organization=optional_name(who.user_api_key_org_id) or team,
        api_key=key,
        ip=optional_name(who.requester_ip_address) or optional_name(payload.requester_ip_address),
    )


def _time_us(value: Given) -> int:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise MalformedRow("startTime is not a time") from None
        return timestamp_us(_epoch_us(moment), "startTime")
    if isinstance(value, int | float) and abs(value) < 1e12:  # seconds; anything larger is no time
        return timestamp_us(round(value * 1e6), "startTime")
    raise MalformedRow("startTime is missing" if value is UNSET else "startTime is not seconds since 1970")


def _epoch_us(moment: datetime) -> int:
    """LiteLLM writes times without a zone in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1e6)


def _status(payload: Payload) -> int:
    if payload.status == "success":
        return 200
    error = payload.error_information
    code = error.error_code if isinstance(error, ErrorInformation) else None
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        return status_code(int(code))
    return status_code(code) if isinstance(code, int) else UNKNOWN
