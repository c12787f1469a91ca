"""What the local model says: text for a chat request, in the form that the request asks for.

Deterministic: the same request body and the same ordinal of choice give the same words, in any process.
"""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recipe import forms, prose


@dataclass(frozen=True)
class Reply:
    """One choice of an answer: text, or a call of the tool `tool` with JSON `arguments`."""

    text: str
    tool: str | None = None
    arguments: str | None = None


def reply(body: Mapping[str, Any], choice: int = 0) -> Reply:
    """The model's answer to the chat request `body`, for its choice number `choice`."""
    digest = hashlib.sha256(json.dumps([body, choice], sort_keys=True).encode()).digest()
    rng = random.Random(digest)  # noqa: S311 - variety, no secret
    prompt = last_text(body, "user")
    words = prose.content_words(prompt)
    tool = _demanded_tool(body)
    if tool is not None:
        return Reply("", tool["name"], json.dumps(forms.fill(tool.get("parameters", {}), words, rng)))
    schema = _response_schema(body)
    if schema is not None:
        return Reply(json.dumps(forms.fill(schema, words, rng)))
    return Reply(_prose(whole_text(body), prompt, words, rng))


def last_text(body: Mapping[str, Any], role: str) -> str:
    """The text of the last message of `role`, or of any role where there is none."""
    messages = body.get("messages", [])
    for message in reversed(messages):
        if message.get("role") == role:
            return _flat(message.get("content"))
    return _flat(messages[-1].get("content")) if messages else ""


def whole_text(body: Mapping[str, Any]) -> str:
    """The text of all messages, one after the other."""
    return "\n".join(_flat(message.get("content")) for message in body.get("messages", []))


def _flat(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content or ""


def _demanded_tool(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The function that `tool_choice` demands, if it demands one."""
    wanted = body.get("tool_choice")
    tools = [tool["function"] for tool in body.get("tools") or [] if tool.get("type") == "function"]
    if not tools or wanted in (None, "auto", "none"):
        return None
    if isinstance(wanted, dict):
        name = wanted.get("function", {}).get("name")
        tools.sort(key=lambda tool: tool["name"] == name)
    return dict(tools[-1])


def _response_schema(body: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        return dict(wanted["json_schema"]["schema"])
    return {"type": "object", "properties": {"answer": {}}} if wanted.get("type") == "json_object" else None


def _prose(everything: str, prompt: str, words: list[str], rng: random.Random) -> str:
    if "QA pairs to rate" in everything:
        return forms.rated_pairs(everything, rng)
    if '"question":' in everything and '"answer":' in everything:
        return forms.question_answer_pairs(everything, rng.randint(3, 4), rng)
    if "#Rewritten Prompt#" in prompt:
        return _harder(prompt, rng)
    if "<think>" in everything:
        steps = [f"Step {number}. {prose.sentence(words, rng)}" for number in range(1, rng.randint(3, 6))]
        return "<think>" + "\n".join(steps) + f"</think>\n<output>{prose.paragraph(words, 2, rng)}</output>"
    return prose.paragraph(words, _length(prompt, rng), rng)


def _length(prompt: str, rng: random.Random) -> int:
    """Sentences in an answer: long questions get longer answers, with a long tail."""
    return max(1, min(9, int(rng.gammavariate(2.0, 1.2 + min(len(prompt), 600) / 400))))


def _harder(prompt: str, rng: random.Random) -> str:
    """The instruction inside a rewriting prompt with one more demand, as such a rewriter answers."""
    given = prompt.split("#The Given Prompt#:")[-1].split("#Rewritten Prompt#")[0].split("#Created Prompt#")[0].strip()
    demands = (
        "State the assumptions that the answer depends on.",
        "Give a worked example with numbers and check it at the end.",
        "Compare two approaches and say when each of them fails.",
        "Keep it below two hundred words and avoid technical terms.",
        "Also name one common misconception and show why it is wrong.",
        "Answer for a reader who knows the field but not this case.",
        "Include the edge case in which the usual method does not apply.",
        "Derive the result step by step instead of quoting it.",
    )
    return f"{given} {rng.choice(demands)}"
