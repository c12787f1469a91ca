"""What a request asks for, as far as limits and treatments depend on it, and how single parameters are read.

Each limiting parameter is a whole number, written as one (`10`) or as JavaScript writes one (`10.0`, `1e3`). Text,
truth values, fractions and negative numbers are refused, although some servers would take "10" for 10: what they make
of it is theirs to know, and a limit cannot depend on a guess.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from stillwatch.exchange.request_fields import MAX_COUNT
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.members import Members

ARGUMENTS = b"vllm_xargs"
"""The member of a body that holds arguments for vLLM's processors."""
_MOST_DIGITS = 24
"""Chosen: longer numbers than any client's largest integer are no counts."""
_REMEMBERED_WORDS = 256
_LONGEST_REMEMBERED = 128
"""Names of models, of which a provider has fewer, and bytes of one. Chosen."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What one request asks for.

    `most_output_tokens` is for each of the `choices`, None where the request leaves it to the provider. `input_tokens`
    is an estimate (`estimate.py`); all else is what the request says. Where not `may_have_arguments` it is known that
    no member is named `vllm_xargs`.
    """

    model: str = ""
    is_stream: bool = False
    most_output_tokens: int | None = None
    choices: int = 1
    wants_logprobs: bool = False
    wants_reasoning: bool = False
    wants_usage: bool = False
    input_tokens: int = 0
    may_have_arguments: bool = True


NOTHING = Asked()
"""Of a call without a body, as a list of models."""


def whole(members: Members, name: str) -> int | None:
    """The count `name`, None where it is absent or null; raises `BadRequest` for what is no count."""
    raw = members.raw(name)
    if not raw:
        return None
    if raw.isdigit() and len(raw) <= _MOST_DIGITS:
        return min(int(raw), MAX_COUNT)
    try:
        value = float(raw) if len(raw) <= _MOST_DIGITS and raw[:1] not in b'"tf[{' else -1.0
    except ValueError:
        value = -1.0
    if not (value >= 0 and value.is_integer()):
        raise BadRequest(f"Invalid type for '{members.path(name)}': expected a whole number.", members.path(name))
    return int(min(value, MAX_COUNT))


def largest(*counts: int | None) -> int | None:
    """The largest of several spellings of one limit: which of them the server obeys is not known."""
    given = [count for count in counts if count is not None]
    return max(given) if given else None


def switch(members: Members, name: str) -> bool:
    """The truth value `name`, False where it is absent or null; raises `BadRequest` for anything else."""
    raw = members.raw(name)
    if raw not in (b"", b"true", b"false"):
        raise BadRequest(f"Invalid type for '{members.path(name)}': expected a boolean.", members.path(name))
    return raw == b"true"


def word(members: Members, name: str) -> str:
    """The text `name`, empty where it is absent or null; raises `BadRequest` for anything else."""
    raw = members.raw(name)
    if not raw:
        return ""
    if raw[:1] != b'"':
        raise BadRequest(f"Invalid type for '{members.path(name)}': expected a string.", members.path(name))
    return _text(raw) if len(raw) <= _LONGEST_REMEMBERED else _decoded(raw)


_decoded = msgspec.json.Decoder(str).decode
_text = lru_cache(_REMEMBERED_WORDS)(_decoded)


def capped(members: Members, name: str, most: int) -> bytes | None:
    """The value of the count `name` that is at most `most`; None where absent, its own bytes where less."""
    count = whole(members, name)
    if count is None:
        return None
    return members.raw(name) if count <= most else str(most).encode()
