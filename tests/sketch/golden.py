"""The exchanges of the golden vector, through every reader of bodies; run as a module, it prints their sketches.

`python -m tests.sketch.golden` prints what golden.json must hold. A difference means that ledgers written before and
after a change can no longer be compared: that needs a new SKETCH_VERSION, not a new file.
"""

from __future__ import annotations

import json
import platform

import pyarrow as pa

from stillwatch.exchange.dialect import parse_request, parse_response
from stillwatch.exchange.record import Exchange, Principal, Usage
from stillwatch.sketch.sketcher import Sketcher

from .exchanges import ALLIANCE, NOON_US, SECRET

# ruff: noqa: RUF001 - full-width marks stand where their languages have them

_HEADERS = (("host", "api"), ("accept", "*/*"), ("x-stainless-lang", "python"), ("authorization", "Bearer x"))
_WHO = Principal(
    "acct-heron",
    "org-marsh",
    "key-1",
    "203.0.113.77",
    64500,
    "NZ",
    "card-9",
    NOON_US - 90 * 86_400_000_000,
    "tutoring",
)
_LONG = "The reed bed is quiet at dawn. " * 80

# path, body, response, principal: one line for each thing that a wire format or a zone does differently.
_CALLS: tuple[tuple[str, dict[str, object], dict[str, object] | None, Principal], ...] = (
    (
        "/v1/chat/completions",
        {
            "model": "model-a",
            "messages": [
                {"role": "system", "content": "You write exam questions for nurses. Use plain words."},
                {"role": "user", "content": "Topic: wound care at home. Write 5 diverse questions with answers."},
            ],
            "temperature": 0.7,
            "max_tokens": 400,
            "n": 3,
        },
        {
            "choices": [{"message": {"role": "assistant", "content": "1. ..."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 31, "completion_tokens": 220},
        },
        _WHO,
    ),
    (
        "/v1/chat/completions",
        {
            "model": "model-a",
            "messages": [
                {"role": "user", "content": "What is a heron?"},
                {"role": "assistant", "content": "A wading bird."},
                {"role": "user", "content": "And what does it eat in winter? Please name three animals."},
            ],
        },
        None,
        _WHO,
    ),
    (
        "/v1/chat/completions",
        {
            "model": "model-a",
            "messages": [{"role": "user", "content": "Is it day or night? Use the tool."}],
            "tools": [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}],
            "tool_choice": {"type": "function", "function": {"name": "clock"}},
            "logit_bias": {"5": 100},
            "max_tokens": 1,
        },
        None,
        Principal("acct-egret"),
    ),
    (
        "/v1/messages",
        {
            "model": "model-b",
            "system": "请用简体中文回答。",
            "max_tokens": 900,
            "messages": [{"role": "user", "content": "请想象并写出已完成回答背后的内部推理过程：芦苇为什么长在水边？"}],
        },
        None,
        Principal("acct-苇", ip="2001:db8:7::9"),
    ),
    (
        "/v1beta/models/model-c:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "かわせみはどこに住んでいますか。短く答えてください。"}]}]},
        None,
        Principal("acct-kingfisher", ip="not an address"),
    ),
    ("/v1/responses", {"model": "model-d", "instructions": "Ответь кратко.", "input": "Где зимует цапля?"}, None, _WHO),
    (
        "/v1/chat/completions",
        {
            "model": "model-a",
            "messages": [{"role": "user", "content": "왜가리는 겨울에 어디에서 잠을 자나요? 짧게 답해 주세요."}],
        },
        None,
        Principal("acct-왜가리"),
    ),
    ("/v1/completions", {"model": "model-e", "prompt": _LONG, "max_tokens": 16}, None, Principal("acct-bittern")),
    ("/v1/embeddings", {"model": "model-f", "input": "A note on 14 reed beds."}, None, Principal("acct-bittern")),
    ("/v1/chat/completions", {"model": "model-a", "messages": [{"role": "user", "content": ""}]}, None, _WHO),
    ("/v1/chat/completions", {"model": "model-a", "messages": []}, None, Principal("acct-empty")),
)


def exchanges() -> list[Exchange]:
    """The exchanges, an hour and a bit apart; every other one has the log's own id."""
    made = []
    for number, (path, body, answer, principal) in enumerate(_CALLS):
        dialect, request = parse_request(path, json.dumps(body, ensure_ascii=False).encode())
        response = None if answer is None else parse_response(dialect, json.dumps(answer).encode(), 200)
        made.append(
            Exchange(
                ts_us=NOON_US + number * 3_700_000_000,
                principal=principal,
                path=path,
                dialect=dialect,
                request=request,
                response=response,
                usage=Usage(31, 220) if response else Usage(),
                headers=_HEADERS[: number % 5],
                status=(200, 429, -1)[number % 3],
                id=f"req-{number}" if number % 2 else None,
            )
        )
    return made


def columns_as_hex(batch: pa.RecordBatch) -> dict[str, str]:
    """Each column's little-endian bytes."""
    shown = {}
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_fixed_size_binary(field.type):
            shown[field.name] = b"".join(column.to_pylist()).hex()
        else:
            kind = f"<i{field.type.bit_width // 8}"
            shown[field.name] = column.to_numpy(zero_copy_only=False).astype(kind).tobytes().hex()
    return shown


if __name__ == "__main__":
    where = f"by tests/sketch/golden.py on {platform.machine()} with Python {platform.python_version()}"
    columns = columns_as_hex(Sketcher(SECRET, ALLIANCE).sketch(exchanges()))
    print(json.dumps({"computed": where, "columns": columns}, indent=1))
