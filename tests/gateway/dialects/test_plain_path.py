"""A path that one server reads as a chat and the next as something else belongs to no dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.dialects.dialect import dialect_of
from stillwatch.gateway.dialects.plain_path import is_plain

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/ch%61t/completions",
        "/v1/chat%2Fcompletions",
        "/v1/chat//completions",
        "/v1/chat/./completions",
        "/v1/x/../chat/completions",
        "/v1/CHAT/completions",
        "/v1/chat;x/completions",
        "/v1/chat\\completions",
        "/v1/models/..%2fchat%2fcompletions",
        "/v1/models/%2e%2e/chat/completions",
        "/v1beta/models/m%3AgenerateContent",
        "/v1/%256dessages",
        "/v1/mess%zzages/completions",
        "/v1/chat%00/completions",
        "v1/chat/completions",
    ],
)
def test_what_servers_read_differently_speaks_no_dialect(path: str) -> None:
    """A decoder, a merger of slashes, a resolver of dots or an ignorer of case would make a chat of it."""
    assert dialect_of(path) is None


def test_anthropic_s_calls_before_messages_are_not_served() -> None:
    """Their limit is `max_tokens_to_sample`, which the older completions do not have."""
    assert dialect_of("/v1/complete") is None


@given(st.text(st.sampled_from(UNRESERVED), min_size=1).filter(lambda name: name.strip(".")))
def test_names_of_models_are_plain(name: str) -> None:
    assert is_plain(f"/v1beta/models/{name}:generateContent")


@given(st.sampled_from(UNRESERVED + "/\\;:%"))
def test_no_letter_may_be_escaped(letter: str) -> None:
    assert not is_plain(f"/v1/%{ord(letter):02x}/completions")
    assert not is_plain(f"/v1/%{ord(letter):02X}/completions")


@pytest.mark.parametrize("escape", ["%20", "%C3%A4", "%40"])
def test_what_has_to_be_escaped_may_be(escape: str) -> None:
    assert is_plain(f"/openai/deployments/my{escape}model/chat/completions")


def test_models_are_listed_and_nothing_is_asked_of_them() -> None:
    """Everything else that lies below `models` is counted by nobody."""
    found = dialect_of("/v1beta/models/m:batchGenerateContent")
    assert found is not None
    assert found.methods == {b"GET", b"HEAD"}
