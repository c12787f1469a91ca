"""Every vector of RFC 9497, Appendix A.1 (ristretto255-SHA512), in both modes, batches too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rbcl", reason="blind tags need rbcl: pip install 'stillwatch[tags]'")

from stillwatch.sharing.tags.dleq import Proof, check, prove
from stillwatch.sharing.tags.group import Scalar
from stillwatch.sharing.tags.oprf import blind, evaluate, finalise, known
from stillwatch.sharing.tags.suite import Mode, Suite

SUITES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "rfc9497_vectors.json").read_text())["suites"]
VECTORS = [(suite, vector) for suite in SUITES for vector in suite["vectors"]]
VERIFIABLE = [(suite, vector) for suite, vector in VECTORS if "Proof" in vector]


def each(field: str) -> list[bytes]:
    """The vectors' way of writing a batch: hexadecimal, separated by commas."""
    return [bytes.fromhex(part) for part in field.split(",")]


def suite_of(given: dict[str, Any]) -> Suite:
    return Suite(Mode(given["mode"]))


def test_all_of_the_appendix_is_here() -> None:
    """Two vectors without proof, two with, and one batch of two."""
    assert [(given["mode"], vector["Batch"]) for given, vector in VECTORS] == [(0, 1), (0, 1), (1, 1), (1, 1), (1, 2)]


@pytest.mark.parametrize("given", SUITES, ids=lambda given: Mode(given["mode"]).name)
def test_keys_are_derived_as_the_appendix_says(given: dict[str, Any]) -> None:
    """DeriveKeyPair of the seed and its info; hashing to the group has the context that the vectors name."""
    suite = suite_of(given)
    keys = suite.key_pair(bytes.fromhex(given["seed"]), bytes.fromhex(given["keyInfo"]))
    assert keys.secret.hex() == given["skSm"]
    assert keys.public.hex() == given.get("pkSm", keys.public.hex())
    assert b"HashToGroup-" + suite.context == bytes.fromhex(given["groupDST"])


@pytest.mark.parametrize(("given", "vector"), VECTORS)
def test_what_travels_and_what_comes_out(given: dict[str, Any], vector: dict[str, Any]) -> None:
    """Blinded element, evaluated element and output, each of each batch."""
    suite = suite_of(given)
    key = Scalar(bytes.fromhex(given["skSm"]))
    rows = zip(*(each(vector[name]) for name in ("Input", "Blind", "BlindedElement", "EvaluationElement", "Output")))  # noqa: B905 - equal by the loop below
    for data, r, expected, evaluation, output in rows:
        blinded = blind(suite, data, suite.group.scalar(r))
        assert blinded.element == expected
        assert evaluate(suite, key, blinded.element) == evaluation
        assert finalise(suite, blinded, suite.group.element(evaluation)) == output == known(suite, key, data)


@pytest.mark.parametrize(("given", "vector"), VERIFIABLE)
def test_proofs_are_the_appendix_s_and_hold(given: dict[str, Any], vector: dict[str, Any]) -> None:
    """With the vector's randomness the proof is the vector's, byte by byte; with fresh randomness it holds too."""
    suite = suite_of(given)
    keys = suite.key_pair(bytes.fromhex(given["seed"]), bytes.fromhex(given["keyInfo"]))
    blinded = [suite.group.element(one) for one in each(vector["BlindedElement"])]
    evaluated = [suite.group.element(one) for one in each(vector["EvaluationElement"])]
    proof = prove(suite, keys, blinded, evaluated, suite.group.scalar(bytes.fromhex(vector["Proof"]["r"])))
    assert proof.encode().hex() == vector["Proof"]["proof"]
    check(suite, keys.public, blinded, evaluated, Proof.decode(proof.encode(), suite))
    check(suite, keys.public, blinded, evaluated, prove(suite, keys, blinded, evaluated))
