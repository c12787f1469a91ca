"""OpenAI's older completions. A list of prompts asks for as many answers; `best_of` makes more than it shows.

Source: OpenAI API reference, "Create completion".
"""

from __future__ import annotations

import msgspec

from stillwatch.decision.policy import UNTOUCHED, Treatment
from stillwatch.gateway.dialects import openai_chat
from stillwatch.gateway.dialects.asked import Asked, capped, switch, whole, word
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.estimate import tokens_in
from stillwatch.gateway.dialects.members import Members, folded, members

_CONTENT = ("prompt", "suffix")
_KNOWN = folded(
    "model", "prompt", "stream", "stream_options", "n", "best_of", "max_tokens", "min_tokens",
    "logprobs", "prompt_logprobs",
)  # fmt: skip
_PROBABILITIES = ("logprobs", "prompt_logprobs")
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def asked(body: bytes, path: str = "") -> Asked:
    """What a request asks for; `choices` counts all that is made (`best_of`, every prompt). Raises `BadRequest`."""
    given = members(body, _KNOWN)
    return Asked(
        word(given, "model"),
        switch(given, "stream"),
        whole(given, "max_tokens"),
        max(whole(given, "n") or 1, whole(given, "best_of") or 1, 1) * _prompts(given),
        any(given.raw(name) not in (b"", b"false") for name in _PROBABILITIES),  # 0 asks for the chosen tokens'
        False,
        openai_chat.wants_usage(given),
        tokens_in(given, _CONTENT),
    )


def treated(body: bytes, treatment: Treatment) -> bytes:
    """The body as `treatment` wants it; the same object for `UNTOUCHED`. Raises `BadRequest`."""
    if treatment is UNTOUCHED:
        return body
    given = members(body, _KNOWN)
    changes: dict[str, bytes | None] = {}
    if not treatment.logprobs:
        changes |= dict.fromkeys(_PROBABILITIES)
    if treatment.most_choices is not None:
        changes |= {name: capped(given, name, treatment.most_choices) for name in ("n", "best_of")}
    if treatment.most_output_tokens is not None:
        changes |= openai_chat.output_caps(given, ("max_tokens",), treatment.most_output_tokens)
    return given.edited(changes)


def answer(asked: Asked) -> openai_chat.Answer:
    """One completion as it comes."""
    return openai_chat.Answer(asked, "text_completion")


def _prompts(given: Members) -> int:
    """How many prompts there are; a list of numbers is one prompt of tokens. Raises `BadRequest` for a mixed list."""
    raw = given.raw("prompt")
    first = raw[1:].lstrip()[:1] if raw[:1] == b"[" else b""
    lists = raw.count(b"[") - 1
    if first == b'"':
        return len(_list(raw))
    if first == b"[":
        return lists
    if first and (lists or b'"' in raw):
        raise BadRequest("The prompts are neither all text nor all tokens.", "prompt")
    return 1
