"""Answers as providers send them, whole and streamed, with text of our own."""

from __future__ import annotations

import json
from typing import Any

WORDS = ("The ", "mill ", "turns ", "by ", "night ", "— 水と風 ", "and ", "grinds ", '"rye"', "\n")
TEXT = "".join(WORDS)


def wire(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def sse(value: dict[str, Any], name: str = "", end: str = "\n\n") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + wire(value) + end.encode()


def chat(*deltas: dict[str, Any], usage: bool = True, done: bool = True) -> list[bytes]:
    """Chunks of one choice; `done` with its end."""
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_763_000_000, "model": "m"}
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
    events = [sse({**frame, "choices": [choice]}) for choice in choices]
    if done:
        events.append(sse({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        if usage:
            counts = {"prompt_tokens": 5, "completion_tokens": 12, "total_tokens": 17}
            events.append(sse({**frame, "choices": [], "usage": counts}))
        events.append(b"data: [DONE]\n\n")
    return events


def completion(done: bool = True) -> list[bytes]:
    frame = {"id": "cmpl-1", "object": "text_completion", "created": 1_763_000_000, "model": "m"}
    events = [
        sse({**frame, "choices": [{"index": 0, "text": w, "logprobs": None, "finish_reason": None}]}) for w in WORDS
    ]
    return [*events, b"data: [DONE]\n\n"] if done else events


def _numbered(events: list[dict[str, Any]]) -> list[bytes]:
    return [sse({**value, "sequence_number": n}, value["type"]) for n, value in enumerate(events)]


def responses(reasoning: bool = False, done: bool = True) -> list[bytes]:
    response: dict[str, Any] = {
        "id": "resp_1", "object": "response", "created_at": 1_763_000_000, "status": "in_progress", "model": "m",
        "output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
    }  # fmt: skip
    events: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    output: list[dict[str, Any]] = []
    if reasoning:
        item = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "c2VjcmV0"}
        told = {**item, "summary": [{"type": "summary_text", "text": "hidden thought"}]}
        place = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
        events += [
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.reasoning_summary_part.added", **place, "part": {"type": "summary_text", "text": ""}},
            {"type": "response.reasoning_summary_text.delta", **place, "delta": "hidden thought"},
            {"type": "response.reasoning_summary_text.done", **place, "text": "hidden thought"},
            {"type": "response.output_item.done", "output_index": 0, "item": told},
        ]
        output.append(told)
    at = len(output)
    place = {"item_id": "msg_1", "output_index": at, "content_index": 0}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    events += [
        {"type": "response.output_item.added", "output_index": at, "item": item},
        {"type": "response.content_part.added", **place, "part": part},
        *[{"type": "response.output_text.delta", **place, "delta": word, "logprobs": []} for word in WORDS],
    ]
    if done:
        whole = {**item, "status": "completed", "content": [{**part, "text": TEXT}]}
        output.append(whole)
        usage = {
            "input_tokens": 5, "output_tokens": 12, "total_tokens": 17, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }  # fmt: skip
        events += [
            {"type": "response.output_text.done", **place, "text": TEXT, "logprobs": []},
            {"type": "response.content_part.done", **place, "part": {**part, "text": TEXT}},
            {"type": "response.output_item.done", "output_index": at, "item": whole},
            {
                "type": "response.completed",
                "response": {**response, "status": "completed", "output": output, "usage": usage},
            },
        ]
    return _numbered(events)


def messages(thinking: bool = False, done: bool = True) -> list[bytes]:
    message: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 1},
    }  # fmt: skip
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}, {"type": "ping"}]
    if thinking:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        events += [
            {"type": "content_block_start", "index": 0, "content_block": block},
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "thinking_delta", "thinking": "hidden thought"},
            },
            {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
            {"type": "content_block_stop", "index": 0},
        ]
    at = int(thinking)
    events.append({"type": "content_block_start", "index": at, "content_block": {"type": "text", "text": ""}})
    events += [
        {"type": "content_block_delta", "index": at, "delta": {"type": "text_delta", "text": word}} for word in WORDS
    ]
    if done:
        events += [
            {"type": "content_block_stop", "index": at},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 12},
            },
            {"type": "message_stop"},
        ]
    return [sse(value, value["type"]) for value in events]


def gemini(thinking: bool = False, done: bool = True) -> list[bytes]:
    parts: list[dict[str, Any]] = [{"text": word} for word in WORDS]
    if thinking:
        parts = [{"text": "hidden thought", "thought": True}, {"text": "", "thoughtSignature": "c2ln"}, *parts]
    frame = {"modelVersion": "m", "responseId": "r1"}
    events = [
        sse(
            {
                "candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}],
                "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5},
                **frame,
            },
            end="\r\n\r\n",
        )
        for part in parts
    ]
    if done:
        last = {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP", "index": 0}
        usage = {"promptTokenCount": 5, "candidatesTokenCount": 12, "totalTokenCount": 17}
        events.append(sse({"candidates": [last], "usageMetadata": usage, **frame}, end="\r\n\r\n"))
    return events


STREAMS = {
    "/v1/chat/completions": chat(*[{"content": word} for word in WORDS]),
    "/v1/completions": completion(),
    "/v1/responses": responses(),
    "/v1/messages": messages(),
    "/v1beta/models/m:streamGenerateContent": gemini(),
}
"""A whole stream of each dialect, by a path that speaks it. Providers say 5 tokens in and 12 out."""
UNFINISHED = {
    "/v1/chat/completions": chat(*[{"content": word} for word in WORDS], done=False),
    "/v1/completions": completion(done=False),
    "/v1/responses": responses(done=False),
    "/v1/messages": messages(done=False),
    "/v1beta/models/m:streamGenerateContent": gemini(done=False),
}
"""The same, broken off after the last word."""
WITH_REASONING = {
    "/v1/chat/completions": chat({"reasoning_content": "hidden thought"}, *[{"content": word} for word in WORDS]),
    "/v1/responses": responses(reasoning=True),
    "/v1/messages": messages(thinking=True),
    "/v1beta/models/m:streamGenerateContent": gemini(thinking=True),
}
