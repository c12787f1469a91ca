"""One object has one sequence of bytes, whatever wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.governance.canonical import NotCanonical, canonical, digest

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def test_the_example_of_the_standard() -> None:
    """RFC 8785, 3.2.3: names are sorted by UTF-16 code units, so the smiling face stands before the Hebrew letter."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = canonical(dict.fromkeys(names, 0)).decode()
    assert list(json.loads(written)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_literals_and_escapes_of_the_standard() -> None:
    """RFC 8785, 3.2.2.2, without its fractions."""
    assert canonical({"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}) == (
        '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'.encode()
    )


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_order_and_spacing_of_the_source_change_nothing(document: dict[str, Any]) -> None:
    """What was read back from another spelling has the same digest, and nothing is lost."""
    turned = json.loads(json.dumps(dict(reversed(document.items())), indent=3))
    assert digest(turned) == digest(document)
    assert json.loads(canonical(document)) == document


@pytest.mark.parametrize("value", [0.5, 1e3, 2**53, -(2**53), b"raw", "\ud800", {1: 2}])
def test_what_could_be_written_in_two_ways_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical({"value": value})


def test_depth_is_bounded() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(NotCanonical, match="deeper"):
        canonical({"deep": deep})
