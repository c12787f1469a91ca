"""What an answer says it cost is found without its text, and is what counting it would have found."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.dialect import dialect_of

CHAT = dialect_of("/v1/chat/completions")
COUNTS = st.none() | st.integers(-1, 10**9) | st.sampled_from(["7", "x", 1.5, []])
USAGE = st.none() | st.fixed_dictionaries({}, optional={"prompt_tokens": COUNTS, "completion_tokens": COUNTS})
MESSAGE = st.fixed_dictionaries({"role": st.just("assistant")}, optional={"content": st.none() | st.text()})
CHOICE = st.fixed_dictionaries({"index": st.integers(0, 3)}, optional={"message": MESSAGE, "text": st.text()})
ANSWER = st.fixed_dictionaries({"id": st.text()}, optional={"choices": st.lists(CHOICE), "usage": USAGE})


@given(ANSWER, st.sampled_from([None, 1]), st.integers(0, 200) | st.none())
def test_what_is_said_is_what_counting_finds(answer: dict[str, object], indent: int | None, cut: int | None) -> None:
    """Whole, cut off, or with counts that are none; where it is not found, counting goes on as ever."""
    assert CHAT is not None
    body = json.dumps(answer, indent=indent).encode()[:cut]
    said = CHAT.said(body)
    counter = CHAT.counter(Asked(), is_stream=False)
    counter.feed(body)
    assert said is None or said == counter.close()


def test_a_completion_that_tells_its_usage_is_found() -> None:
    assert CHAT is not None
    assert CHAT.said(b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}') == (3, 4, True)
    assert CHAT.said(b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":0}}') is None
