"""OpenAI embeddings: tokens in, none out, and nothing in them that a treatment takes.

Source: OpenAI API reference, "Create embeddings".
"""

from __future__ import annotations

from stillwatch.decision.policy import Treatment
from stillwatch.gateway.dialects.asked import Asked, word
from stillwatch.gateway.dialects.estimate import tokens_in
from stillwatch.gateway.dialects.members import folded, members

_CONTENT = ("input",)
_KNOWN = folded("model", "input")


def asked(body: bytes, path: str = "") -> Asked:
    """What a request asks for. Raises `BadRequest`."""
    given = members(body, _KNOWN)
    return Asked(word(given, "model"), most_output_tokens=0, input_tokens=tokens_in(given, _CONTENT))


def treated(body: bytes, treatment: Treatment) -> bytes:
    """The same body."""
    return body
