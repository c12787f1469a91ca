"""JSON that parsers might read differently is not read at all."""

from __future__ import annotations

import pytest

from stillwatch.sharing.taxii.strict_json import MOST_LEVELS, read_strictly


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'["\\u0000"]', "NUL"),
        (b'"\xff"', "UTF-8"),
        (b"NaN", "NaN"),
        (b"[-Infinity]", "NaN"),
        (b"{'a': 1}", "not JSON"),
        (b"", "not JSON"),
        (b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1), "nested deeper"),
        (b"[" * 1_000_000, "nested deeper"),
        (b'"\x01"', "not JSON"),
    ],
)
def test_what_is_refused(raw: bytes, reason: str) -> None:
    """With a reason that quotes nothing."""
    with pytest.raises(ValueError, match=reason):
        read_strictly(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" * MOST_LEVELS + b"]" * MOST_LEVELS, None),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'{"a": [1.5, 1e3, -0, true, null]}', {"a": [1.5, 1000.0, 0, True, None]}),
        (b'"' + b"[" * 1000 + b'"', "[" * 1000),
    ],
)
def test_what_is_read(raw: bytes, value: object) -> None:
    """Pairs of surrogates, escaped backslashes, brackets in strings, the deepest that is allowed."""
    assert value is None or read_strictly(raw) == value
    assert read_strictly(raw) is not None
