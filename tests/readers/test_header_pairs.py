"""Remembered headers are those that reading anew would give, and the memory is bounded."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from stillwatch.readers import header_pairs as module
from stillwatch.readers.header_pairs import header_pairs


def test_pairs_come_in_wire_order_with_repeats() -> None:
    """Also the second time."""
    raw = Raw(b'[["Host","a"], ["Accept" , "b"],["Host","a"]]')
    for _ in range(2):
        assert header_pairs(raw) == (("Host", "a"), ("Accept", "b"), ("Host", "a"))


@given(
    st.lists(st.tuples(*[st.text(st.sampled_from('a"\\\\],[ ')) for _ in range(2)])),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", ":")]),
)
def test_quotes_commas_and_brackets_are_part_of_a_value(pairs: list[tuple[str, str]], marks: tuple[str, str]) -> None:
    """Also where they look like the mark between two pairs, however the list is spaced."""
    assert header_pairs(Raw(json.dumps(pairs, separators=marks).encode())) == tuple(pairs)


@given(
    st.binary(max_size=12).map(lambda inner: b'[["a","b%b"]]' % inner)
    | st.from_regex(rb'\[\["([a" \\\\,\[\]]{0,12})"\]\]')
)
def test_what_is_cut_between_pairs_is_what_decoding_gives(value: bytes) -> None:
    """Whatever stands between the brackets: pairs if it is a list of pairs, nothing if it is not."""
    try:
        pairs = msgspec.json.decode(value, type=tuple[tuple[str, str], ...])
    except ValueError:
        pairs = ()
    assert header_pairs(Raw(value)) == pairs


@pytest.mark.parametrize(
    "value", [b"null", b"{}", b"7", b'"Host"', b'[["Host"]]', b'[["Host", 1]]', b'["Host"]', b'[["a","b","c"]]', b"[["]
)
def test_what_is_no_list_of_pairs_is_no_headers(value: bytes) -> None:
    """An optional field of a wrong type counts as unknown."""
    assert header_pairs(Raw(value)) == ()


def test_a_row_without_headers_has_none() -> None:
    """Most logs keep none."""
    assert header_pairs(UNSET) == ()


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the number of pairs and by their length."""
    monkeypatch.setattr(module, "MAX_PAIRS", 10)
    for number in range(100):
        header_pairs(Raw(f'[["Content-Length","{number}"]]'.encode()))
        assert header_pairs(Raw(f'[["Cookie","{number:0300}"]]'.encode())) == (("Cookie", f"{number:0300}"),)
    assert len(module._KNOWN) <= 10
    assert max(map(len, module._KNOWN)) <= module.MAX_PAIR_BYTES
