"""Messages of the OpenTelemetry GenAI conventions as records: parts, plain content, or numbered attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.exchange.record import Message

ROLES = {"system": "system", "developer": "system", "assistant": "assistant", "model": "assistant", "tool": "tool"}
MAX_NUMBERED = 1024  # chosen: span attributes are limited to 128 by default, dialogues to less
_SILENT_PARTS = frozenset({"reasoning", "thinking"})  # earlier thoughts are not part of the text


def messages_of(given: list[Any], role: str = "user") -> list[Message]:
    """One message per object of a list; `role` is for those that name none."""
    return [message_of({"role": role, **item}) for item in given if isinstance(item, dict)]


def message_of(given: Mapping[str, Any]) -> Message:
    """A message with `role` and either `parts` or `content`."""
    role = given.get("role")
    parts = given.get("parts") if isinstance(given.get("parts"), list) else given.get("content")
    texts: list[str] = []
    images = others = calls = 0
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind, text = _word(part.get("type")), _text_of(part)
            if kind == "tool_call":
                calls += 1
            elif text is not None and kind not in _SILENT_PARTS:
                texts.append(text)
            elif _is_image(part):
                images += 1
            elif kind not in _SILENT_PARTS:
                others += 1
    asked = given.get("tool_calls")
    calls += len(asked) if isinstance(asked, list) else 0
    return Message(ROLES.get(_word(role), "user"), "\n".join(texts), images, others, calls)


def numbered_messages(given: Mapping[str, Any], prefix: str) -> list[Message]:
    """OpenLLMetry's form: gen_ai.prompt.0.role, gen_ai.prompt.0.content, gen_ai.prompt.1.role and so on."""
    found = []
    for number in range(MAX_NUMBERED):
        role, content = given.get(f"{prefix}{number}.role"), given.get(f"{prefix}{number}.content")
        calls = [name for name in given if name.startswith(f"{prefix}{number}.tool_calls.") and name.endswith(".name")]
        if role is None and content is None and not calls:
            break
        found.append(message_of({"role": role, "content": content, "tool_calls": calls}))
    return found


def _text_of(part: Mapping[str, Any]) -> str | None:
    """The text of a text part or of a tool's response, under the names that the conventions have used."""
    if _word(part.get("type")) in ("blob", "uri", "file"):
        return None
    for name in ("content", "text", "response", "result"):
        if isinstance(part.get(name), str):
            return str(part[name])
    return None


def _is_image(part: Mapping[str, Any]) -> bool:
    return any(_word(part.get(name)).startswith("image") for name in ("modality", "mime_type", "type"))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
