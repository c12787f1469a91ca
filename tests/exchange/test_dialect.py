"""The wire format is chosen by path, and by shape where the path is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.dialect import dialect_of_path, parse_request

from .samples import REQUESTS, wire


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/chat/completions", "openai_chat"),
        ("/openai/deployments/gpt4/chat/completions?api-version=2024-10-21", "openai_chat"),
        ("/api/v1/chat/completions/", "openai_chat"),
        ("/v1/completions", "openai_completions"),
        ("/v1/responses", "openai_responses"),
        ("/v1/embeddings", "openai_embeddings"),
        ("/v1/messages", "anthropic_messages"),
        ("/anthropic/v1/messages?beta=true", "anthropic_messages"),
        ("/v1beta/models/gemini-2.5-flash:generateContent", "gemini"),
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", "gemini"),
        ("/v1beta/models/e:batchEmbedContents", "gemini"),
        ("/v1/threads/1/messages", ""),
        ("/model/anthropic.claude/invoke", ""),
        ("", ""),
        ("/x" * 100_000 + "/v1/messages", ""),
    ],
)
def test_a_documented_path_names_its_format(path: str, dialect: str) -> None:
    """Below any prefix, with any query."""
    assert dialect_of_path(path) == dialect


@pytest.mark.parametrize("dialect", sorted(REQUESTS))
def test_an_unknown_path_leaves_it_to_the_body(dialect: str) -> None:
    """The samples have the shape of their format."""
    path, body = REQUESTS[dialect]
    assert parse_request(path, wire(body))[0] == dialect
    assert parse_request("/gateway/llm", wire(body))[0] == dialect


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        ({"messages": []}, "openai_chat"),
        ({"messages": [], "anthropic_version": "bedrock-2023-05-31"}, "anthropic_messages"),
        ({"prompt": "x"}, "openai_completions"),
        ({"input": "x"}, "openai_responses"),
        ({"input": "x", "encoding_format": "float"}, "openai_embeddings"),
        ({"contents": []}, "gemini"),
    ],
)
def test_a_small_body_has_a_shape_too(body: dict[str, Any], dialect: str) -> None:
    """One field is enough."""
    assert parse_request("/", wire(body))[0] == dialect


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}", "body has no messages, prompt, input or contents"),
        (b"[]", "body is not a JSON object"),
        (b"null", "body is not a JSON object"),
        (b'"secret"', "body is not a JSON object"),
        (b"", "body is not whole JSON"),
        (b'{"messages": [', "body is not whole JSON"),
        (b'{"messages": []} secret', "body is not whole JSON"),
        (b'{"messages": [{"content": "\xff"}]}', "body is not UTF-8"),
        (b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "body is nested too deeply"),
        (b'{"messages": [{"content": ' + b'{"a":' * 100_000, "body is nested too deeply"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions"])
def test_what_is_no_request_is_rejected_without_quoting_it(path: str, body: bytes, reason: str) -> None:
    """Known paths say which field is missing; all say what is broken."""
    with pytest.raises(MalformedRow) as caught:
        parse_request(path, body)
    assert caught.value.problem == reason or caught.value.problem.startswith("body has no ")
    assert "secret" not in str(caught.value)


def test_azure_names_the_model_in_the_path() -> None:
    """The deployment stands for it."""
    _, request = parse_request("/openai/deployments/gpt-4o/chat/completions", wire({"messages": []}))
    assert request.model == "gpt-4o"
