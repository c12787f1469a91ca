"""Proof that one key evaluated a whole batch: Chaum-Pedersen, batched as RFC 9497, section 2.2 writes it.

Without it a service could answer one member under a key of its own and know that member's tags wherever they turn up.
The proof shows that log_A(B) = log_Ci(Di) for every i at once, in 64 bytes, and nothing about the logarithm. A batch in
which one element was evaluated under another key passes with a chance of about 2^-252.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha512

from stillwatch.errors import StillwatchError
from stillwatch.sharing.tags.group import SCALAR_BYTES, Element, ElementInvalid, Scalar
from stillwatch.sharing.tags.suite import KeyPair, Suite, prefixed

PROOF_BYTES = 2 * SCALAR_BYTES
LARGEST_BATCH = 2**16 - 1
"""Elements: their number in a transcript has two bytes."""


class ProofInvalid(StillwatchError):
    """A batch was not evaluated under the published key, or its proof was damaged on the way. Nothing of it is used."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Challenge and response."""

    c: Scalar
    s: Scalar

    def encode(self) -> bytes:
        return self.c + self.s

    @classmethod
    def decode(cls, encoded: bytes, suite: Suite) -> Proof:
        """Raises `ElementInvalid` for another length or scalars that are not canonical."""
        if len(encoded) != PROOF_BYTES:
            raise ElementInvalid(f"a proof has {PROOF_BYTES} bytes and this one {len(encoded)}")
        return cls(suite.group.scalar(encoded[:SCALAR_BYTES]), suite.group.scalar(encoded[SCALAR_BYTES:]))


def prove(
    suite: Suite, keys: KeyPair, blinded: Sequence[Element], evaluated: Sequence[Element], random: Scalar | None = None
) -> Proof:
    """GenerateProof: `evaluated[i] = keys.secret * blinded[i]` for all i. `random` is given by tests only."""
    group = suite.group
    m = _sum(suite, _terms(suite, _weights(suite, keys.public, blinded, evaluated), blinded))
    z = group.times(keys.secret, m)
    r = group.random() if random is None else random
    c = _challenge(suite, keys.public, m, z, group.base_times(r), group.times(r, m))
    return Proof(c, group.scalar_minus(r, group.scalar_times(c, keys.secret)))


def check(
    suite: Suite, public: Element, blinded: Sequence[Element], evaluated: Sequence[Element], proof: Proof
) -> None:
    """VerifyProof of checked elements. Raises `ProofInvalid`."""
    if not 0 < len(blinded) == len(evaluated) <= LARGEST_BATCH:
        raise ProofInvalid(f"{len(blinded)} elements were sent and {len(evaluated)} came back")
    group = suite.group
    weights = list(_weights(suite, public, blinded, evaluated))
    try:
        m = _sum(suite, _terms(suite, weights, blinded))
        z = _sum(suite, _terms(suite, weights, evaluated))
        t2 = group.plus(group.base_times(proof.s), group.times(proof.c, public))
        t3 = group.plus(group.times(proof.s, m), group.times(proof.c, z))
    except ElementInvalid:  # a product is the identity: no honest proof makes one, but with a chance of 2^-252
        raise ProofInvalid("a proof holds a scalar that proves nothing") from None
    if _challenge(suite, public, m, z, t2, t3) != proof.c:
        raise ProofInvalid(
            "a batch was not evaluated under the pinned key",
            "Do not use its tags, and ask the key service's operator: it may be telling members apart by keys",
        )


def _weights(
    suite: Suite, public: Element, blinded: Sequence[Element], evaluated: Sequence[Element]
) -> Iterator[Scalar]:
    """The random weights of ComputeComposites, bound to the key and to every pair."""
    seed = sha512(prefixed(public) + prefixed(b"Seed-" + suite.context)).digest()
    for i, (c, d) in enumerate(zip(blinded, evaluated, strict=True)):
        yield suite.scalar_of(prefixed(seed) + i.to_bytes(2, "big") + prefixed(c) + prefixed(d) + b"Composite")


def _terms(
    suite: Suite, weights: Iterator[Scalar] | Sequence[Scalar], elements: Sequence[Element]
) -> Iterator[Element]:
    return (suite.group.times(weight, element) for weight, element in zip(weights, elements, strict=True))


def _sum(suite: Suite, terms: Iterator[Element]) -> Element:
    return reduce(suite.group.plus, terms)


def _challenge(suite: Suite, *elements: Element) -> Scalar:
    return suite.scalar_of(b"".join(map(prefixed, elements)) + b"Challenge")
