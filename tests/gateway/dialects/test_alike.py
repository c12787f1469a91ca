"""Events that differ in their text alone are counted as if each had been decoded."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.dialects.alike import Alike
from stillwatch.gateway.dialects.asked import NOTHING
from stillwatch.gateway.dialects.counting import Counter
from stillwatch.gateway.dialects.dialect import dialect_of
from stillwatch.gateway.dialects.events import data_of, split

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
texts = st.lists(st.text(max_size=12) | st.sampled_from(["", "plain", 'a "quoted" word', "back\\slash", "née", "\n\n"]))


def event(kind: str, text: str, compact: bool, ascii_only: bool) -> bytes:
    value: dict[str, object] = {"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    if kind == "anthropic":
        value = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    separators = (",", ":") if compact else (", ", ": ")
    body = json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")
    return b"data: " + body + b"\n\n"


@given(st.sampled_from(sorted(PATHS)), texts, st.booleans(), st.booleans(), st.integers(1, 400))
def test_a_stream_counts_as_much_as_its_events_one_by_one(
    kind: str, said: list[str], compact: bool, ascii_only: bool, size: int
) -> None:
    """Whatever the texts are, and wherever the stream is cut into pieces."""
    dialect = dialect_of(PATHS[kind])
    assert dialect is not None
    stream = b"".join(event(kind, text, compact, ascii_only) for text in said)
    one_by_one = dialect.answer(NOTHING)
    for one in split(stream)[0]:
        try:
            one_by_one.observe(data_of(one))
        except ValueError:
            one_by_one.events += 1
            one_by_one.size += len(data_of(one))
    answer = dialect.answer(NOTHING)
    counter = Counter(answer, is_stream=True)
    for at in range(0, len(stream), size):
        counter.feed(stream[at : at + size])
    counter.close()
    assert (answer.events, answer.size) == (one_by_one.events, one_by_one.size)


@pytest.mark.parametrize(
    "held",
    [
        b'data: {"delta":{"content":"a"},"content":"a"}\n\n',
        b'data: {"delta":{"content":"a"},"x":"con\\u0074ent"}\n\n',
        b'data: {"delta":{"content":["a"]}}\n\n',
        b'data: {"delta":{"content":"b"}}\n\n',
    ],
)
def test_an_event_that_could_be_cut_in_two_ways_is_not_cut(held: bytes) -> None:
    assert Alike.of(held, b"content", "a") is None


def test_most_events_of_a_stream_are_taken_at_once() -> None:
    """Else this would be no faster."""
    alike = Alike.of(event("openai", "a", True, True), b"content", "a")
    assert alike is not None
    held = [event("openai", text, True, True) for text in ("b", "", "cde")]
    finish = b"data: [DONE]\n\n"
    assert alike.take(b"".join(held) + finish) == (len(b"".join(held)), 2, 4)
    assert alike.take(finish + held[0]) is None
