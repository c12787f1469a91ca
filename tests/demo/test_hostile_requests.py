"""Whatever is sent, the model answers or says what is wrong, and goes on."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.demo.provider.mind import Mind
from stillwatch.demo.provider.misbehaviour import HONEST
from stillwatch.demo.provider.routes import Routes

from .serving import model, run

PATHS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1beta/models/m:generateContent",
    "/v1beta/models/m:streamGenerateContent",
    "/v1beta/models/m:countTokens",
    "/v1beta/models/m:embedContent",
    "/v1beta/models/m:batchEmbedContents",
)
NAMES = (
    "model", "messages", "prompt", "input", "contents", "content", "parts", "text", "system", "n", "max_tokens", "seed",
    "max_output_tokens", "logprobs", "top_logprobs", "stop", "stream", "stream_options", "response_format", "type",
    "json_schema", "schema", "enum", "properties", "reasoning", "reasoning_effort", "thinking", "budget_tokens",
    "generationConfig", "thinkingConfig", "thinking_budget", "candidateCount", "responseMimeType", "requests",
    "include",
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
MODEL = Routes(Mind())


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=40, deadline=None)
@given(body=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8), named=st.booleans())
def test_every_body_is_answered_or_refused(path: str, body: dict[str, object], named: bool) -> None:
    sent = body | ({"model": "m", "messages": [{"role": "user", "content": "?"}], "max_tokens": 9} if named else {})
    reply = MODEL.answer(path, "", msgspec.json.encode(sent), HONEST, {})
    assert reply.status in (200, 400)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"a":', b"[" * 100_000, b'{"messages":' * 50_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    reply = MODEL.answer("/v1/chat/completions", "", body, HONEST, {})
    assert reply.status == 400
    assert b"invalid_request_error" in reply.blocks[0][1]


@pytest.mark.parametrize("path", ["/", "/v1/audio", "/v1beta/models/m:fly", "/v1/chat/completions/x"])
def test_a_path_that_nobody_documents_is_not_found(path: str) -> None:
    assert MODEL.answer(path, "", b"{}", HONEST, {}).status == 404


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00 no HTTP at all\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\n" + b"X-Long: " + b"x" * 400_000 + b"\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n" * 5_000,
    ],
    ids=["no HTTP", "an endless head", "a flood of requests"],
)
def test_a_hostile_connection_ends_and_others_are_served(data: bytes) -> None:
    async def test() -> None:
        async with model() as url:
            port = int(url.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(data)
            with suppress(ConnectionResetError):
                await reader.read(1)
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v1/models HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert json.loads((await reader.read()).partition(b"\r\n\r\n")[2])["object"] == "list"
            writer.close()

    run(test())
