"""OpenAI embeddings: a direction for each text, the same each time; texts with words in common lie nearer.

Source: OpenAI API reference, "Create embeddings".
"""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.demo.provider.mind import Mind, tokens_of
from stillwatch.demo.provider.reply import Reply, whole
from stillwatch.demo.provider.wish import BadWish, Body, model_of
from stillwatch.demo.provider.wish import whole as number

_DIMENSIONS, _MOST_DIMENSIONS, _MOST_TEXTS = 256, 3_072, 2_048  # chosen; the larger two as the reference has them
_WORD = re.compile(r"\w+")


def reply(body: Body, mind: Mind, name: str) -> Reply:
    """The answer to one request. Raises `BadWish`."""
    texts = _texts(body.get("input"))
    dimensions = number(body.get("dimensions"), "dimensions", 1, _MOST_DIMENSIONS) or _DIMENSIONS
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _told(embedded(text, dimensions), packed)}
        for index, text in enumerate(texts)
    ]
    asked = sum(tokens_of(text) for text in texts)
    used = {"prompt_tokens": asked, "total_tokens": asked}
    return whole({"object": "list", "data": data, "model": model_of(body), "usage": used}, 0)


def embedded(text: str, dimensions: int = _DIMENSIONS) -> NDArray[np.float32]:
    """(dimensions,) of length 1: counts of words, signed, in places that their checksums name."""
    sums = np.zeros(dimensions, np.float32)
    for word in _WORD.findall(text.lower()) or [text]:
        hashed = zlib.crc32(word.encode())
        sums[hashed % dimensions] += 1.0 if hashed & 0x8000_0000 else -1.0
    length = float(np.linalg.norm(sums))
    if length == 0.0:  # words that took each other's place
        sums[0] = length = 1.0
    return sums / np.float32(length)


def _told(direction: NDArray[np.float32], packed: bool) -> Any:
    return base64.b64encode(direction.astype("<f4").tobytes()).decode() if packed else direction.tolist()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str) and value:
        return [value]
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_TEXTS:
        raise BadWish(f"input is a text or a list of at most {_MOST_TEXTS}")
    if all(isinstance(one, int) for one in value):
        return [" ".join(map(str, value))]
    return [" ".join(map(str, one)) if isinstance(one, list) else str(one) for one in value]
