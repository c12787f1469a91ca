"""Gemini's generateContent and streamGenerateContent, countTokens and embedContent.

Source: Gemini API reference, "Generating content", "Counting tokens", "Embeddings"; guide "Thinking". A stream is
server-sent events with `alt=sse` and one JSON list without, as the reference has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from stillwatch.demo.provider.embeddings import embedded
from stillwatch.demo.provider.mind import Mind, Said, alternative, logprob, tokens_of
from stillwatch.demo.provider.reply import JSON, Reply, encode, event, pieces, stream, whole
from stillwatch.demo.provider.wish import Body, Wish, stops, table, texts, turns
from stillwatch.demo.provider.wish import whole as number

_MOST_CANDIDATES, _MOST_TOPS = 8, 20  # prescribed by the reference
_EFFORTS = ((2_048, "low"), (8_192, "medium"), (1 << 31, "high"))  # chosen: budgets up to, and how long it thinks
_CAPITAL = re.compile(r"([A-Z])")
_FINISHES = {"stop": "STOP", "length": "MAX_TOKENS"}


def reply(model: str, body: Body, mind: Mind, name: str) -> Reply:
    """The whole answer. Raises `BadWish`."""
    wish, shows = _wish(model, body)
    said = mind.say(wish)
    candidates = [_candidate(index, one, wish.tops, shows) for index, one in enumerate(said)]
    return whole({"candidates": candidates, **_frame(wish, said, name)}, sum(one.count for one in said))


def streamed(model: str, body: Body, mind: Mind, name: str, *, as_events: bool) -> Reply:
    """The answer bit by bit: events, or the elements of one list. Raises `BadWish`."""
    wish, shows = _wish(model, body)
    documents = list(_bits(wish, mind.say(wish), shows, name))
    if as_events:
        return stream(event(document, tokens=tokens) for tokens, document in documents)
    blocks = [(tokens, (b"," if at else b"[") + encode(bit)) for at, (tokens, bit) in enumerate(documents)]
    return Reply(200, JSON, [*blocks, (0, b"]")], is_stream=True)


def counted(model: str, body: Body, mind: Mind, name: str) -> Reply:
    """How many tokens a request would send. Raises `BadWish`."""
    asked = tokens_of(_prompt(body if "contents" in body else table(body.get("generateContentRequest"))))
    return whole({"totalTokens": asked}, 0)


def embedding(model: str, body: Body, mind: Mind, name: str) -> Reply:
    """A direction for one text."""
    return whole({"embedding": _embedding(body)}, 0)


def embeddings(model: str, body: Body, mind: Mind, name: str) -> Reply:
    """Directions for several texts."""
    return whole({"embeddings": [_embedding(table(one)) for one in _requests(body)]}, 0)


def _requests(body: Body) -> list[Any]:
    given = body.get("requests")
    return given if isinstance(given, list) else []


def _embedding(body: Body) -> Body:
    dimensions = number(body.get("outputDimensionality"), "outputDimensionality", 1, 3_072)
    text = "\n".join(texts(body.get("content")))
    return {"values": (embedded(text, dimensions) if dimensions else embedded(text)).tolist()}


def _said(given: Body, camel: str) -> Any:
    """A parameter in either spelling: Google's servers take camelCase and snake_case, and its clients send both."""
    return given.get(camel, given.get(_CAPITAL.sub(r"_\1", camel).lower()))


def _prompt(body: Body) -> str:
    return "\n".join([*texts(_said(body, "systemInstruction")), *turns(body.get("contents"), "contents")])


def _wish(model: str, body: Body) -> tuple[Wish, bool]:
    """What is asked for, and whether thoughts are to be shown."""
    config = table(_said(body, "generationConfig"))
    thinking = table(_said(config, "thinkingConfig"))
    budget = number(_said(thinking, "thinkingBudget"), "thinkingBudget", -1)
    level = str(_said(thinking, "thinkingLevel") or "").lower()
    shows = _said(thinking, "includeThoughts") is True
    tops = number(config.get("logprobs", 0), "logprobs", 0, _MOST_TOPS)
    is_json = _said(config, "responseMimeType") == JSON.decode()
    return Wish(
        model=model,
        prompt=_prompt(body),
        last=turns(body.get("contents"), "contents")[-1],
        most_tokens=number(_said(config, "maxOutputTokens"), "maxOutputTokens"),
        most_reasoning=budget if budget is not None and budget > 0 else None,
        choices=number(_said(config, "candidateCount"), "candidateCount", 1, _MOST_CANDIDATES) or 1,
        effort=level or _effort(budget, shows),
        tops=tops if _said(config, "responseLogprobs") is True else None,
        stops=stops(_said(config, "stopSequences")),
        seed=number(_said(config, "seed"), "seed", -(1 << 63), 1 << 63),
        schema=table(_said(config, "responseSchema") or _said(config, "responseJsonSchema")) if is_json else None,
    ), shows


def _effort(budget: int | None, shows: bool) -> str:
    """A budget of 0 switches thinking off, and -1 leaves it to the model (guide "Thinking")."""
    if budget is None:
        return "medium" if shows else ""
    return "" if budget == 0 else next(effort for up_to, effort in _EFFORTS if budget <= up_to)


def _frame(wish: Wish, said: Sequence[Said], name: str) -> dict[str, Any]:
    """Thoughts are counted beside the candidates."""
    asked, thoughts = tokens_of(wish.prompt), sum(len(one.reasoning) for one in said)
    told = sum(len(one.tokens) for one in said)
    counts = {"promptTokenCount": asked, "candidatesTokenCount": told, "totalTokenCount": asked + told + thoughts}
    if thoughts:
        counts["thoughtsTokenCount"] = thoughts
    return {"usageMetadata": counts, "modelVersion": wish.model, "responseId": name}


def _candidate(index: int, said: Said, tops: int | None, shows: bool) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": said.text}]
    if said.reasoning and shows:
        parts.insert(0, {"text": said.thought, "thought": True})
    found: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "finishReason": _FINISHES[said.finish]}
    if tops is not None:
        found["logprobsResult"] = _logprobs(said.tokens, tops)
    return {**found, "index": index}


def _logprobs(tokens: Sequence[str], tops: int) -> dict[str, Any]:
    chosen = [{"token": token, "logProbability": logprob(token)} for token in tokens]
    others = [
        {"candidates": [{"token": alternative(t, r), "logProbability": logprob(t, r)} for r in range(tops)]}
        for t in tokens
    ]
    return {"chosenCandidates": chosen, "topCandidates": others}


def _bits(wish: Wish, said: Sequence[Said], shows: bool, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Documents that each hold some tokens of one candidate; the last has the counts."""
    asked = tokens_of(wish.prompt)
    frame: dict[str, Any] = {"modelVersion": wish.model, "responseId": name}
    frame |= {"usageMetadata": {"promptTokenCount": asked, "totalTokenCount": asked}}
    for index, one in enumerate(said):
        for tokens, text in pieces(one.reasoning) if shows else ():
            yield tokens, {"candidates": [_bit(index, {"text": text, "thought": True})], **frame}
        for tokens, text in pieces(one.tokens):
            yield tokens, {"candidates": [_bit(index, {"text": text})], **frame}
    ends = [
        {**_bit(index, {"text": ""}), "finishReason": _FINISHES[one.finish]}
        | ({"logprobsResult": _logprobs(one.tokens, wish.tops)} if wish.tops is not None else {})
        for index, one in enumerate(said)
    ]
    yield 0, {"candidates": ends, **_frame(wish, said, name)}


def _bit(index: int, part: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": [part]}, "index": index}
