"""Published clients understand what the guard says: they wait, fail as they should, and read cut streams to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as google_errors

from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.dialect import Dialect, dialect_of
from stillwatch.gateway.dialects.reply import Fault, Refused, Reply
from stillwatch.gateway.dialects.standing_limits import spent
from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Refusal
from stillwatch.limits.limit import Level, Limit, Measure

from .playing import body, playing, stream
from .streams import STREAMS, WITH_REASONING, WORDS, wire

CHAT, COMPLETIONS, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"
MESSAGES, GEMINI = "/v1/messages", "/v1beta/models/m:streamGenerateContent"
SAY: Any = [{"role": "user", "content": "hi"}]
WITHIN = "".join(WORDS[:2])
"""What three tokens hold: nine bytes, by the formula of `estimate`."""
Opened = Callable[..., Any]


@pytest.fixture
def of_openai() -> Iterator[Opened]:
    """Makes a client of OpenAI's for a server's address."""
    opened: list[openai.OpenAI] = []

    def client(url: str, retries: int = 0) -> openai.OpenAI:
        opened.append(openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=retries))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


@pytest.fixture
def of_anthropic() -> Iterator[Opened]:
    opened: list[anthropic.Anthropic] = []

    def client(url: str, retries: int = 0) -> anthropic.Anthropic:
        opened.append(anthropic.Anthropic(base_url=url, api_key="k", max_retries=retries))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


@pytest.fixture
def of_google() -> Iterator[Opened]:
    opened: list[genai.Client] = []

    def client(url: str) -> genai.Client:
        opened.append(genai.Client(api_key="k", http_options=genai.types.HttpOptions(base_url=url)))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def dialect(path: str) -> Dialect:
    found = dialect_of(path)
    assert found is not None
    return found


def cut(path: str, budget: int) -> bytes:
    """What a client gets of a stream that may deliver so many tokens."""
    counts, out = dialect(path).counter(Asked(model="m", wants_usage=True, input_tokens=5), True, budget), b""
    for event in STREAMS[path]:
        if counts.feed(event):
            return out + counts.cut()
        out += event
    raise AssertionError("the budget was not reached")


def seen(path: str) -> bytes:
    """What a client gets of a stream with reasoning that is hidden."""
    hider = dialect(path).hider()
    return b"".join([*map(hider.feed, WITH_REASONING[path]), hider.close()])


def limited(path: str, wait_ns: int = 250_000_000) -> Reply:
    limit = Limit(Level.ACCOUNT, Measure.REQUESTS, 600)
    refused = Refused(Fault.LIMITED, spent=spent(Refusal(limit, wait_ns), [Bucket(limit)], 0))
    return dialect(path).form.refused(refused, 0)


def test_a_cut_chat_ends_for_want_of_tokens(of_openai: Opened) -> None:
    with playing(stream(cut(CHAT, 3))) as server:
        got = list(of_openai(server.url).chat.completions.create(model="m", messages=SAY, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in got if c.choices) == WITHIN
    assert [c.choices[0].finish_reason for c in got if c.choices][-1] == "length"
    assert got[-1].usage.completion_tokens == 3
    assert {c.id for c in got} == {"chatcmpl-1"}


def test_the_helper_that_parses_says_what_cut_it(of_openai: Opened) -> None:
    """It reads the stream to its end, and then holds that such an answer cannot be parsed, as after any limit."""
    with (
        playing(stream(cut(CHAT, 3))) as server,
        of_openai(server.url).chat.completions.stream(model="m", messages=SAY) as events,
    ):
        kinds = [event.type for event in events]
        with pytest.raises(openai.LengthFinishReasonError) as caught:
            events.get_final_completion()
    assert "content.done" in kinds
    assert caught.value.completion.choices[0].message.content == WITHIN


def test_a_cut_completion_ends_for_want_of_tokens(of_openai: Opened) -> None:
    with playing(stream(cut(COMPLETIONS, 3))) as server:
        got = list(of_openai(server.url).completions.create(model="m", prompt="hi", stream=True))
    assert "".join(c.choices[0].text for c in got if c.choices) == WITHIN
    assert [c.choices[0].finish_reason for c in got if c.choices][-1] == "length"


def test_a_cut_response_is_incomplete_and_whole_in_itself(of_openai: Opened) -> None:
    """The last event tells all that was delivered, and every part that was opened is closed."""
    with playing(stream(cut(RESPONSES, 3))) as server:
        got = list(of_openai(server.url).responses.create(model="m", input="hi", stream=True))
    assert [event.type for event in got[-4:]] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.incomplete",
    ]  # fmt: skip
    last = got[-1].response
    assert (last.status, last.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert (last.output_text, last.usage.output_tokens) == (WITHIN, 3)
    assert [event.sequence_number for event in got] == list(range(len(got)))


def test_a_cut_message_ends_for_want_of_tokens(of_anthropic: Opened) -> None:
    with (
        playing(stream(cut(MESSAGES, 3))) as server,
        of_anthropic(server.url).messages.stream(model="m", max_tokens=9, messages=SAY) as events,
    ):
        kinds = [event.type for event in events]
        last = events.get_final_message()
    assert (last.stop_reason, last.content[0].text) == ("max_tokens", WITHIN)
    assert last.usage.output_tokens == 3
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 1


def test_a_cut_gemini_stream_ends_for_want_of_tokens(of_google: Opened) -> None:
    with playing(stream(cut(GEMINI, 3))) as server:
        got = list(of_google(server.url).models.generate_content_stream(model="m", contents="hi"))
    assert "".join(chunk.text or "" for chunk in got) == WITHIN
    assert got[-1].candidates[0].finish_reason.name == "MAX_TOKENS"
    assert got[-1].usage_metadata.candidates_token_count == 3


def test_hidden_reasoning_leaves_a_chat_whole(of_openai: Opened) -> None:
    with playing(stream(seen(CHAT))) as server:
        got = list(of_openai(server.url).chat.completions.create(model="m", messages=SAY, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in got if c.choices) == "".join(WORDS)
    assert not any("hidden thought" in c.model_dump_json() for c in got)


def test_hidden_reasoning_keeps_ids_and_encrypted_content_of_a_response(of_openai: Opened) -> None:
    """A client sends them back with its next turn."""
    with (
        playing(stream(seen(RESPONSES))) as server,
        of_openai(server.url).responses.stream(model="m", input="hi") as events,
    ):
        last = events.get_final_response()
    assert (last.output[0].id, last.output[0].encrypted_content, last.output[0].summary) == ("rs_1", "c2VjcmV0", [])
    assert last.output_text == "".join(WORDS)
    assert b"hidden thought" not in seen(RESPONSES)


def test_hidden_reasoning_keeps_the_signature_of_a_message(of_anthropic: Opened) -> None:
    with (
        playing(stream(seen(MESSAGES))) as server,
        of_anthropic(server.url).messages.stream(model="m", max_tokens=9, messages=SAY) as events,
    ):
        last = events.get_final_message()
    assert (last.content[0].type, last.content[0].thinking, last.content[0].signature) == ("thinking", "", "c2ln")
    assert last.content[1].text == "".join(WORDS)


def test_hidden_reasoning_keeps_the_signature_of_a_gemini_part(of_google: Opened) -> None:
    with playing(stream(seen(GEMINI))) as server:
        got = list(of_google(server.url).models.generate_content_stream(model="m", contents="hi"))
    parts = [part for chunk in got for part in chunk.candidates[0].content.parts or []]
    assert "".join(part.text or "" for part in parts) == "".join(WORDS)
    assert [part.thought_signature for part in parts if part.thought_signature] == [b"sig"]


def test_openai_s_client_waits_as_long_as_it_is_told_and_recovers(of_openai: Opened) -> None:
    answer = body(
        wire({"id": "1", "object": "list", "data": [], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
    )
    with playing(limited("/v1/embeddings"), answer) as server:
        of_openai(server.url, retries=1).embeddings.create(model="m", input="hi", encoding_format="float")
        first, second = server.asked_at
    assert second - first >= 0.25


def test_anthropic_s_client_waits_as_long_as_it_is_told_and_recovers(of_anthropic: Opened) -> None:
    with playing(limited(MESSAGES), body(wire({"input_tokens": 3}))) as server:
        of_anthropic(server.url, retries=1).messages.count_tokens(model="m", messages=SAY)
        first, second = server.asked_at
    assert second - first >= 0.25


def test_openai_s_client_raises_its_own_error_at_a_limit(of_openai: Opened) -> None:
    with playing(limited(CHAT)) as server, pytest.raises(openai.RateLimitError) as caught:
        of_openai(server.url).chat.completions.create(model="m", messages=SAY)
    assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "requests")
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_anthropic_s_client_raises_its_own_error_at_a_limit(of_anthropic: Opened) -> None:
    with playing(limited(MESSAGES)) as server, pytest.raises(anthropic.RateLimitError) as caught:
        of_anthropic(server.url).messages.create(model="m", max_tokens=9, messages=SAY)
    assert caught.value.response.json()["error"]["type"] == "rate_limit_error"
    assert caught.value.response.headers["anthropic-ratelimit-requests-reset"] == "1970-01-01T00:00:01Z"


def test_google_s_client_raises_its_own_error_at_a_limit(of_google: Opened) -> None:
    with playing(limited(GEMINI)) as server, pytest.raises(google_errors.ClientError) as caught:
        of_google(server.url).models.generate_content(model="m", contents="hi")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
    assert caught.value.details["error"]["details"][0]["retryDelay"] == "0.250s"


OPENAI_RAISES = {
    Fault.BAD_REQUEST: openai.BadRequestError,
    Fault.UNKNOWN_KEY: openai.AuthenticationError,
    Fault.DENIED: openai.PermissionDeniedError,
    Fault.VERIFY: openai.PermissionDeniedError,
    Fault.NOT_FOUND: openai.NotFoundError,
    Fault.TOO_LARGE: openai.APIStatusError,
    Fault.INTERNAL: openai.InternalServerError,
    Fault.BAD_GATEWAY: openai.InternalServerError,
    Fault.UNAVAILABLE: openai.InternalServerError,
    Fault.TIMED_OUT: openai.InternalServerError,
}


@pytest.mark.parametrize("fault", OPENAI_RAISES)
def test_openai_s_client_tells_faults_apart(fault: Fault, of_openai: Opened) -> None:
    reply = dialect(CHAT).form.refused(Refused(fault, "Say it so."), 0)
    with playing(reply) as server, pytest.raises(OPENAI_RAISES[fault], match="Say it so") as caught:
        of_openai(server.url).chat.completions.create(model="m", messages=SAY)
    assert caught.value.status_code == reply.status


@pytest.mark.parametrize("fault", OPENAI_RAISES)
def test_anthropic_s_client_tells_faults_apart(fault: Fault, of_anthropic: Opened) -> None:
    reply = dialect(MESSAGES).form.refused(Refused(fault, "Say it so."), 0)
    with playing(reply) as server, pytest.raises(anthropic.APIStatusError, match="Say it so") as caught:
        of_anthropic(server.url).messages.create(model="m", max_tokens=9, messages=SAY)
    assert caught.value.status_code == reply.status


@pytest.mark.parametrize("fault", OPENAI_RAISES)
def test_google_s_client_tells_faults_apart(fault: Fault, of_google: Opened) -> None:
    reply = dialect(GEMINI).form.refused(Refused(fault, "Say it so."), 0)
    with playing(reply) as server, pytest.raises(google_errors.APIError, match="Say it so") as caught:
        of_google(server.url).models.generate_content(model="m", contents="hi")
    assert caught.value.code == reply.status


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.VERIFY, Fault.UNKNOWN_KEY, Fault.TOO_LARGE])
def test_no_client_asks_again_what_cannot_pass(fault: Fault, of_openai: Opened, of_anthropic: Opened) -> None:
    for path, error in ((CHAT, openai.APIStatusError), (MESSAGES, anthropic.APIStatusError)):
        with playing(dialect(path).form.refused(Refused(fault), 0)) as server, pytest.raises(error):
            if path == CHAT:
                of_openai(server.url, retries=3).chat.completions.create(model="m", messages=SAY)
            else:
                of_anthropic(server.url, retries=3).messages.create(model="m", max_tokens=9, messages=SAY)
        assert len(server.asked_at) == 1
