"""Three providers' own clients talk to our model: each answer is read, whole and streamed, with what was asked for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from stillwatch.demo.provider.mind import tokens_of

from .serving import model, run

QUESTION = "How long should a sourdough rise before it is baked?"
MESSAGES = [{"role": "user", "content": QUESTION}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}


@asynccontextmanager
async def openai_client() -> AsyncIterator[openai.AsyncOpenAI]:
    async with model() as url, openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client:
        yield client


@asynccontextmanager
async def anthropic_client() -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with model() as url, anthropic.AsyncAnthropic(api_key="k", base_url=url, max_retries=0) as client:
        yield client


@asynccontextmanager
async def gemini_client() -> AsyncIterator[genai.client.AsyncClient]:
    async with model() as url, genai.Client(api_key="k", http_options=types.HttpOptions(base_url=url)).aio as client:
        yield client


def test_chat_is_answered_with_usage_that_counts_its_own_tokens() -> None:
    async def test() -> None:
        async with openai_client() as client:
            answer = await client.chat.completions.create(model="m", messages=MESSAGES)
        text = answer.choices[0].message.content
        assert answer.usage.prompt_tokens == tokens_of(QUESTION)
        assert answer.usage.completion_tokens == tokens_of(text) > 0
        assert (answer.model, answer.choices[0].finish_reason) == ("m", "stop")

    run(test())


def test_chat_has_choices_and_log_probabilities_where_they_are_asked_for() -> None:
    async def test() -> None:
        async with openai_client() as client:
            answer = await client.chat.completions.create(
                model="m", messages=MESSAGES, n=3, logprobs=True, top_logprobs=2, max_completion_tokens=12
            )
        assert [choice.index for choice in answer.choices] == [0, 1, 2]
        assert len({choice.message.content for choice in answer.choices}) == 3
        first = answer.choices[0]
        assert "".join(token.token for token in first.logprobs.content) == first.message.content
        assert {len(token.top_logprobs) for token in first.logprobs.content} == {2}
        assert all(token.logprob <= 0 for token in first.logprobs.content)
        assert (first.finish_reason, len(first.logprobs.content)) == ("length", 12)

    run(test())


def test_chat_reasons_where_it_is_asked_to_and_nowhere_else() -> None:
    async def test() -> None:
        async with openai_client() as client:
            asked = await client.chat.completions.create(model="m", messages=MESSAGES, reasoning_effort="low")
            plain = await client.chat.completions.create(model="m", messages=MESSAGES)
        reasoned = asked.usage.completion_tokens_details.reasoning_tokens
        assert tokens_of(asked.choices[0].message.reasoning_content) == reasoned > 0
        assert not hasattr(plain.choices[0].message, "reasoning_content")

    run(test())


def test_a_chat_stream_is_the_same_answer_bit_by_bit() -> None:
    """Of one seed; its usage comes last, where it is asked for."""

    async def test() -> None:
        asked = {"model": "m", "messages": MESSAGES, "seed": 7, "reasoning_effort": "low"}
        async with openai_client() as client:
            whole = await client.chat.completions.create(**asked)
            stream = await client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
            chunks = [chunk async for chunk in stream]
        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
        thought = "".join(getattr(delta, "reasoning_content", "") or "" for delta in deltas)
        assert thought == whole.choices[0].message.reasoning_content
        assert chunks[-1].usage == whole.usage
        assert len(deltas) > 10

    run(test())


def test_chat_fills_in_a_schema() -> None:
    async def test() -> None:
        form = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA}}
        async with openai_client() as client:
            answer = await client.chat.completions.create(model="m", messages=MESSAGES, response_format=form)
        filled = json.loads(answer.choices[0].message.content)
        assert (set(filled), type(filled["days"])) == ({"city", "days"}, int)

    run(test())


def test_completions_are_answered_prompt_by_prompt() -> None:
    async def test() -> None:
        async with openai_client() as client:
            whole = await client.completions.create(model="m", prompt=["Bread", "Wine"], n=2, logprobs=3, seed=1)
            stream = await client.completions.create(model="m", prompt="Bread", seed=1, stream=True)
            text = "".join([chunk.choices[0].text async for chunk in stream])
        assert len(whole.choices) == 4
        assert "".join(whole.choices[0].logprobs.tokens) == whole.choices[0].text == text
        assert {len(tops) for tops in whole.choices[0].logprobs.top_logprobs} == {3}
        assert whole.usage.completion_tokens == 4 * 16  # prescribed: 16 tokens where no limit is sent

    run(test())


def test_responses_show_a_summary_where_it_is_asked_for() -> None:
    async def test() -> None:
        async with openai_client() as client:
            shown = await client.responses.create(
                model="m", input=QUESTION, reasoning={"effort": "low", "summary": "auto"}
            )
            kept = await client.responses.create(model="m", input=QUESTION, reasoning={"effort": "low"})
        assert shown.output[0].type == kept.output[0].type == "reasoning"
        assert shown.output[0].summary[0].text
        assert kept.output[0].summary == []
        assert kept.usage.output_tokens_details.reasoning_tokens > 0
        assert shown.usage.output_tokens == tokens_of(shown.output_text) + tokens_of(shown.output[0].summary[0].text)

    run(test())


def test_a_responses_stream_ends_in_the_response_that_its_events_told() -> None:
    async def test() -> None:
        async with openai_client() as client:
            reasoning = {"effort": "low", "summary": "auto"}
            async with client.responses.stream(model="m", input=QUESTION, reasoning=reasoning) as stream:
                events = [event async for event in stream]
                last = await stream.get_final_response()
        told = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        thought = "".join(event.delta for event in events if event.type == "response.reasoning_summary_text.delta")
        assert told == last.output_text
        assert thought == last.output[0].summary[0].text
        assert [event.sequence_number for event in events][:3] == [0, 1, 2]

    run(test())


def test_embeddings_are_directions_that_texts_with_common_words_share() -> None:
    async def test() -> None:
        texts = ["rye bread with caraway", "bread with rye and caraway", "quarterly tax returns"]
        async with openai_client() as client:
            answer = await client.embeddings.create(model="m", input=texts)
        first, near, far = (one.embedding for one in answer.data)
        assert sum(x * x for x in first) == pytest.approx(1.0, abs=1e-5)
        assert sum(x * y for x, y in zip(first, near, strict=True)) > 0.7
        assert sum(x * y for x, y in zip(first, far, strict=True)) < 0.5
        assert answer.usage.prompt_tokens == sum(map(tokens_of, texts))

    run(test())


def test_every_provider_lists_models_in_its_own_form() -> None:
    async def test() -> None:
        async with openai_client() as client:
            ids = [one.id async for one in client.models.list()]
            assert (await client.models.retrieve("sonata-3")).id == "sonata-3"
        async with anthropic_client() as other:
            assert [one.id async for one in other.models.list()] == ids
        async with gemini_client() as third:
            assert [one.name async for one in await third.models.list()] == [f"models/{name}" for name in ids]

    run(test())


def test_messages_think_inside_their_budget_and_sign_it() -> None:
    async def test() -> None:
        async with anthropic_client() as client:
            answer = await client.messages.create(
                model="m",
                max_tokens=3_000,
                messages=MESSAGES,
                system="Be brief.",
                thinking={"type": "enabled", "budget_tokens": 1_024},
            )
            count = await client.messages.count_tokens(model="m", messages=MESSAGES, system="Be brief.")
        thinking, text = answer.content
        assert (thinking.type, text.type, answer.stop_reason) == ("thinking", "text", "end_turn")
        assert thinking.signature
        assert 0 < tokens_of(thinking.thinking) <= 1_024
        assert answer.usage.output_tokens == tokens_of(thinking.thinking) + tokens_of(text.text)
        assert answer.usage.input_tokens == count.input_tokens

    run(test())


def test_a_messages_stream_gathers_to_a_message() -> None:
    async def test() -> None:
        async with anthropic_client() as client:
            thinking = {"type": "enabled", "budget_tokens": 1_024}
            asked = {"model": "m", "max_tokens": 3_000, "messages": MESSAGES, "thinking": thinking}
            async with client.messages.stream(**asked) as stream:
                told = "".join([text async for text in stream.text_stream])
                message = await stream.get_final_message()
            short = await client.messages.create(model="m", max_tokens=5, messages=MESSAGES)
        assert message.content[1].text == told
        assert message.content[0].thinking
        assert message.content[0].signature
        assert message.usage.output_tokens == tokens_of(told) + tokens_of(message.content[0].thinking)
        assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 5)

    run(test())


def test_gemini_thinks_in_parts_that_say_so() -> None:
    async def test() -> None:
        config = types.GenerateContentConfig(
            thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=1_024),
            response_logprobs=True,
            logprobs=2,
            candidate_count=2,
        )
        async with gemini_client() as client:
            answer = await client.models.generate_content(model="m", contents=QUESTION, config=config)
            count = await client.models.count_tokens(model="m", contents=QUESTION)
        assert len(answer.candidates) == 2
        parts = answer.candidates[0].content.parts
        assert [bool(part.thought) for part in parts] == [True, False]
        chosen = answer.candidates[0].logprobs_result.chosen_candidates
        assert "".join(token.token for token in chosen) == parts[1].text
        used = answer.usage_metadata
        assert used.prompt_token_count == count.total_tokens == tokens_of(QUESTION)
        assert used.total_token_count == (
            used.prompt_token_count + used.candidates_token_count + used.thoughts_token_count
        )

    run(test())


def test_a_gemini_stream_is_the_same_answer_bit_by_bit() -> None:
    async def test() -> None:
        config = types.GenerateContentConfig(seed=3)
        async with gemini_client() as client:
            whole = await client.models.generate_content(model="m", contents=QUESTION, config=config)
            stream = await client.models.generate_content_stream(model="m", contents=QUESTION, config=config)
            bits = [bit async for bit in stream]
            near = await client.models.embed_content(model="m", contents="bread")
        assert "".join(bit.text or "" for bit in bits) == whole.text
        assert bits[-1].usage_metadata.total_token_count == whole.usage_metadata.total_token_count
        assert bits[-1].candidates[0].finish_reason == types.FinishReason.STOP
        assert len(near.embeddings[0].values) == 256

    run(test())


def test_who_asks_wrongly_is_told_in_the_providers_own_form() -> None:
    async def test() -> None:
        async with openai_client() as client:
            with pytest.raises(openai.BadRequestError, match="messages is missing"):
                await client.chat.completions.create(model="m", messages=[])
        async with anthropic_client() as other:
            with pytest.raises(anthropic.BadRequestError, match="less than max_tokens"):
                thinking = {"type": "enabled", "budget_tokens": 2_000}
                await other.messages.create(model="m", max_tokens=1_500, messages=MESSAGES, thinking=thinking)
        async with gemini_client() as third:
            with pytest.raises(genai.errors.ClientError, match="maxOutputTokens"):
                config = types.GenerateContentConfig(max_output_tokens=0)
                await third.models.generate_content(model="m", contents=QUESTION, config=config)

    run(test())
