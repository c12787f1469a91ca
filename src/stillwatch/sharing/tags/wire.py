"""The bytes of a batch. Binary, since hexadecimal would double what the arithmetic already makes large.

request     points x 32 bytes               each a blinded element
answer      points x 32 bytes, 64 bytes     evaluated elements in the order of the request, then the proof
"""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.sharing.tags.dleq import PROOF_BYTES, Proof
from stillwatch.sharing.tags.group import ELEMENT_BYTES, Element, ElementInvalid
from stillwatch.sharing.tags.suite import Suite

MEDIA_TYPE = "application/octet-stream"
FRUITLESS = "Stillwatch-Fruitless"
"""The header in which a member says, with every batch, whether its evaluations have long met nothing: `0` or `1`."""


def encode(elements: Sequence[Element], proof: Proof | None = None) -> bytes:
    """A request, or with `proof` an answer."""
    return b"".join(elements) + (proof.encode() if proof else b"")


def decode(body: bytes, points: int, suite: Suite) -> list[Element]:
    """Exactly `points` checked elements. Raises `ElementInvalid`."""
    if len(body) != points * ELEMENT_BYTES:
        raise ElementInvalid(f"a batch has {points * ELEMENT_BYTES} bytes and this one {len(body)}")
    return [suite.group.element(body[i : i + ELEMENT_BYTES]) for i in range(0, len(body), ELEMENT_BYTES)]


def decode_answer(body: bytes, points: int, suite: Suite) -> tuple[list[Element], Proof]:
    """What came back. Raises `ElementInvalid`."""
    split = points * ELEMENT_BYTES
    if len(body) != split + PROOF_BYTES:
        raise ElementInvalid(f"an answer has {split + PROOF_BYTES} bytes and this one {len(body)}")
    return decode(body[:split], points, suite), Proof.decode(body[split:], suite)
