"""What comes from outside is refused where it is no element or scalar: length, identity, encoding, range."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stillwatch.errors import UsageError
from stillwatch.sharing.tags.dleq import Proof, ProofInvalid, check, prove
from stillwatch.sharing.tags.group import ORDER, Element, ElementInvalid, Ristretto255
from stillwatch.sharing.tags.oprf import blind, evaluate
from stillwatch.sharing.tags.suite import Suite

SUITE = Suite()
KEYS = SUITE.key_pair(bytes(32), b"keys of these tests")
INPUTS = [blind(SUITE, b"%d" % number).element for number in range(5)]
OUTPUTS = [evaluate(SUITE, KEYS.secret, element) for element in INPUTS]

# RFC 9496, A.2: one of each class of encodings that a decoder has to refuse.
BAD = {
    "not canonical": "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "p itself": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "p + 1": "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "negative field element": "0100000000000000000000000000000000000000000000000000000000000000",
    "x squared is no square": "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "negative xy": "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "y is 0": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "identity": "00" * 32,
    "too short": "00" * 31,
    "too long": "00" * 33,
}


@pytest.mark.parametrize("encoded", BAD.values(), ids=BAD)
def test_what_is_no_element_is_refused(encoded: str) -> None:
    """The classes of RFC 9496, A.2, and the identity, which RFC 9497 forbids too."""
    with pytest.raises(ElementInvalid):
        SUITE.group.element(bytes.fromhex(encoded))


@pytest.mark.parametrize("number", [ORDER, ORDER + 1, 2**256 - 1])
def test_a_scalar_has_one_encoding(number: int) -> None:
    """Only numbers below the order; a proof in which the order was added to a scalar is refused, not reduced."""
    encoded = number.to_bytes(32, "little")
    with pytest.raises(ElementInvalid):
        SUITE.group.scalar(encoded)
    with pytest.raises(ElementInvalid):
        Proof.decode(bytes(32) + encoded, SUITE)


def test_an_honest_batch_passes() -> None:
    """The control of the tests below."""
    check(SUITE, KEYS.public, INPUTS, OUTPUTS, prove(SUITE, KEYS, INPUTS, OUTPUTS))


@pytest.mark.parametrize("place", range(5))
def test_one_point_under_another_key_spoils_the_batch(place: int) -> None:
    """Wherever it stands: a proof made for it by the key's holder does not hold."""
    other = SUITE.key_pair(bytes(32), b"another key")
    outputs = [*OUTPUTS]
    outputs[place] = evaluate(SUITE, other.secret, INPUTS[place])
    with pytest.raises(ProofInvalid):
        check(SUITE, KEYS.public, INPUTS, outputs, prove(SUITE, KEYS, INPUTS, outputs))


def test_a_proof_is_of_its_batch_its_order_and_its_key() -> None:
    """Swapped points, another batch's proof, another key, and damaged scalars."""
    proof = prove(SUITE, KEYS, INPUTS, OUTPUTS)
    other = SUITE.key_pair(bytes(32), b"another key")
    swapped: list[Element] = [OUTPUTS[1], OUTPUTS[0], *OUTPUTS[2:]]
    damaged = Proof(proof.c, SUITE.group.scalar_times(proof.s, proof.s))
    wrong = [
        (KEYS.public, INPUTS, swapped, proof),
        (KEYS.public, INPUTS[:4], OUTPUTS[:4], proof),
        (other.public, INPUTS, OUTPUTS, proof),
        (KEYS.public, INPUTS, OUTPUTS, damaged),
        (KEYS.public, INPUTS, OUTPUTS, Proof.decode(bytes(64), SUITE)),
        (KEYS.public, INPUTS, OUTPUTS[:4], proof),
        (KEYS.public, [], [], proof),
    ]
    for arguments in wrong:
        with pytest.raises(ProofInvalid):
            check(SUITE, *arguments)


def test_a_batch_of_the_largest_size_is_the_most() -> None:
    """Places in a batch have two bytes; more would be indistinguishable from fewer."""
    many = INPUTS[:1] * 65_536
    with pytest.raises(ProofInvalid, match="65536"):
        check(SUITE, KEYS.public, many, many, prove(SUITE, KEYS, INPUTS, OUTPUTS))


def test_what_cannot_be_hashed_is_refused_before_it_travels() -> None:
    """RFC 9497 writes an input's length in two bytes."""
    with pytest.raises(UsageError, match="65536 bytes"):
        blind(SUITE, bytes(65_536))


def test_the_library_s_file_does_not_stay_behind() -> None:
    """The wheel unpacks libsodium at each start; a service restarted for years would fill the disk."""
    Ristretto255()
    assert not Path(sys.modules["rbcl._sodium"].lib_path).exists()
