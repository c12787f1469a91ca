"""LiteLLM's payloads become exchanges of the principal that its proxy authenticated."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import UNKNOWN, Exchange, Message, Principal, Usage
from stillwatch.readers.litellm import read_row

from .lines import TS_US, line, litellm_row


def read(**changes: Any) -> Exchange:
    """The exchange of the full payload with these changes."""
    (exchange,) = read_row(line(litellm_row(**changes)))
    return exchange


def test_a_payload_gives_the_whole_exchange() -> None:
    """Request, response, time, usage and the only header there is."""
    found = read()
    assert (found.ts_us, found.path, found.dialect) == (TS_US + 250_000, "/chat/completions", "openai_chat")
    assert found.request.messages == (Message("user", "Where does the river rise?"),)
    assert (found.request.parameters.names, found.request.parameters.max_tokens) == (
        "max_tokens,stream,temperature",
        50,
    )
    assert found.response is not None
    assert (found.response.text, found.usage, found.status) == ("In the hills.", Usage(12, 4, 1), 200)
    assert found.headers == (("user-agent", "OpenAI/Python 2.1.0"),)


def test_the_user_of_the_key_is_the_account() -> None:
    """Then the key itself, then the team."""
    assert read().principal == Principal("u-1", organization="org-1", api_key="88dc28d0f030", ip="192.0.2.7")
    assert read(metadata={"user_api_key_hash": "k", "user_api_key_team_id": "t"}).principal == Principal(
        "k", organization="t", api_key="k"
    )
    assert read(metadata={"user_api_key_team_id": "t"}).principal.account == "t"


@pytest.mark.parametrize("metadata", [{}, None, 5, {"user_api_key_user_id": ""}])
def test_a_payload_without_a_principal_is_rejected(metadata: object) -> None:
    """The end user that a caller names itself does not count."""
    with pytest.raises(MalformedRow, match=r"^metadata has no user_api_key_user_id"):
        read(metadata=metadata, end_user="somebody")


@pytest.mark.parametrize(
    ("call_type", "messages", "operation", "texts"),
    [
        ("completion", [{"role": "user", "content": "a"}], "chat", ["a"]),
        ("completion", "a", "chat", ["a"]),
        ("completion", None, "chat", []),
        ("atext_completion", "a", "completion", ["a"]),
        ("text_completion", [{"role": "user", "content": "a"}], "completion", ["a"]),
        ("aembedding", ["a", "b"], "embedding", ["a", "b"]),
        ("responses", [{"role": "user", "content": "a"}], "chat", ["a"]),
        ("anthropic_messages", [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "chat", ["a"]),
        ("something_new", [{"role": "user", "content": "a"}], "chat", ["a"]),
    ],
)
def test_each_call_type_has_its_wire_format(call_type: str, messages: Any, operation: str, texts: list[str]) -> None:
    """Synchronous and asynchronous alike."""
    found = read(call_type=call_type, messages=messages, response=None).request
    assert (found.operation, [m.text for m in found.messages]) == (operation, texts)


def test_redacted_messages_leave_the_shape() -> None:
    """LiteLLM's placeholder is not a prompt that everybody shares."""
    redacted = [{"role": "user", "content": "redacted-by-litellm"}]
    found = read(messages=redacted, response={"text": "redacted-by-litellm"})
    assert (found.request.messages, found.response) == ((), None)
    assert found.request.parameters.temperature == 0.3


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "failure", "error_information": {"error_code": "429"}}, 429),
        ({"status": "failure", "error_information": {"error_code": 500}}, 500),
        ({"status": "failure", "error_information": {"error_code": ""}}, UNKNOWN),
        ({"status": "failure"}, UNKNOWN),
    ],
)
def test_a_failure_has_the_status_of_its_error(changes: dict[str, Any], status: int) -> None:
    """Where there is one."""
    assert read(**changes).status == status


def test_spend_logs_write_times_in_words() -> None:
    """ISO 8601, in UTC where no zone is given."""
    times = ("2025-10-09T08:53:20Z", "2025-10-09T08:53:20", "2025-10-09 10:53:20+02:00")
    assert [read(startTime=time).ts_us for time in times] == [TS_US] * 3


@pytest.mark.parametrize("time", [None, "yesterday", 5, 1e300, [1]])
def test_a_time_that_is_none_is_named(time: object) -> None:
    """By the field's own name."""
    with pytest.raises(MalformedRow, match=r"^startTime is "):
        read(startTime=time)
