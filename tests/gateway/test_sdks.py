"""Published SDKs behind a gateway that guards: they work unchanged, are limited and recover, fail as they should."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as google_errors
from google.genai import types as google_types

from stillwatch.decision.policy import Policy, Reasoning, Treatment
from stillwatch.decision.verdict import Step

from .served import KEY, TWO, Served, served

ASKED = "Explain step by step why the sum of two odd numbers is even."
SAY: Any = [{"role": "user", "content": ASKED}]
Ask = Callable[..., str]
GUARDED, DIRECT = attrgetter("url"), attrgetter("direct")
LESS = Policy(degrade=Treatment(logprobs=False, most_choices=1, most_output_tokens=2_000, reasoning=Reasoning.HIDE))


def of_openai(url: str, key: str = KEY, retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries)


def of_anthropic(url: str, key: str = KEY, retries: int = 0) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=retries)


def of_google(url: str, key: str = KEY, retries: int = 0) -> genai.Client:
    retry = google_types.HttpRetryOptions(attempts=retries + 1, initial_delay=1.0, max_delay=2.0)
    return genai.Client(api_key=key, http_options=google_types.HttpOptions(base_url=url, retry_options=retry))


def chat(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_openai(url, key, retries) as client:
        answer = client.chat.completions.create(model="m", messages=SAY, seed=1, **more)
        return answer.choices[0].message.content or ""


def chat_stream(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_openai(url, key, retries) as client:
        options: Any = {"include_usage": True}
        events = client.chat.completions.create(
            model="m", messages=SAY, seed=1, stream=True, stream_options=options, **more
        )
        got = list(events)
    assert got[-1].usage.completion_tokens > 0
    return "".join(event.choices[0].delta.content or "" for event in got if event.choices)


def chat_async(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    async def ask() -> str:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries) as client:
            got = await client.chat.completions.create(model="m", messages=SAY, seed=1, stream=True, **more)
            return "".join([event.choices[0].delta.content or "" async for event in got])

    return asyncio.run(ask())


def completion(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_openai(url, key, retries) as client:
        return client.completions.create(model="m", prompt=ASKED, seed=1, max_tokens=50, **more).choices[0].text


def completion_stream(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_openai(url, key, retries) as client:
        events = client.completions.create(model="m", prompt=ASKED, seed=1, max_tokens=50, stream=True, **more)
        return "".join(event.choices[0].text for event in events if event.choices)


def response(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_openai(url, key, retries) as client:
        return client.responses.create(model="m", input=ASKED, **more).output_text


def response_stream(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_openai(url, key, retries) as client, client.responses.stream(model="m", input=ASKED, **more) as events:
        return events.get_final_response().output_text


def embedding(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_openai(url, key, retries) as client:
        return str(client.embeddings.create(model="m", input=[ASKED, "rye"], **more).data[1].embedding)


def models(url: str, key: str = KEY, retries: int = 0) -> str:
    with of_openai(url, key, retries) as client:
        return ",".join(model.id for model in client.models.list())


def message(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with of_anthropic(url, key, retries) as client:
        got = client.messages.create(model="m", max_tokens=4_000, messages=SAY, **more)
        return "".join(block.text for block in got.content if block.type == "text")


def message_stream(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    with (
        of_anthropic(url, key, retries) as client,
        client.messages.stream(model="m", max_tokens=4_000, messages=SAY, **more) as events,
    ):
        return events.get_final_text()


def message_async(url: str, key: str = KEY, retries: int = 0, **more: Any) -> str:
    async def ask() -> str:
        async with anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=retries) as client:
            got = await client.messages.create(model="m", max_tokens=4_000, messages=SAY, **more)
            return "".join(block.text for block in got.content if block.type == "text")

    return asyncio.run(ask())


def thought(url: str, key: str = KEY, retries: int = 0) -> str:
    return message_stream(url, key, retries, thinking={"type": "enabled", "budget_tokens": 1_024})


def counted(url: str, key: str = KEY, retries: int = 0) -> str:
    with of_anthropic(url, key, retries) as client:
        return str(client.messages.count_tokens(model="m", messages=SAY).input_tokens)


def content(url: str, key: str = KEY, retries: int = 0, **config: Any) -> str:
    with of_google(url, key, retries) as client:
        settings = google_types.GenerateContentConfig(seed=1, **config)
        return client.models.generate_content(model="m", contents=ASKED, config=settings).text or ""


def content_stream(url: str, key: str = KEY, retries: int = 0, **config: Any) -> str:
    with of_google(url, key, retries) as client:
        settings = google_types.GenerateContentConfig(seed=1, **config)
        chunks = client.models.generate_content_stream(model="m", contents=ASKED, config=settings)
        return "".join(chunk.text or "" for chunk in chunks)


def content_embedding(url: str, key: str = KEY, retries: int = 0) -> str:
    with of_google(url, key, retries) as client:
        found = client.models.embed_content(model="m", contents=[ASKED, "rye"]).embeddings or []
        return str(found[1].values)


OF_OPENAI: dict[str, Ask] = {
    "chat": chat, "chat stream": chat_stream, "chat async": chat_async, "completion": completion,
    "completion stream": completion_stream, "response": response, "response stream": response_stream,
    "embedding": embedding, "models": models,
}  # fmt: skip
OF_ANTHROPIC: dict[str, Ask] = {
    "message": message, "message stream": message_stream, "message async": message_async, "thinking": thought,
    "count": counted,
}  # fmt: skip
OF_GOOGLE: dict[str, Ask] = {
    "content": content, "content stream": content_stream, "content embedding": content_embedding,
}  # fmt: skip
ALL = OF_OPENAI | OF_ANTHROPIC | OF_GOOGLE


def limited(ask: Ask) -> type[Exception]:
    """What its SDK raises at a limit."""
    if ask in OF_GOOGLE.values():
        return google_errors.ClientError
    return anthropic.RateLimitError if ask in OF_ANTHROPIC.values() else openai.RateLimitError


@pytest.fixture(scope="module")
def open_gate() -> Iterator[Served]:
    with served() as town:
        yield town


def first_answer(ask: Ask, of: Callable[[Served], str], policy: Policy | None = None, step: Step | None = None) -> str:
    """What the model says to the first who asks: it says something else each time."""
    with served(policy, step) as town:
        return ask(of(town))


@pytest.mark.parametrize("ask", ALL.values(), ids=ALL)
def test_a_client_gets_what_it_would_get_without_a_gateway(ask: Ask) -> None:
    assert first_answer(ask, GUARDED) == first_answer(ask, DIRECT) != ""


@pytest.mark.parametrize("ask", ALL.values(), ids=ALL)
def test_a_client_is_limited_in_its_own_words_and_recovers_by_itself(ask: Ask) -> None:
    """It raises its own error; told to retry, it waits as long as it is told and is answered."""
    with served(TWO) as town:
        ask(town.url)
        ask(town.url)
        with pytest.raises(limited(ask)) as refused:
            ask(town.url)
        answer = refused.value.response  # type: ignore[attr-defined]  # all of them have it
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["retry-after-ms"] == "500"
        town.thaws = True
        assert ask(town.url, retries=2) != ""
        assert town.statuses == [200, 200, 429, 429, 200]


@pytest.mark.parametrize("ask", ALL.values(), ids=ALL)
def test_a_client_with_an_unknown_key_is_told_so(ask: Ask, open_gate: Served) -> None:
    before = len(open_gate.statuses)
    with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError, google_errors.ClientError)) as told:
        ask(open_gate.url, key="sk-unknown", retries=2)
    assert getattr(told.value, "status_code", None) or told.value.code == 401  # type: ignore[attr-defined]  # Google's
    assert open_gate.statuses[before:] == [401]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda url: chat(url, n=-1), openai.BadRequestError),
        (lambda url: chat(url, extra_body={"stream": "true"}), openai.BadRequestError),
        (lambda url: response(url, max_output_tokens=1.5), openai.BadRequestError),
        (lambda url: message(url, extra_body={"max_tokens": "9"}), anthropic.BadRequestError),
        (lambda url: content(url, http_options={"extra_body": {"generationConfig": 1}}), google_errors.ClientError),
    ],
    ids=["chat", "stream", "response", "message", "content"],
)
def test_a_client_that_asks_for_nonsense_is_told_so(ask: Ask, error: type[Exception], open_gate: Served) -> None:
    with pytest.raises(error) as told:
        ask(open_gate.url)
    assert "400" in str(told.value)


@pytest.mark.parametrize("ask", ALL.values(), ids=ALL)
def test_a_degraded_client_notices_no_fault(ask: Ask) -> None:
    """Everything parses, and the answer is the one that the model would give anyway."""
    assert first_answer(ask, GUARDED, LESS, Step.DEGRADE) == first_answer(ask, DIRECT)


@pytest.fixture(scope="module")
def degrading() -> Iterator[Served]:
    with served(LESS, Step.DEGRADE) as town:
        yield town


def test_what_a_degraded_client_does_not_get(degrading: Served) -> None:
    """Fewer choices, no log probabilities, no reasoning; the signature of thinking stays."""
    with of_openai(degrading.url) as client:
        got = client.chat.completions.create(
            model="m", messages=SAY, n=3, logprobs=True, top_logprobs=2, reasoning_effort="high", max_tokens=9_000
        )
    assert (len(got.choices), got.choices[0].logprobs) == (1, None)
    assert not hasattr(got.choices[0].message, "reasoning_content")
    assert got.usage is not None
    assert got.usage.completion_tokens <= 2_000
    with (
        of_anthropic(degrading.url) as client_,
        client_.messages.stream(
            model="m", max_tokens=4_000, messages=SAY, thinking={"type": "enabled", "budget_tokens": 1_024}
        ) as events,
    ):
        blocks = events.get_final_message().content
    assert [block.type for block in blocks] == ["thinking", "text"]
    assert blocks[0].thinking == ""
    assert blocks[0].signature != ""
    with of_google(degrading.url) as google:
        thinks = google_types.ThinkingConfig(include_thoughts=True, thinking_budget=1_024)
        config = google_types.GenerateContentConfig(thinking_config=thinks, candidate_count=2)
        found = google.models.generate_content(model="m", contents=ASKED, config=config)
    assert len(found.candidates or []) == 1
    assert not any(part.thought for part in found.candidates[0].content.parts)


def test_a_client_that_is_cut_off_raises_and_asks_no_second_time(open_gate: Served) -> None:
    """An upstream that stops in the middle of an answer looks like one: no SDK takes half an answer for a whole."""
    before = len(open_gate.statuses)
    stops: Any = {"X-Misbehave": "stop-mid-stream"}
    with of_openai(open_gate.url) as client:
        got = client.chat.completions.create(model="m", messages=SAY, stream=True, extra_headers=stops)
        with pytest.raises(openai.APIConnectionError):
            list(got)
    assert open_gate.statuses[before:] == [200]


def test_a_body_that_is_too_large_is_told_and_not_sent_again(open_gate: Served) -> None:
    """413 reaches a client that has not finished sending."""
    before = len(open_gate.statuses)
    with of_openai(open_gate.url, retries=2) as client, pytest.raises(openai.APIStatusError) as told:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "rye " * 12_000_000}])
    assert told.value.status_code == 413
    assert open_gate.statuses[before:] == []
