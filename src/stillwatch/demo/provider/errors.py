"""Error bodies as each provider sends them. Sources: OpenAI, "Error codes"; Anthropic, "Errors"; Google AIP-193."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any

from stillwatch.demo.provider.reply import Reply, whole

_RETRY_SECONDS = b"2"
_ANTHROPIC = {400: "invalid_request_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}
_GOOGLE = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


class Provider(Enum):
    """Whose form an error takes."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


def error(provider: Provider, status: int, says: str) -> Reply:
    """A refusal; 429 says when to come again."""
    reply = whole(_BODIES[provider](status, says), 0, status)
    return replace(reply, headers=((b"Retry-After", _RETRY_SECONDS),)) if status == 429 else reply


def _openai(status: int, says: str) -> dict[str, Any]:
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    return {"error": {"message": says, "type": kind, "param": None, "code": None}}


def _anthropic(status: int, says: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": _ANTHROPIC.get(status, "api_error"), "message": says}}


def _gemini(status: int, says: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": says, "status": _GOOGLE.get(status, "INTERNAL")}}


_BODIES = {Provider.OPENAI: _openai, Provider.ANTHROPIC: _anthropic, Provider.GEMINI: _gemini}
