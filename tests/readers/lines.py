"""Rows of every log format, written from their documentation; and logs made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stillwatch.exchange.record import Exchange
from stillwatch.readers.block import Block, Position, open_log, parse_block
from stillwatch.readers.rejection import ParsedBlock

TS_US = 1_760_000_000_000_000
HEADERS = [["Host", "api.example"], ["User-Agent", "OpenAI/Python 2.1.0"], ["x-stainless-lang", "python"]]
CHAT_BODY: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": "Where does the river rise?"}],
    "temperature": 0.3,
}
CHAT_RESPONSE: dict[str, Any] = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "In the hills."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 1}},
}


def exchange_row(**changes: Any) -> dict[str, Any]:
    """A full row of an exchange log; a change to None removes the field."""
    row = {
        "id": "x-1",
        "ts_us": TS_US,
        "account": "acme",
        "organization": "Acme Ltd",
        "api_key": "key-7",
        "ip": "192.0.2.7",
        "asn": 64500,
        "country": "NL",
        "payment": "card-3",
        "account_created_us": TS_US - 86_400_000_000,
        "declared_use": "support",
        "method": "POST",
        "path": "/v1/chat/completions",
        "headers": HEADERS,
        "body": CHAT_BODY,
        "status": 200,
        "response": CHAT_RESPONSE,
        "usage": {"input_tokens": 13, "output_tokens": 5},
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


def litellm_row(**changes: Any) -> dict[str, Any]:
    """A payload as LiteLLM's proxy logs it."""
    return {
        "id": "chatcmpl-1",
        "call_type": "acompletion",
        "stream": False,
        "status": "success",
        "startTime": 1_760_000_000.25,
        "endTime": 1_760_000_001.5,
        "model": "gpt-4o-mini",
        "prompt_tokens": 12,
        "completion_tokens": 4,
        "metadata": {
            "user_api_key_hash": "88dc28d0f030",
            "user_api_key_user_id": "u-1",
            "user_api_key_team_id": "team-1",
            "user_api_key_org_id": "org-1",
            "user_api_key_request_route": "/chat/completions",
            "requester_ip_address": "192.0.2.7",
            "user_agent": "OpenAI/Python 2.1.0",
        },
        "messages": CHAT_BODY["messages"],
        "model_parameters": {"temperature": 0.3, "max_tokens": 50},
        "response": CHAT_RESPONSE,
        **changes,
    }


def attribute(key: str, value: Any) -> dict[str, Any]:
    """An attribute as OTLP wraps it."""
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [attribute("", v)["value"] for v in value]}}}
    return {"key": key, "value": {kinds[type(value)]: str(value) if type(value) is int else value}}


GENAI_ATTRIBUTES: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.request.temperature": 0.3,
    "gen_ai.request.max_tokens": 50,
    "gen_ai.request.choice.count": 2,
    "gen_ai.request.stop_sequences": ["END"],
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 4,
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "You know rivers."}]),
    "gen_ai.input.messages": json.dumps(
        [
            {
                "role": "user",
                "parts": [
                    {"type": "text", "content": "Where does the river rise?"},
                    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
                ],
            },
            {"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "map", "arguments": {}}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": "hills"}]},
        ]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "In the hills."}], "finish_reason": "stop"}]
    ),
    "enduser.id": "acme",
    "client.address": "192.0.2.7",
}


def otlp_row(*spans: dict[str, Any], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    """An OTLP/JSON message of spans with these attributes."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [attribute(k, v) for k, v in (resource or {}).items()]},
                "scopeSpans": [{"spans": [otlp_span(attributes) for attributes in spans]}],
            }
        ]
    }


def otlp_span(attributes: dict[str, Any]) -> dict[str, Any]:
    """One span."""
    return {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "chat gpt-4o-mini",
        "startTimeUnixNano": str(TS_US * 1000),
        "endTimeUnixNano": str(TS_US * 1000 + 5),
        "attributes": [attribute(k, v) for k, v in attributes.items()],
        "status": {},
    }


def console_span(**changes: Any) -> dict[str, Any]:
    """A span as the Python SDK's console exporter prints it."""
    return {
        "name": "chat gpt-4o-mini",
        "context": {"trace_id": "0x5b8e", "span_id": "0xeee19b7ec3c1b174", "trace_state": "[]"},
        "kind": "SpanKind.CLIENT",
        "start_time": "2025-10-09T08:53:20.000000Z",
        "end_time": "2025-10-09T08:53:21.000000Z",
        "status": {"status_code": "UNSET"},
        "attributes": dict(GENAI_ATTRIBUTES),
        "events": [],
        "resource": {"attributes": {"service.name": "shop"}},
        **changes,
    }


def line(row: object) -> bytes:
    """The row as one line of JSON."""
    return json.dumps(row, ensure_ascii=False).encode()


def log(*rows: object) -> bytes:
    """Rows as a log, one a line."""
    return b"".join(line(row) + b"\n" for row in rows)


def blocks_of(path: Path, start: Position | None = None, **limits: int) -> list[Block]:
    """All blocks of a log."""
    return list(open_log(path).blocks(start, **limits))


def parsed(path: Path) -> ParsedBlock:
    """All exchanges and rejections of a log."""
    blocks = [parse_block(block) for block in blocks_of(path)]
    return ParsedBlock([e for b in blocks for e in b.exchanges], [r for b in blocks for r in b.rejections])


def ids(blocks: list[Block]) -> list[str | None]:
    """The ids of all exchanges in order."""
    exchanges: list[Exchange] = [e for block in blocks for e in parse_block(block).exchanges]
    return [e.id for e in exchanges]
