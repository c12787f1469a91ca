"""Requests and responses in four providers' wire formats. Sources: their API references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stillwatch.world.chance import Chance
from stillwatch.world.sent import Ask
from stillwatch.world.wire.effort import BUDGET, PARAMETER

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """`request` gives path and body for a model; `response` the body that comes back."""

    request: Callable[[Ask, str], tuple[str, Body]]
    response: Callable[[Reply, Chance], Body]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says, and its tokens: `asked` of the request, `answered` of answer and reasoning together."""

    model: str
    ts_us: int
    answer: str
    finish: str
    reasoning: str
    asked: int
    answered: int
    reasoned: int


def _chat(ask: Ask, model: str) -> tuple[str, Body]:
    """OpenAI API reference, "Create chat completion"."""
    messages = [{"role": role, "content": text} for role, text in ask.turns]
    if ask.system:
        messages.insert(0, {"role": "system", "content": ask.system})
    return "/v1/chat/completions", {"model": model, "messages": messages, **ask.parameters}


def _chat_response(reply: Reply, chance: Chance) -> Body:
    """Reasoning beside the content, as DeepSeek, vLLM and LiteLLM give it; its tokens as OpenAI counts them."""
    message = {"role": "assistant", "content": reply.answer}
    usage: Body = {
        "prompt_tokens": reply.asked,
        "completion_tokens": reply.answered,
        "total_tokens": reply.asked + reply.answered,
    }
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
        usage["completion_tokens_details"] = {"reasoning_tokens": reply.reasoned}
    return {
        "id": f"chatcmpl-{chance.hex(13)}",
        "object": "chat.completion",
        "created": reply.ts_us // 1_000_000,
        "model": reply.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
        "usage": usage,
    }


def _responses(ask: Ask, model: str) -> tuple[str, Body]:
    """OpenAI API reference, "Create a model response"."""
    body: Body = {"model": model, "input": [{"role": role, "content": text} for role, text in ask.turns]}
    if ask.system:
        body["instructions"] = ask.system
    if PARAMETER in ask.parameters:
        body["reasoning"] = {"effort": ask.parameters[PARAMETER], "summary": "auto"}
    renamed = {"max_tokens": "max_output_tokens"}
    kept = {k: v for k, v in ask.parameters.items() if k in ("max_tokens", "temperature", "top_p", "stream", "user")}
    return "/v1/responses", body | {renamed.get(name, name): value for name, value in kept.items()}


def _responses_response(reply: Reply, chance: Chance) -> Body:
    said = {"type": "output_text", "text": reply.answer, "annotations": []}
    output: list[Body] = [{"type": "message", "role": "assistant", "content": [said]}]
    usage: Body = {
        "input_tokens": reply.asked,
        "output_tokens": reply.answered,
        "total_tokens": reply.asked + reply.answered,
    }
    name = f"resp_{chance.hex(13)}"
    if reply.reasoning:
        thought = {"type": "summary_text", "text": reply.reasoning}
        output.insert(0, {"type": "reasoning", "id": f"rs_{chance.hex(13)}", "summary": [thought]})
        usage["output_tokens_details"] = {"reasoning_tokens": reply.reasoned}
    return {
        "id": name,
        "object": "response",
        "status": "completed",
        "model": reply.model,
        "output": output,
        "usage": usage,
    }


def _anthropic(ask: Ask, model: str) -> tuple[str, Body]:
    """Anthropic API reference, "Create a message": `max_tokens` is required.

    Guide "Extended thinking": its budget lies within `max_tokens`, and temperature is not to be set.
    """
    most = ask.parameters.get("max_tokens", 1024)
    kept = {k: v for k, v in ask.parameters.items() if k in ("temperature", "top_p", "stream")}
    if PARAMETER in ask.parameters:
        budget = BUDGET[ask.parameters[PARAMETER]]
        most += budget
        kept = {k: v for k, v in kept.items() if k == "stream"} | {
            "thinking": {"type": "enabled", "budget_tokens": budget}
        }
    body: Body = {"model": model, "max_tokens": most, **kept}
    if ask.system:
        body["system"] = ask.system
    return "/v1/messages", body | {"messages": [{"role": role, "content": text} for role, text in ask.turns]}


def _anthropic_response(reply: Reply, chance: Chance) -> Body:
    """Thinking is a block before the text; its tokens are among the output's."""
    name = f"msg_{chance.hex(13)}"
    content: list[Body] = [{"type": "text", "text": reply.answer}]
    if reply.reasoning:
        content.insert(0, {"type": "thinking", "thinking": reply.reasoning, "signature": chance.hex(13)})
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}.get(reply.finish, "end_turn"),
        "usage": {"input_tokens": reply.asked, "output_tokens": reply.answered},
    }


def _gemini(ask: Ask, model: str) -> tuple[str, Body]:
    """Gemini API reference, "models.generateContent"."""
    names = {"max_tokens": "maxOutputTokens", "temperature": "temperature", "top_p": "topP"}
    config: Body = {names[k]: v for k, v in ask.parameters.items() if k in names}
    if PARAMETER in ask.parameters:
        config["thinkingConfig"] = {"includeThoughts": True, "thinkingBudget": BUDGET[ask.parameters[PARAMETER]]}
    roles = {"assistant": "model"}
    body: Body = {
        "contents": [{"role": roles.get(role, "user"), "parts": [{"text": text}]} for role, text in ask.turns]
    }
    if ask.system:
        body["systemInstruction"] = {"parts": [{"text": ask.system}]}
    if config:
        body["generationConfig"] = config
    return f"/v1beta/models/{model}:generateContent", body


def _gemini_response(reply: Reply, chance: Chance) -> Body:
    """Thoughts are parts that say so; their tokens are counted beside the candidates'."""
    reason = {"stop": "STOP", "length": "MAX_TOKENS"}.get(reply.finish, "STOP")
    parts: list[Body] = [{"text": reply.answer}]
    counts = {
        "promptTokenCount": reply.asked,
        "candidatesTokenCount": reply.answered - reply.reasoned,
        "totalTokenCount": reply.asked + reply.answered,
    }
    if reply.reasoning:
        parts.insert(0, {"text": reply.reasoning, "thought": True})
        counts["thoughtsTokenCount"] = reply.reasoned
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason}],
        "usageMetadata": counts,
        "modelVersion": reply.model,
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
