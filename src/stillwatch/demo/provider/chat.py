"""OpenAI chat completions, with reasoning beside the content as DeepSeek, vLLM and LiteLLM give it.

Source: OpenAI API reference, "Create chat completion" and "Streaming events". Tools are taken and never called.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from stillwatch.demo.provider.mind import Mind, Said, alternative, logprob, tokens_of
from stillwatch.demo.provider.reply import MARK, TOKENS_AN_EVENT, Block, Reply, event, spoken, stream, whole
from stillwatch.demo.provider.wish import Body, Wish, model_of, stops, table, turns
from stillwatch.demo.provider.wish import whole as number

_MOST_CHOICES, _MOST_TOPS = 128, 20  # prescribed by the reference
_NO_EFFORT = ("", "none", None)


def reply(body: Body, mind: Mind, name: str) -> Reply:
    """The answer to one request. `name` becomes its id. Raises `BadWish`."""
    wish = _wish(body)
    said = mind.say(wish)
    asked = tokens_of(wish.prompt)
    frame = {"id": f"chatcmpl-{name}", "created": int(time.time()), "model": wish.model}
    if not wish.streams:
        frame |= {"object": "chat.completion", "system_fingerprint": "fp_demo"}
        choices = [_choice(index, one, wish.tops) for index, one in enumerate(said)]
        return whole({**frame, "choices": choices, "usage": usage(asked, said)}, sum(one.count for one in said))
    wants_usage = bool(table(body.get("stream_options")).get("include_usage"))
    frame["object"] = "chat.completion.chunk"
    return stream(_events(frame, said, wish.tops, asked if wants_usage else None))


def _wish(body: Body) -> Wish:
    said = turns(body.get("messages"))
    form = table(body.get("response_format"))
    kinds = {"json_schema": table(table(form.get("json_schema")).get("schema")), "json_object": _ANYTHING}
    effort = body.get("reasoning_effort")
    wants_tops = body.get("logprobs") is True
    return Wish(
        model=model_of(body),
        prompt="\n".join(said),
        last=said[-1],
        most_tokens=number(body.get("max_completion_tokens", body.get("max_tokens")), "max_completion_tokens"),
        choices=number(body.get("n"), "n", 1, _MOST_CHOICES) or 1,
        effort="" if effort in _NO_EFFORT else str(effort),
        tops=number(body.get("top_logprobs", 0), "top_logprobs", 0, _MOST_TOPS) if wants_tops else None,
        stops=stops(body.get("stop")),
        seed=number(body.get("seed"), "seed", -(1 << 63), 1 << 63),
        schema=kinds.get(str(form.get("type"))),
        streams=body.get("stream") is True,
    )


_ANYTHING: Body = {"type": "object", "properties": {"answer": {"type": "string"}}}


def usage(asked: int, said: Sequence[Said]) -> dict[str, Any]:
    """Tokens as OpenAI counts them: reasoning is part of the completion."""
    answered = sum(one.count for one in said)
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "completion_tokens_details": {"reasoning_tokens": sum(len(one.reasoning) for one in said)},
    }


def logprobs(tokens: Sequence[str], tops: int) -> list[dict[str, Any]]:
    """What each token was worth, with so many alternatives."""
    return [
        _worth(token, 0) | {"top_logprobs": [_worth(alternative(token, rank), rank) for rank in range(tops)]}
        for token in tokens
    ]


def _worth(token: str, rank: int) -> dict[str, Any]:
    return {"token": token, "logprob": logprob(token, rank), "bytes": list(token.encode())}


def _choice(index: int, said: Said, tops: int | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": None, "annotations": []}
    if said.reasoning:
        message["reasoning_content"] = said.thought
    worth = None if tops is None else {"content": logprobs(said.tokens, tops), "refusal": None}
    return {"index": index, "message": message, "logprobs": worth, "finish_reason": said.finish}


def _events(frame: dict[str, Any], said: Sequence[Said], tops: int | None, asked: int | None) -> Iterator[Block]:
    """`asked`: tokens of the prompt, where the usage is wanted at the end."""
    for index, one in enumerate(said):
        yield event(_chunk(frame, index, {"role": "assistant", "content": ""}))
        yield from spoken(one.reasoning, _chunk(frame, index, {"reasoning_content": MARK}))
        if tops is None:
            yield from spoken(one.tokens, _chunk(frame, index, {"content": MARK}))
        else:
            yield from _with_worth(frame, index, one.tokens, tops)
        yield event(_chunk(frame, index, {}, one.finish))
    if asked is not None:
        yield event({**frame, "choices": [], "usage": usage(asked, said)})
    yield 0, b"data: [DONE]\n\n"


def _with_worth(frame: dict[str, Any], index: int, tokens: Sequence[str], tops: int) -> Iterator[Block]:
    for first in range(0, len(tokens), TOKENS_AN_EVENT):
        some = tokens[first : first + TOKENS_AN_EVENT]
        chunk = _chunk(frame, index, {"content": "".join(some)})
        chunk["choices"][0]["logprobs"] = {"content": logprobs(some, tops), "refusal": None}
        yield event(chunk, tokens=len(some))


def _chunk(frame: dict[str, Any], index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {**frame, "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]}
