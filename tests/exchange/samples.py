"""Requests, responses and streams of every wire format, written from the providers' public documentation."""

from __future__ import annotations

import json
from typing import Any

SCHEMA = {
    "type": "object",
    "properties": {
        "label": {"enum": ["billing", "technical"], "type": "string"},
        "urgent": {"type": "boolean"},
        "summary": {"type": "string"},
    },
    "required": ["label", "summary"],
}

CHAT_REQUEST: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "developer", "content": "Answer briefly."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is on the picture?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}},
                {"id": "call_2", "type": "function", "function": {"name": "look", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "A heron."},
        {"role": "user", "content": "And the second one?"},
    ],
    "temperature": 0.2,
    "top_p": 1,
    "max_completion_tokens": 300,
    "n": 2,
    "stream": True,
    "stream_options": {"include_usage": True},
    "logprobs": True,
    "top_logprobs": 5,
    "logit_bias": {"50256": -100, "11": 1},
    "stop": ["\n\n", "END"],
    "seed": 7,
    "reasoning_effort": "low",
    "tools": [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
}

CHAT_RESPONSE: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_760_000_000,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "A grey heron.", "reasoning_content": "Long legs."},
            "finish_reason": "stop",
        },
        {
            "index": 1,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call_3", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
            },
            "finish_reason": "tool_calls",
        },
    ],
    "usage": {
        "prompt_tokens": 31,
        "completion_tokens": 9,
        "total_tokens": 40,
        "completion_tokens_details": {"reasoning_tokens": 4},
    },
}

CHAT_CHUNKS: list[dict[str, Any]] = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"reasoning_content": "Long "}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"reasoning_content": "legs."}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"content": "A grey "}, "finish_reason": None}]},
    {
        "choices": [
            {
                "index": 1,
                "delta": {"tool_calls": [{"index": 0, "id": "call_3", "function": {"name": "look", "arguments": ""}}]},
            }
        ]
    },
    {"choices": [{"index": 1, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}}]},
    {"choices": [{"index": 0, "delta": {"content": "heron."}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [{"index": 1, "delta": {}, "finish_reason": "tool_calls"}]},
    {"choices": [], "usage": CHAT_RESPONSE["usage"]},
]

COMPLETIONS_REQUEST: dict[str, Any] = {
    "model": "davinci-002",
    "prompt": ["Once upon a time", "The end of the story was"],
    "max_tokens": 64,
    "temperature": 1,
    "logprobs": 5,
    "echo": False,
    "stop": "\n",
}

COMPLETIONS_RESPONSE: dict[str, Any] = {
    "object": "text_completion",
    "choices": [
        {"index": 0, "text": " there was a mill", "logprobs": None, "finish_reason": "length"},
        {"index": 1, "text": " a surprise", "logprobs": None, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17},
}

COMPLETIONS_CHUNKS: list[dict[str, Any]] = [
    {"choices": [{"index": 0, "text": " there was", "finish_reason": None}]},
    {"choices": [{"index": 1, "text": " a surprise", "finish_reason": "stop"}]},
    {"choices": [{"index": 0, "text": " a mill", "finish_reason": "length"}]},
    {"choices": [], "usage": COMPLETIONS_RESPONSE["usage"]},
]

RESPONSES_REQUEST: dict[str, Any] = {
    "model": "gpt-5",
    "instructions": "You sort letters.",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Sort this one."},
                {"type": "input_image", "image_url": "https://images.example/letter.png"},
                {"type": "input_file", "file_id": "file_1"},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "It is a bill."}]},
        {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "no such customer"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Who sent it?"}]},
        {"role": "user", "content": "The mill."},
    ],
    "max_output_tokens": 500,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "name": "letter", "schema": SCHEMA, "strict": True}},
    "tools": [{"type": "function", "name": "look_up", "parameters": SCHEMA}, {"type": "web_search"}],
    "tool_choice": "auto",
    "top_logprobs": 3,
    "include": ["message.output_text.logprobs"],
    "stream": True,
    "store": False,
}

RESPONSES_RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "It is a bill."}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "It belongs to billing.", "annotations": []}],
        },
    ],
    "usage": {
        "input_tokens": 75,
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 105,
    },
}

RESPONSES_EVENTS: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "summary": []}},
    {
        "type": "response.reasoning_summary_text.delta",
        "output_index": 0,
        "summary_index": 0,
        "delta": "It is a bill.",
    },
    {"type": "response.output_item.added", "output_index": 1, "item": {"type": "message", "content": []}},
    {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "It belongs "},
    {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "to billing."},
    {"type": "response.completed", "response": RESPONSES_RESPONSE},
]

ANTHROPIC_REQUEST: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 1024,
    "system": [{"type": "text", "text": "You keep a garden diary.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "document", "source": {"type": "text", "data": "..."}},
                {"type": "text", "text": "What grows here?"},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Leaves with teeth.", "signature": "x"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_1", "name": "find_plant", "input": {"leaf": "toothed"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "Nettle"}],
                },
                {"type": "text", "text": "And how tall is it?"},
            ],
        },
        {"role": "assistant", "content": "It is"},
    ],
    "temperature": 1.0,
    "stop_sequences": ["\n\nHuman:"],
    "stream": True,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "tools": [{"name": "find_plant", "description": "Find", "input_schema": SCHEMA}],
    "tool_choice": {"type": "tool", "name": "find_plant"},
    "metadata": {"user_id": "u-1"},
}

ANTHROPIC_RESPONSE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [
        {"type": "thinking", "thinking": "A metre or two.", "signature": "x"},
        {"type": "text", "text": "It is up to two metres tall."},
        {"type": "tool_use", "id": "toolu_2", "name": "find_plant", "input": {}},
    ],
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 12,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 1000,
        "output_tokens": 40,
    },
}

ANTHROPIC_EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "content": [],
            "stop_reason": None,
            "usage": {
                "input_tokens": 12,
                "cache_creation_input_tokens": 100,
                "cache_read_input_tokens": 1000,
                "output_tokens": 1,
            },
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "A metre "}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "or two."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "It is up to "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "two metres tall."}},
    {"type": "content_block_stop", "index": 1},
    {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "toolu_2", "input": {}}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "content_block_stop", "index": 2},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 40}},
    {"type": "message_stop"},
]

GEMINI_PATH = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
GEMINI_REQUEST: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "You name birds."}]},
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "Which bird is this?"},
                {"inlineData": {"mimeType": "image/jpeg", "data": "AAAA"}},
                {"fileData": {"mimeType": "audio/mp3", "fileUri": "https://files.example/1"}},
            ],
        },
        {"role": "model", "parts": [{"functionCall": {"name": "bird_book", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "bird_book", "response": {"found": "wren"}}}]},
    ],
    "generationConfig": {
        "temperature": 0.5,
        "topP": 0.9,
        "candidateCount": 2,
        "maxOutputTokens": 200,
        "stopSequences": ["."],
        "seed": 3,
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT", "properties": {"bird": {"type": "STRING"}, "sure": {"type": "BOOLEAN"}}},
        "responseLogprobs": True,
        "logprobs": 4,
        "thinkingConfig": {"thinkingBudget": 512, "includeThoughts": True},
    },
    "tools": [{"functionDeclarations": [{"name": "bird_book", "parameters": SCHEMA}, {"name": "map"}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["bird_book"]}},
    "safetySettings": [],
}

GEMINI_RESPONSE: dict[str, Any] = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [{"text": "Small and brown.", "thought": True}, {"text": "A wren, I am sure."}],
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 260,
        "candidatesTokenCount": 6,
        "thoughtsTokenCount": 11,
        "totalTokenCount": 277,
    },
    "modelVersion": "gemini-2.5-flash",
}

GEMINI_CHUNKS: list[dict[str, Any]] = [
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "Small and brown.", "thought": True}]}}]},
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "A wren, "}]}, "index": 0}]},
    {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "I am sure."}]}, "finishReason": "STOP"}],
        "usageMetadata": GEMINI_RESPONSE["usageMetadata"],
    },
]

EMBEDDINGS_REQUEST: dict[str, Any] = {
    "model": "text-embedding-3-small",
    "input": ["The mill stands by the river.", "Nettles grow tall."],
    "encoding_format": "float",
}
EMBEDDINGS_RESPONSE: dict[str, Any] = {
    "object": "list",
    "data": [
        {"object": "embedding", "index": 0, "embedding": [0.1, 0.2]},
        {"object": "embedding", "index": 1, "embedding": [0.3, 0.4]},
    ],
    "usage": {"prompt_tokens": 12, "total_tokens": 12},
}

REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": ("/v1/chat/completions", CHAT_REQUEST),
    "openai_completions": ("/v1/completions", COMPLETIONS_REQUEST),
    "openai_responses": ("/v1/responses", RESPONSES_REQUEST),
    "anthropic_messages": ("/v1/messages", ANTHROPIC_REQUEST),
    "gemini": (GEMINI_PATH, GEMINI_REQUEST),
    "openai_embeddings": ("/v1/embeddings", EMBEDDINGS_REQUEST),
}

WHOLE: dict[str, dict[str, Any]] = {
    "openai_chat": CHAT_RESPONSE,
    "openai_completions": COMPLETIONS_RESPONSE,
    "openai_responses": RESPONSES_RESPONSE,
    "anthropic_messages": ANTHROPIC_RESPONSE,
    "gemini": GEMINI_RESPONSE,
}

STREAMS: dict[str, list[dict[str, Any]]] = {
    "openai_chat": CHAT_CHUNKS,
    "openai_completions": COMPLETIONS_CHUNKS,
    "openai_responses": RESPONSES_EVENTS,
    "anthropic_messages": ANTHROPIC_EVENTS,
    "gemini": GEMINI_CHUNKS,
}


def wire(value: object) -> bytes:
    """The value as JSON."""
    return json.dumps(value, ensure_ascii=False).encode()


def server_sent(dialect: str, line_end: bytes = b"\n") -> bytes:
    """The dialect's stream as its provider frames it."""
    lines: list[bytes] = []
    for event in STREAMS[dialect]:
        if "type" in event:
            lines.append(b"event: " + event["type"].encode())
        lines += [b"data: " + wire(event), b""]
    if dialect.startswith("openai_c"):
        lines += [b"data: [DONE]", b""]
    return line_end.join([*lines, b""])
