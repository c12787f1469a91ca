"""How many tokens some bytes are, without a tokenizer.

    input_tokens  = ceil((content bytes - 3 * escapes) / 4) + 1000 * blobs
    output_tokens = max(events with content, ceil(UTF-8 bytes / 4))

A tokenizer would be right for one model and cost milliseconds a request. Four bytes a token is what byte-pair encodings
average on English; a JSON escape of six bytes (`\\u4e2d`) is three bytes of UTF-8 and about one token. Images and audio
arrive as base64, whose length says nothing of their tokens. Providers stream a token an event or more, so events bound
from below what digits and code (shorter tokens) would hide. Errors are measured in docs/dialects.md. An estimate only
reserves: the provider's own usage settles.
"""

from __future__ import annotations

import re

from stillwatch.gateway.dialects.members import Members

BYTES_PER_TOKEN = 4
"""Measured with two published vocabularies on real clients' prompts: docs/dialects.md."""
TOKENS_PER_BLOB = 1000
"""Chosen: within what providers charge for one picture (OpenAI 85 to 1,105, Gemini 258, Anthropic up to 1,600)."""
_LEAST_BLOB_BYTES = 2048
"""Chosen: no word of any language is so long, and hardly an icon so small."""
_LONGEST_PREFIX = 200
"""Chosen: `data:image/png;base64,` and its like are shorter."""
_LONG = re.compile(rb'"[^"]{%d,}+(?=")' % _LEAST_BLOB_BYTES)  # possessive: no client buys time by what nearly matches
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"
_BACKSLASH = ord("\\")
_TELLS_OF_BLOBS = (b"base64", b"nline", b"input_audio", b"file_data")


def tokens_in(given: Members, names: tuple[str, ...]) -> int:
    """About how many tokens the content of a request is to a model; `names` are the members that hold content."""
    return tokens_of(given.body, given.sizes(names))


def tokens_of(body: bytes, size: int) -> int:
    """The same, of a body whose content takes so many bytes."""
    if _BACKSLASH in body:  # found sooner than that there is no escape
        size -= 3 * body.count(b"\\u")
    blobs = 0
    if len(body) > _LEAST_BLOB_BYTES and any(sign in body for sign in _TELLS_OF_BLOBS):
        for found in _LONG.finditer(body):
            if _is_blob(found[0][1:]):
                size -= found.end() - found.start()
                blobs += 1
    return max(-(-size // BYTES_PER_TOKEN), 0) + TOKENS_PER_BLOB * blobs


def _is_blob(text: bytes) -> bool:
    """Is it base64, after a prefix without spaces?"""
    prefix = text.rstrip(_BASE64)
    is_short = len(prefix) <= _LONGEST_PREFIX and b" " not in prefix and b"\\" not in prefix
    return is_short and len(text) - len(prefix) >= _LEAST_BLOB_BYTES


def tokens_out(events: int, size: int) -> int:
    """About how many tokens were delivered in so many events with so many bytes of content."""
    return max(events, -(-size // BYTES_PER_TOKEN))


def utf8_size(text: str) -> int:
    """Bytes of `text` in UTF-8; half a surrogate pair, which a cut stream may hold, counts three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
