"""An answer is counted while it comes, however the network cuts it, and ends within its budget."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.counting import MOST_BODY_BYTES, MOST_HELD_BYTES, Counter, Used
from stillwatch.gateway.dialects.dialect import dialect_of

from .streams import STREAMS, TEXT, UNFINISHED, WORDS, chat, wire

DELIVERED = max(len(WORDS), math.ceil(len(TEXT.encode()) / 4))
"""By the formula of `estimate`."""
CHAT = "/v1/chat/completions"


def counter(path: str, budget: int | None = None, is_stream: bool = True) -> Counter:
    dialect = dialect_of(path)
    assert dialect is not None
    return dialect.counter(Asked(model="m", is_stream=is_stream, wants_usage=True, input_tokens=5), is_stream, budget)


def pieces(text: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(text), *[cut % (len(text) + 1) for cut in cuts]})
    return [text[start:end] for start, end in itertools.pairwise(edges)]


CUTS = st.lists(st.integers(0, 10_000), max_size=40)


@pytest.mark.parametrize("path", [path for path in STREAMS if path != "/v1/completions"])
@settings(max_examples=25)
@given(cuts=CUTS)
def test_at_its_end_a_stream_says_its_usage(path: str, cuts: list[int]) -> None:
    """Wherever the network cuts it: inside a character, a name, a line end."""
    counts = counter(path)
    assert not any(counts.feed(piece) for piece in pieces(b"".join(STREAMS[path]), cuts))
    assert counts.close() == Used(5, 12, is_said=True)


@pytest.mark.parametrize("path", STREAMS)
@settings(max_examples=25)
@given(cuts=CUTS)
def test_a_client_that_leaves_before_the_end_pays_for_what_it_read(path: str, cuts: list[int]) -> None:
    """Usage comes last, so without counting all but the last chunk would be free."""
    counts = counter(path)
    assert not any(counts.feed(piece) for piece in pieces(b"".join(UNFINISHED[path]), cuts))
    assert counts.delivered == DELIVERED
    used = counts.close()
    assert (used.output_tokens, used.is_said) == (DELIVERED, False)


@pytest.mark.parametrize("path", STREAMS)
@settings(max_examples=25)
@given(cuts=CUTS, budget=st.integers(1, DELIVERED - 1))
def test_a_stream_is_cut_after_the_event_that_reaches_its_budget(path: str, cuts: list[int], budget: int) -> None:
    """Whatever the pieces: never before, and nothing of what comes after goes out."""
    counts, out = counter(path, budget), b""
    for piece in pieces(b"".join(STREAMS[path]), cuts):
        if counts.feed(piece):
            out += counts.cut()
            break
        out += piece
    again = counter(path)
    again.feed(out)
    most_in_an_event = math.ceil(max(len(word.encode()) for word in WORDS) / 4)
    assert budget <= again.delivered <= budget + most_in_an_event
    assert counts.close().output_tokens == again.delivered


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_within_its_budget_is_not_touched(path: str) -> None:
    counts = counter(path, DELIVERED + 1)
    assert not any(counts.feed(event) for event in STREAMS[path])


def test_tools_and_reasoning_count() -> None:
    """They are made of tokens like any text."""
    call = {"tool_calls": [{"index": 0, "function": {"name": "find", "arguments": '{"a":1}'}}]}
    for delta in ({"reasoning_content": "x" * 40}, {"reasoning": "x" * 40}, {"refusal": "x" * 40}, call):
        counts = counter(CHAT)
        counts.feed(chat(delta, done=False)[0])
        assert counts.delivered == (3 if delta is call else 10)


def test_what_is_no_event_counts_as_delivered() -> None:
    """Fails closed: a server that breaks its format gives nothing away for free."""
    counts = counter(CHAT)
    counts.feed(b"data: {" + b"x" * 399 + b"\n\n")
    assert counts.delivered == 100


def test_comments_and_empty_events_cost_nothing() -> None:
    """Keep-alive comments of some servers come every few seconds."""
    counts = counter(CHAT)
    counts.feed(b": keep-alive\n\n" * 100 + b"\n\n")
    assert counts.delivered == 0


def test_what_is_held_back_from_counting_is_bounded() -> None:
    """Ten thousand open streams must fit."""
    counts = counter(CHAT, budget=10**9)
    event = chat({"content": "word"}, done=False)[0]
    for _ in range(500):
        counts.feed(event)
        assert counts.held_bytes <= MOST_HELD_BYTES + len(event)
    assert counts.delivered == 500


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, {"choices": [{"message": {"content": "hi"}}], "usage": {"prompt_tokens": 5, "completion_tokens": 12}}),
        ("/v1/embeddings", {"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 5, "total_tokens": 5}}),
        ("/v1/responses", {"output": [], "usage": {"input_tokens": 5, "output_tokens": 12}}),
        (
            "/v1/messages",
            {"content": [], "usage": {"input_tokens": 2, "cache_read_input_tokens": 3, "output_tokens": 12}},
        ),
        (
            "/v1beta/models/m:generateContent",
            {"usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 10, "thoughtsTokenCount": 2}},
        ),
    ],
)
def test_a_whole_body_says_its_usage(path: str, body: object) -> None:
    """Vectors have no output; the cache's tokens and thoughts count where they belong."""
    counts = counter(path, is_stream=False)
    for piece in pieces(wire(body), [7, 30]):
        assert not counts.feed(piece)
    assert counts.close() == Used(5, 0 if "embed" in path else 12, is_said=True)


def test_a_stream_of_gemini_without_events_says_its_usage() -> None:
    """Without alt=sse it is one list."""
    counts = counter("/v1beta/models/m:streamGenerateContent", is_stream=False)
    chunk = {"candidates": [], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 12}}
    counts.feed(wire([chunk, chunk]))
    assert counts.close() == Used(5, 12, is_said=True)


def test_of_a_body_too_long_to_keep_the_end_says_its_usage() -> None:
    counts = counter("/v1/embeddings", is_stream=False)
    counts.feed(b'{"data":[' + b"0.125," * (MOST_BODY_BYTES // 6))
    counts.feed(b'1],"usage":{"prompt_tokens":5,"total_tokens":5}}')
    assert counts.close() == Used(5, 0, is_said=True)


def test_a_body_that_broke_off_counts_by_its_size() -> None:
    counts = counter(CHAT, is_stream=False)
    counts.feed(b'{"choices":[{"message":{"content":"The mill')
    used = counts.close()
    assert (used.is_said, used.output_tokens > 0) == (False, True)


@pytest.mark.parametrize("size", [1_000, MOST_HELD_BYTES, 100_000])
def test_a_long_event_counts_once_however_it_arrives(size: int) -> None:
    """The last event of a Responses stream repeats the whole answer."""
    event = chat({"content": "x" * 1_000_000}, done=False)[0]
    counts = counter(CHAT)
    for start in range(0, len(event), size):
        counts.feed(event[start : start + size])
    counts.feed(chat({"content": "word"}, done=False)[0])
    assert counts.delivered == 250_001


def test_a_long_event_reaches_its_budget_where_it_ends() -> None:
    event = chat({"content": "x" * 100_000}, done=False)[0]
    counts = counter(CHAT, budget=20)
    told = [counts.feed(event[start : start + 1_000]) for start in range(0, len(event), 1_000)]
    assert told == [False] * (len(told) - 1) + [True]
    assert counts.cut().startswith(event[len(told) * 1_000 - 1_000 :])


def test_an_event_without_an_end_counts_by_its_size_and_is_not_kept() -> None:
    """A server that forgets its blank lines gives nothing away for free and fills no memory."""
    counts = counter(CHAT)
    for _ in range(200):
        counts.feed(b"x" * 65_536)
        assert counts.held_bytes <= MOST_BODY_BYTES + 65_536
    assert counts.close().output_tokens >= 200 * 65_536 // 4 - MOST_BODY_BYTES // 4


def test_usage_without_a_word_of_the_answer_is_none() -> None:
    """Some servers say only what came in: what was delivered counts, then."""
    counts = counter(CHAT, is_stream=False)
    counts.feed(wire({"choices": [{"message": {"content": "x" * 40}}], "usage": {"prompt_tokens": 5}}))
    assert counts.close() == Used(5, 10, is_said=False)
