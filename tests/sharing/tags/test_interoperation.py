"""An implementation that is not ours (the wheel `voprf`, in Rust) understands ours, in both roles."""

from __future__ import annotations

import secrets

import pytest

from stillwatch.sharing.tags.dleq import PROOF_BYTES, Proof, check, prove
from stillwatch.sharing.tags.oprf import blind, evaluate, finalise, known
from stillwatch.sharing.tags.suite import Suite
from stillwatch.sharing.tags.wire import decode, encode

theirs = pytest.importorskip("voprf.ristretto", reason="needs somebody else's VOPRF: pip install voprf")

SUITE = Suite()
SEED = secrets.token_bytes(32)
INPUTS = [secrets.token_bytes(20) for _ in range(7)]


def test_both_derive_the_same_key() -> None:
    """And the same value for an input that is not blinded."""
    keys, evaluator = SUITE.key_pair(SEED, b"info"), theirs.Evaluator.from_seed(SEED, b"info")
    assert evaluator.public_key.serialize() == keys.public
    assert evaluator.evaluate_known_input(INPUTS[0]) == known(SUITE, keys.secret, INPUTS[0])


def test_their_service_answers_our_member() -> None:
    """Our blinded points, their evaluation and batch proof, our check and unblinding."""
    evaluator = theirs.Evaluator.from_seed(SEED, b"info")
    ours = [blind(SUITE, data) for data in INPUTS]
    answer = evaluator.evaluate_batch([theirs.BlindedInput.deserialize(one.element) for one in ours])
    encoded = bytes(answer.serialize())  # the proof first, then the elements
    proof, evaluated = Proof.decode(encoded[:PROOF_BYTES], SUITE), decode(encoded[PROOF_BYTES:], len(INPUTS), SUITE)
    public = SUITE.group.element(bytes(evaluator.public_key.serialize()))
    check(SUITE, public, [one.element for one in ours], evaluated, proof)
    outputs = [finalise(SUITE, one, element) for one, element in zip(ours, evaluated, strict=True)]
    assert outputs == [evaluator.evaluate_known_input(data) for data in INPUTS]


def test_our_service_answers_their_member() -> None:
    """Their blinded points, our evaluation and batch proof, their check and unblinding."""
    keys = SUITE.key_pair(SEED, b"info")
    clients, points = zip(*(theirs.Client.blind(data) for data in INPUTS), strict=True)
    blinded = [SUITE.group.element(bytes(point.serialize())) for point in points]
    evaluated = [evaluate(SUITE, keys.secret, element) for element in blinded]
    proof = prove(SUITE, keys, blinded, evaluated)
    answer = theirs.VerifiableBatchOutput.deserialize(proof.encode() + encode(evaluated))
    outputs = theirs.Client.finalize_batch(clients, answer, theirs.PublicKey.deserialize(keys.public))
    assert [bytes(one) for one in outputs] == [known(SUITE, keys.secret, data) for data in INPUTS]
