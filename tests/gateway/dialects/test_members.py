"""Members of an object are found where they lie, and nobody says one thing to the guard and another to the model."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.members import MOST_MEMBERS, MOST_QUOTES, folded, members

KNOWN = folded("max_tokens", "n", "stream")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
NAMES = st.text(st.characters(exclude_characters='"\\', exclude_categories=("Cs", "Cc")))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(st.dictionaries(NAMES.filter(lambda name: name.casefold() not in KNOWN), VALUES), st.sampled_from([None, 1]))
def test_every_member_is_found_as_it_was_written(value: dict[str, object], indent: int | None) -> None:
    """Whatever its values hold and however it is laid out."""
    found = members(json.dumps(value, indent=indent, ensure_ascii=False).encode(), KNOWN)
    assert {name: json.loads(found.raw(name) or b"null") for name in value} == value


@given(st.dictionaries(NAMES.filter(lambda name: name.casefold() not in KNOWN), VALUES))
def test_an_edit_changes_what_it_names_and_nothing_else(value: dict[str, object]) -> None:
    body = json.dumps(value | {"n": 3}).encode() if all(name.isascii() for name in value) else b'{"n":3}'
    edited = members(body, KNOWN).edited({"n": b"1", "max_tokens": b"7"})
    assert json.loads(edited) == json.loads(body) | {"n": 1, "max_tokens": 7}
    assert members(edited, KNOWN).edited({"n": b"1", "stream": None}) is edited


@pytest.mark.parametrize(
    "body",
    [
        b'{"max_tokens":1,"max_tokens":9}',
        b'{"max_tokens":1,"other":2,"max_tokens":1}',
        b'{"max_tokens":1,"max\\u005ftokens":9}',
        b'{"max\\u005Ftokens":9}',
        b'{"a":{},"a":{}}',
        b'{"a":1,"b":2,"a":1,"b":2}',
        b'{"max_tokens":{"z":9},"max_tokens":123456}',
        b'{"a":{"q":0,"max_tokens":5},"max_tokens":7,"a":123456}',
    ],
)
def test_a_parameter_said_twice_or_in_disguise_is_refused(body: bytes) -> None:
    """The last counts for some servers, the first for others."""
    with pytest.raises(BadRequest, match="twice"):
        members(body, KNOWN)


@pytest.mark.parametrize("name", ["MAX_TOKENS", "Max_tokens", "max_to\u212aens", "\u017ftream", "N"])
def test_another_letter_case_of_a_parameter_is_refused(name: str) -> None:
    """Go's decoder takes them for the parameter itself, the Kelvin sign and the long s included."""
    with pytest.raises(BadRequest, match="Did you mean"):
        members(json.dumps({name: 9}, ensure_ascii=False).encode(), KNOWN)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"{",
        b'{"a":1,}',
        b'{"a":1}{"a":2}',
        b"{'a':1}",
        b"\xef\xbb\xbf{}",
        b'{"a":NaN}',
        b"[" * 9999,
    ],
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="not a JSON object"):
        members(body, KNOWN)


def test_what_is_not_utf_8_is_refused() -> None:
    """One server reads it as Latin-1, the next drops it."""
    with pytest.raises(BadRequest, match="not UTF-8"):
        members(b'{"a":"\xff"}', KNOWN)


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b",".join(b'"%x":1' % number for number in range(MOST_MEMBERS + 1)) + b"}",
        b'{"a":[' + b'"",' * MOST_QUOTES + b'""]}',
    ],
    ids=["members", "texts"],
)
def test_what_would_keep_a_worker_busy_is_refused(body: bytes) -> None:
    """Millions of members fit into one body, and others wait while they are looked at."""
    with pytest.raises(BadRequest, match="too many"):
        members(body, KNOWN)


def test_the_name_of_a_parameter_within_content_is_content() -> None:
    """A prompt may speak of max_tokens, and a tool may have a parameter of that name."""
    body = json.dumps({"max_tokens": 5, "tools": {"max_tokens": 9}, "messages": '{"max_tokens":7,"n":2}'}).encode()
    assert members(body, KNOWN).raw("max_tokens") == b"5"


PARTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "\\u0061", "max_tokens", "max\\u005ftokens", "\u4e2d", "\\u4e2d", "n"]),
        st.sampled_from(["1", '"x"', '{"a":2}', "[1,2]", '"\\u0061"', "null"]),
        st.sampled_from(["", "", "", " "]),
    ),
    max_size=5,
)


@given(PARTS)
def test_who_reads_and_who_looks_at_each_byte_agree(parts: list[tuple[str, str, str]]) -> None:
    """Names twice or with escapes are refused and all others found, with spaces that make up for bytes or without."""
    body = ("{" + ",".join(f'{space}"{name}":{value}' for name, value, space in parts) + "}").encode()
    names = [name for name, _, _ in parts]
    if len(set(names)) < len(names) or any("\\" in name for name in names):
        with pytest.raises(BadRequest, match="twice"):
            members(body, KNOWN)
        return
    found = members(body, KNOWN)
    assert {name: found.raw(name).decode() for name in names} == {
        name: "" if value == "null" else value for name, value, _ in parts
    }
    assert found.edited({"n": b"7"}) == body or json.loads(found.edited({"n": b"7"})) == json.loads(body) | {"n": 7}
