"""The published vectors are what the code does, and no raw value is repeated in a refusal."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.tags.identifier import Identifier, Kind
from stillwatch.sharing.tags.normalise import NotAnIdentifier, identifier
from stillwatch.sharing.tags.oprf import known
from stillwatch.sharing.tags.suite import Suite

PUBLISHED: dict[str, Any] = json.loads((files("stillwatch.sharing.tags") / "normalisation.json").read_text("utf-8"))
SPELLED = [vector for vector in PUBLISHED["vectors"] if "spelling" in vector]
REFUSED = [vector for vector in PUBLISHED["vectors"] if "refused" in vector]
SUITE = Suite()
KEYS = SUITE.key_pair(bytes.fromhex(PUBLISHED["key"]["seed"]), PUBLISHED["key"]["info"].encode())


def test_every_kind_has_vectors_of_both_sorts() -> None:
    """What is spelled and what is refused, for each kind."""
    assert {vector["kind"] for vector in SPELLED} == {vector["kind"] for vector in REFUSED} | {"handle"} == set(Kind)


@pytest.mark.parametrize("vector", SPELLED, ids=lambda vector: f"{vector['kind']} {vector['raw']}")
def test_the_published_spelling_and_tag(vector: dict[str, str]) -> None:
    """A partner who spells as the file says gets the tags of the file, under its public key."""
    found = identifier(Kind(vector["kind"]), vector["raw"])
    assert found.value == vector["spelling"]
    assert known(SUITE, KEYS.secret, found.data)[:16].hex() == vector["tag"]
    assert KEYS.public.hex() == PUBLISHED["key"]["public"]


@pytest.mark.parametrize("vector", SPELLED, ids=lambda vector: f"{vector['kind']} {vector['raw']}")
def test_a_spelling_is_its_own_spelling(vector: dict[str, str]) -> None:
    """So lists that were normalised before can be given again."""
    assert identifier(Kind(vector["kind"]), vector["spelling"]).value == vector["spelling"]


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: f"{vector['kind']} {vector['raw']}")
def test_what_is_refused_is_not_repeated(vector: dict[str, str]) -> None:
    """Errors reach logs, and logs reach people who may not see customers' addresses."""
    with pytest.raises(NotAnIdentifier) as refused:
        identifier(Kind(vector["kind"]), vector["raw"])
    assert refused.value.problem.partition(": ")[2] == vector["refused"]
    assert vector["raw"] not in str(refused.value)


@given(st.sampled_from(Kind), st.text(max_size=400))
def test_any_text_has_one_spelling_or_is_refused(kind: Kind, text: str) -> None:
    """No other error, whatever comes; and what has a spelling keeps it."""
    try:
        found = identifier(kind, text)
    except NotAnIdentifier:
        return
    assert identifier(kind, found.value) == found


def test_the_kind_is_part_of_the_input() -> None:
    """A number that is a handle and an autonomous system gives two tags; nor do kind and value run together."""
    assert Identifier(Kind.ASN, "64500").data != Identifier(Kind.HANDLE, "64500").data
    assert b"\0asn\0" in Identifier(Kind.ASN, "64500").data
