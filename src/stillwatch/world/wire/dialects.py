"""Requests and responses in four providers' wire formats. Sources: their API references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stillwatch.world.chance import Chance
from stillwatch.world.sent import Ask, Sent

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """`request` gives path and body; `response` takes the exchange, the model and both counts of tokens."""

    request: Callable[[Ask, str], tuple[str, Body]]
    response: Callable[[Sent, str, int, int, Chance], Body]


def _chat(ask: Ask, model: str) -> tuple[str, Body]:
    """OpenAI API reference, "Create chat completion"."""
    messages = [{"role": role, "content": text} for role, text in ask.turns]
    if ask.system:
        messages.insert(0, {"role": "system", "content": ask.system})
    return "/v1/chat/completions", {"model": model, "messages": messages, **ask.parameters}


def _chat_response(sent: Sent, model: str, asked: int, answered: int, chance: Chance) -> Body:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": sent.answer},
        "finish_reason": sent.finish,
    }
    return {
        "id": f"chatcmpl-{chance.hex(13)}",
        "object": "chat.completion",
        "created": sent.ts_us // 1_000_000,
        "model": model,
        "choices": [choice],
        "usage": {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered},
    }


def _responses(ask: Ask, model: str) -> tuple[str, Body]:
    """OpenAI API reference, "Create a model response"."""
    body: Body = {"model": model, "input": [{"role": role, "content": text} for role, text in ask.turns]}
    if ask.system:
        body["instructions"] = ask.system
    renamed = {"max_tokens": "max_output_tokens"}
    kept = {k: v for k, v in ask.parameters.items() if k in ("max_tokens", "temperature", "top_p", "stream", "user")}
    return "/v1/responses", body | {renamed.get(name, name): value for name, value in kept.items()}


def _responses_response(sent: Sent, model: str, asked: int, answered: int, chance: Chance) -> Body:
    said = {"type": "output_text", "text": sent.answer, "annotations": []}
    return {
        "id": f"resp_{chance.hex(13)}",
        "object": "response",
        "status": "completed",
        "model": model,
        "output": [{"type": "message", "role": "assistant", "content": [said]}],
        "usage": {"input_tokens": asked, "output_tokens": answered, "total_tokens": asked + answered},
    }


def _anthropic(ask: Ask, model: str) -> tuple[str, Body]:
    """Anthropic API reference, "Create a message": `max_tokens` is required."""
    kept = {k: v for k, v in ask.parameters.items() if k in ("temperature", "top_p", "stream")}
    body: Body = {"model": model, "max_tokens": ask.parameters.get("max_tokens", 1024), **kept}
    if ask.system:
        body["system"] = ask.system
    return "/v1/messages", body | {"messages": [{"role": role, "content": text} for role, text in ask.turns]}


def _anthropic_response(sent: Sent, model: str, asked: int, answered: int, chance: Chance) -> Body:
    return {
        "id": f"msg_{chance.hex(13)}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": sent.answer}],
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}.get(sent.finish, "end_turn"),
        "usage": {"input_tokens": asked, "output_tokens": answered},
    }


def _gemini(ask: Ask, model: str) -> tuple[str, Body]:
    """Gemini API reference, "models.generateContent"."""
    names = {"max_tokens": "maxOutputTokens", "temperature": "temperature", "top_p": "topP"}
    config = {names[k]: v for k, v in ask.parameters.items() if k in names}
    roles = {"assistant": "model"}
    body: Body = {
        "contents": [{"role": roles.get(role, "user"), "parts": [{"text": text}]} for role, text in ask.turns]
    }
    if ask.system:
        body["systemInstruction"] = {"parts": [{"text": ask.system}]}
    if config:
        body["generationConfig"] = config
    return f"/v1beta/models/{model}:generateContent", body


def _gemini_response(sent: Sent, model: str, asked: int, answered: int, chance: Chance) -> Body:
    reason = {"stop": "STOP", "length": "MAX_TOKENS"}.get(sent.finish, "STOP")
    content = {"role": "model", "parts": [{"text": sent.answer}]}
    counts = {"promptTokenCount": asked, "candidatesTokenCount": answered, "totalTokenCount": asked + answered}
    return {
        "candidates": [{"content": content, "finishReason": reason}],
        "usageMetadata": counts,
        "modelVersion": model,
    }


DIALECTS = {
    "chat": Dialect(_chat, _chat_response),
    "responses": Dialect(_responses, _responses_response),
    "anthropic": Dialect(_anthropic, _anthropic_response),
    "gemini": Dialect(_gemini, _gemini_response),
}


def dialect_of(path: str) -> str:
    """The dialect that a captured path speaks; empty for one whose answers are not simulated."""
    endings = {
        "/chat/completions": "chat",
        "/responses": "responses",
        "/messages": "anthropic",
        ":generateContent": "gemini",
    }
    return next((dialect for ending, dialect in endings.items() if path.endswith(ending)), "")
