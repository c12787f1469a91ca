"""Blinding, evaluation and unblinding: RFC 9497, section 3.3, without its transport.

    the member                              who holds the key
    blinded = r * H(input)     ->
                               <-           evaluated = k * blinded          with a proof (`dleq`)
    output = Hash(input, evaluated / r)

The key's holder sees uniformly random elements, whatever the input; the member sees the function's value at its input
and nothing that helps at another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha512

from stillwatch.sharing.tags.group import Element, ElementInvalid, Scalar
from stillwatch.sharing.tags.suite import Suite, prefixed

OUTPUT_BYTES = 64


@dataclass(frozen=True, slots=True)
class Blinded:
    """An input under its blind: `element` is what travels, the rest stays with the member and is never printed."""

    data: bytes = field(repr=False)
    blind: Scalar = field(repr=False)
    element: Element


def blind(suite: Suite, data: bytes, scalar: Scalar | None = None) -> Blinded:
    """Blind `data`, at most 65,535 bytes; `scalar` is given by tests only. Raises `ElementInvalid` for blind 0."""
    r = suite.group.random() if scalar is None else scalar
    if not any(r):
        raise ElementInvalid("a blind is 0")
    prefixed(data)  # what cannot be finalised is refused before it travels
    return Blinded(data, r, suite.group.times(r, suite.element_of(data)))


def evaluate(suite: Suite, key: Scalar, element: Element) -> Element:
    """BlindEvaluate of one checked element."""
    return suite.group.times(key, element)


def finalise(suite: Suite, blinded: Blinded, evaluated: Element) -> bytes:
    """The function's value, 64 bytes. `evaluated` was checked, and in VOPRF mode its proof too."""
    unblinded = suite.group.times(suite.group.inverse(blinded.blind), evaluated)
    return _output(blinded.data, unblinded)


def known(suite: Suite, key: Scalar, data: bytes) -> bytes:
    """The function's value by who holds the key (Evaluate of 3.3.1): for vectors and tests."""
    return _output(data, suite.group.times(key, suite.element_of(data)))


def _output(data: bytes, element: Element) -> bytes:
    return sha512(prefixed(data) + prefixed(element) + b"Finalize").digest()
