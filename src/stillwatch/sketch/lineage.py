"""Sentence hashes of a payload: does the same passage come back, in this account or in another?

A prompt that is sent again inside another wrapper keeps its sentences. Six slots of a keyed MinHash over the
sentences of the last turn keep a fair sample of them, whatever the length. Known weakness: in a wrapper of many
sentences around one short question, the question is in the sample only sometimes; a reader divides by that.
"""

from __future__ import annotations

from xxhash import xxh3_64_intdigest as _hash

_SPAN_CHARS = 2048  # looked at on each end of the turn
_SHORTEST = 12  # bytes: shorter pieces ("Yes", "1", "e.g") say nothing about where a text comes from
_SHORTEST_NOT_ASCII = 15  # five ideographs
# What every byte of ASCII text counts as: an end of a sentence as an end of a line, a capital as its small letter.
_ENDS = frozenset(b".!?;")
_CLASSES = bytes(10 if c in _ENDS else ord(chr(c).lower()) for c in range(128)) + bytes(range(128, 256))
_CJK_ENDS = tuple(chr(point).encode() for point in (0x3002, 0xFF01, 0xFF1F, 0xFF1B))  # full-width . ! ? ;


def sentence_hashes(text: str) -> list[int]:
    """Public 64-bit hashes of the sentences of `text`; case and punctuation at their ends do not matter."""
    if len(text) > 2 * _SPAN_CHARS:
        text = f"{text[:_SPAN_CHARS]}\n{text[-_SPAN_CHARS:]}"
    if text.isascii():
        return _hashes(text.encode("ascii").translate(_CLASSES), _SHORTEST)
    raw = text.lower().encode("utf-8", "surrogatepass").translate(_CLASSES)
    for end in _CJK_ENDS:
        raw = raw.replace(end, b"\n")
    return _hashes(raw, _SHORTEST_NOT_ASCII)


def _hashes(lines: bytes, shortest: int) -> list[int]:
    pieces = [piece for piece in lines.split(b"\n") if len(piece) >= shortest]
    return [_hash(piece) for piece in map(bytes.strip, pieces) if len(piece) >= shortest]
