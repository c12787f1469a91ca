"""Remembered parameters are those that reading anew would give, and the memory is bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import MalformedRow
from stillwatch.exchange import anthropic_messages, openai_chat, parameter_memo
from stillwatch.exchange.parameter_memo import ParameterMemo
from stillwatch.exchange.record import Parameters
from stillwatch.exchange.wire import decode

from .samples import ANTHROPIC_REQUEST, CHAT_REQUEST, wire

VALUES: list[Any] = [None, True, False, 0, 1, 1.0, -1, "", "1", "required", [], ["a"], {}, {"type": "disabled"}]


def changed(sample: dict[str, Any]) -> st.SearchStrategy[list[bytes]]:
    """Requests that differ in a few fields of the sample."""
    names = sorted(sample.keys() - {"messages"})
    changes = st.dictionaries(st.sampled_from(names), st.sampled_from(VALUES), max_size=3)
    return st.lists(changes.map(lambda c: json.dumps({**sample, **c}).encode()), min_size=2, max_size=6)


@settings(max_examples=60, deadline=None)
@given(changed(CHAT_REQUEST))
def test_chat_parameters_are_as_read_anew(bodies: list[bytes]) -> None:
    """Whatever came before."""
    for body in bodies:
        anew = openai_chat._parameters(decode(openai_chat.WireRequest, body))
        assert openai_chat.parse_request(body).parameters == anew


@settings(max_examples=60, deadline=None)
@given(changed(ANTHROPIC_REQUEST))
def test_anthropic_parameters_are_as_read_anew(bodies: list[bytes]) -> None:
    """Whatever came before."""
    for body in bodies:
        anew = anthropic_messages._parameters(decode(anthropic_messages.WireRequest, body))
        assert anthropic_messages.parse_request(body).parameters == anew


def counting_memo() -> tuple[ParameterMemo[openai_chat.WireRequest], list[object]]:
    """A memo, and the list of requests that it had to read."""
    reads: list[object] = []

    def read(request: openai_chat.WireRequest) -> Parameters:
        reads.append(request)
        return openai_chat._parameters(request)

    return ParameterMemo(openai_chat.WireRequest, read, openai_chat.CONTENT_FIELDS, openai_chat.VARYING_FIELDS), reads


def ask(memo: ParameterMemo[openai_chat.WireRequest], **fields: Any) -> Parameters:
    """The parameters of a request with these fields."""
    return memo.parameters(decode(openai_chat.WireRequest, wire({"messages": [{"content": "Hello"}], **fields})))


def test_what_varies_without_meaning_is_read_once() -> None:
    """Seeds and user names differ from request to request; whether they are given does count."""
    memo, reads = counting_memo()
    assert len({ask(memo, seed=i, user=f"u-{i}", metadata={"n": i}) for i in range(10)}) == 1
    assert len(reads) == 1
    assert not ask(memo, seed=None, user="u", metadata={}).seed
    assert len(reads) == 2


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither many different parameters nor large ones make it grow."""
    monkeypatch.setattr(parameter_memo, "MAX_ENTRIES", 10)
    memo, reads = counting_memo()
    for number in range(100):
        ask(memo, max_tokens=number)
    assert len(memo._known) <= 10
    reads.clear()
    for _ in range(3):
        ask(memo, tools=[{"description": "x" * 100_000}])
    assert len(reads) == 3


def test_a_body_that_is_no_request_is_never_remembered() -> None:
    """It fails each time."""
    for _ in range(2):
        with pytest.raises(MalformedRow):
            openai_chat.parse_request(b"{}")
