"""An instruction goes where each format keeps its instructions, and not a byte of anything else changes."""

from __future__ import annotations

import json

import pytest

from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.instructing import instructed

TEXT = 'Call it "Alma".\nSay nothing of it.'
SAID = json.dumps(TEXT).encode()
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
GEMINI = "/v1beta/models/g:generateContent"


@pytest.mark.parametrize(
    ("dialect", "path", "body", "becomes"),
    [
        # No instruction of the client's: ours is the first.
        ("openai_chat", CHAT, b'{"messages":[{"role":"user","content":"Hi"}], "n" : 1}',
         b'{"n" : 1,"messages":[{"role":"system","content":' + SAID + b'},{"role":"user","content":"Hi"}]}'),
        # One that is a text, of either rank: ours is behind it.
        ("openai_chat", CHAT, b'{"messages":[{"role":"developer","content":"Be \\u0062rief."}]}',
         b'{"messages":[{"role":"developer","content":"Be \\u0062rief.\\n\\n' + SAID[1:] + b"}]}"),
        # One that is a list of parts.
        ("openai_chat", CHAT, b'{"messages":[{"role":"system","content":[ {"type":"text","text":"A"} ]}]}',
         b'{"messages":[{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":' + SAID
         + b"}]}]}"),
        # Responses repeat `instructions` to the client, so ours is an item of the input.
        ("openai_responses", RESPONSES, b'{"instructions":"Be brief.","input":"Hi"}',
         b'{"instructions":"Be brief.","input":[{"role":"developer","content":' + SAID
         + b'},{"role":"user","content":"Hi"}]}'),
        ("openai_responses", RESPONSES, b'{"input":[{"role":"user","content":"Hi"}]}',
         b'{"input":[{"role":"developer","content":' + SAID + b'},{"role":"user","content":"Hi"}]}'),
        ("anthropic_messages", MESSAGES, b'{"system":"Be brief.","messages":[]}',
         b'{"messages":[],"system":"Be brief.\\n\\n' + SAID[1:] + b"}"),
        ("anthropic_messages", MESSAGES, b'{"messages":[]}', b'{"messages":[],"system":' + SAID + b"}"),
        ("anthropic_messages", MESSAGES,
         b'{"system":[{"type":"text","text":"A","cache_control":{"type":"ephemeral"}}]}',
         b'{"system":[{"type":"text","text":"A","cache_control":{"type":"ephemeral"}},{"type":"text","text":'
         + SAID + b"}]}"),
        ("gemini", GEMINI, b'{"contents":[]}',
         b'{"contents":[],"systemInstruction":{"parts":[{"text":' + SAID + b"}]}}"),
        ("gemini", GEMINI, b'{"system_instruction":{"parts":[{"text":"A"}],"role":"x"},"contents":[]}',
         b'{"contents":[],"system_instruction":{"role":"x","parts":[{"text":"A"},{"text":' + SAID + b"}]}}"),
    ],
)  # fmt: skip
def test_it_is_put_behind_the_clients_own(dialect: str, path: str, body: bytes, becomes: bytes) -> None:
    found = instructed(dialect, path, body, TEXT)
    assert found == becomes
    json.loads(found)


@pytest.mark.parametrize(
    ("dialect", "path", "body"),
    [
        ("openai_completions", "/v1/completions", b'{"prompt":"Hi"}'),
        ("openai_embeddings", "/v1/embeddings", b'{"input":"Hi"}'),
        ("openai_chat", CHAT, b'{"messages":"Hi"}'),
        ("openai_chat", CHAT, b'{"messages":[{"role":"system","content":null}]}'),
        ("openai_responses", RESPONSES, b'{"previous_response_id":"r"}'),
        ("anthropic_messages", "/v1/messages/count_tokens?beta=true", b'{"messages":[]}'),
        ("anthropic_messages", MESSAGES, b'{"system":7}'),
        ("gemini", "/v1beta/models/g:countTokens", b'{"contents":[]}'),
        ("gemini", "/v1beta/models/g:embedContent", b'{"content":{}}'),
        ("gemini", GEMINI, b'{"contents":[],"cachedContent":"c"}'),
        ("gemini", GEMINI, b'{"systemInstruction":{},"system_instruction":{}}'),
        ("gemini", GEMINI, b'{"systemInstruction":{"parts":"A"}}'),
    ],
)  # fmt: skip
def test_a_body_that_can_have_none_stays_as_it_came(dialect: str, path: str, body: bytes) -> None:
    assert instructed(dialect, path, body, TEXT) is body


@pytest.mark.parametrize("twice", [b'{"messages":[],"messages":[]}', b'{"Messages":[]}'])
def test_a_body_that_could_be_read_in_two_ways_is_refused(twice: bytes) -> None:
    with pytest.raises(BadRequest):
        instructed("openai_chat", CHAT, twice, TEXT)
