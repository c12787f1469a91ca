"""How the model misbehaves where a request asks it to, so that operators can see what the guard does then.

Asked for by the header field `X-Misbehave` or the query parameter `misbehave`, for this one request:

| value | what happens |
|---|---|
| `hang` | the request is taken and never answered |
| `reset` | the connection is reset (RST) without an answer |
| `garbage` | bytes that are no HTTP, then the connection is closed |
| `stop-mid-stream` | half of the answer, then the connection is closed as if that were all |
| `slow=SECONDS` | so long until the first byte, and between any two events of a stream |
| `status=CODE` | this status, 400 to 599, with the provider's error body |
| `429` | status 429 with `Retry-After: 2` |
| `overlong-head` | an answer whose head has a mebibyte |
| `wrong-length` | an answer that announces more bytes than it has, then the connection is closed |
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from stillwatch.demo.provider.wish import BadWish

FIELD, PARAMETER = b"x-misbehave", b"misbehave"
_PLAIN = ("hang", "reset", "garbage", "stop-mid-stream", "overlong-head", "wrong-length", "429")
_LONGEST_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """`how` is a word of the table, empty for an honest answer; `seconds` and `status` belong to two of them."""

    how: str = ""
    seconds: float = 0.0
    status: int = 0


HONEST = Misbehaviour()


def asked(field: bytes, query: bytes) -> Misbehaviour:
    """What the request wants. Raises `BadWish` for a word that the table does not have."""
    if not field and PARAMETER not in query:
        return HONEST
    word = field.decode("latin-1") or parse_qs(query.decode("latin-1")).get(PARAMETER.decode(), [""])[0]
    how, _, value = word.strip().partition("=")
    try:
        if how == "slow" and 0 <= float(value) <= _LONGEST_SECONDS:
            return Misbehaviour(how, seconds=float(value))
        if how == "status" and 400 <= int(value) <= 599:
            return Misbehaviour(how, status=int(value))
    except ValueError:
        how = ""
    if how in _PLAIN and not value:
        return Misbehaviour("status", status=429) if how == "429" else Misbehaviour(how)
    raise BadWish(f"misbehave is one of {', '.join(_PLAIN)}, slow=SECONDS or status=400 to 599")
