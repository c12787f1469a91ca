"""OpenAI completions, the older format. Source: OpenAI API reference, "Create completion"."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from stillwatch.demo.provider.chat import usage
from stillwatch.demo.provider.mind import Mind, Said, alternative, logprob, tokens_of
from stillwatch.demo.provider.reply import MARK, Block, Reply, event, spoken, stream, whole
from stillwatch.demo.provider.wish import BadWish, Body, Wish, model_of, stops, table
from stillwatch.demo.provider.wish import whole as number

_MOST_CHOICES, _MOST_TOPS, _MOST_PROMPTS = 128, 5, 128  # the first two prescribed by the reference, the last chosen
_USUAL_TOKENS = 16  # prescribed by the reference


def reply(body: Body, mind: Mind, name: str) -> Reply:
    """The answer to one request. `name` becomes its id. Raises `BadWish`."""
    wishes = [_wish(body, prompt) for prompt in _prompts(body.get("prompt", ""))]
    said = [one for wish in wishes for one in mind.say(wish)]
    asked, first = sum(tokens_of(wish.prompt) for wish in wishes), wishes[0]
    frame = {"id": f"cmpl-{name}", "object": "text_completion", "created": int(time.time()), "model": first.model}
    if not first.streams:
        choices = [_choice(index, one, first.tops) for index, one in enumerate(said)]
        return whole({**frame, "choices": choices, "usage": usage(asked, said)}, sum(one.count for one in said))
    wants_usage = bool(table(body.get("stream_options")).get("include_usage"))
    return stream(_events(frame, said, usage(asked, said) if wants_usage else None))


def _prompts(value: Any) -> list[str]:
    """The prompts; token numbers are said as numbers."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_PROMPTS:
        raise BadWish(f"prompt is a string or a list of at most {_MOST_PROMPTS}")
    if all(isinstance(one, int) for one in value):
        return [" ".join(map(str, value))]
    return [" ".join(map(str, one)) if isinstance(one, list) else str(one) for one in value]


def _wish(body: Body, prompt: str) -> Wish:
    return Wish(
        model=model_of(body),
        prompt=prompt,
        last=prompt,
        most_tokens=number(body.get("max_tokens", _USUAL_TOKENS), "max_tokens", 0),
        choices=number(body.get("n"), "n", 1, _MOST_CHOICES) or 1,
        tops=number(body.get("logprobs"), "logprobs", 0, _MOST_TOPS),
        stops=stops(body.get("stop")),
        seed=number(body.get("seed"), "seed", -(1 << 63), 1 << 63),
        streams=body.get("stream") is True,
    )


def _choice(index: int, said: Said, tops: int | None) -> dict[str, Any]:
    worth = None if tops is None else _logprobs(said.tokens, tops)
    return {"index": index, "text": said.text, "logprobs": worth, "finish_reason": said.finish}


def _logprobs(tokens: Sequence[str], tops: int) -> dict[str, Any]:
    return {
        "tokens": list(tokens),
        "token_logprobs": [logprob(token) for token in tokens],
        "top_logprobs": [{alternative(t, rank): logprob(t, rank) for rank in range(tops)} for t in tokens],
        "text_offset": list(accumulate(map(len, tokens), initial=0))[: len(tokens)],
    }


def _events(frame: dict[str, Any], said: Sequence[Said], used: dict[str, Any] | None) -> Iterator[Block]:
    for index, one in enumerate(said):
        yield from spoken(one.tokens, _chunk(frame, index, MARK))
        yield event(_chunk(frame, index, "", one.finish))
    if used is not None:
        yield event({**frame, "choices": [], "usage": used})
    yield 0, b"data: [DONE]\n\n"


def _chunk(frame: dict[str, Any], index: int, text: str, finish: str | None = None) -> dict[str, Any]:
    return {**frame, "choices": [{"index": index, "text": text, "logprobs": None, "finish_reason": finish}]}
