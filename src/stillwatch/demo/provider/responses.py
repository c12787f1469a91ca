"""OpenAI responses. Source: OpenAI API reference, "Create a model response" and "Streaming events"."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from stillwatch.demo.provider.chat import logprobs
from stillwatch.demo.provider.mind import Mind, Said, tokens_of
from stillwatch.demo.provider.reply import Reply, numbered, pieces, stream, whole
from stillwatch.demo.provider.wish import BadWish, Body, Wish, model_of, table, texts, turns
from stillwatch.demo.provider.wish import whole as number

Event = tuple[int, dict[str, Any]]
_LOGPROBS = "message.output_text.logprobs"  # what `include` names them
_LEAST_TOKENS, _MOST_TOPS = 16, 20  # prescribed by the reference


def reply(body: Body, mind: Mind, name: str) -> Reply:
    """The answer to one request. `name` becomes its id. Raises `BadWish`."""
    wish = _wish(body)
    (said,) = mind.say(wish)
    shows_summary = bool(table(body.get("reasoning")).get("summary"))
    output = _output(said, name, wish.tops, shows_summary)
    begun = _begun(body, wish, name)
    ended = {**begun, **_ended(said), "output": output, "usage": _usage(tokens_of(wish.prompt), said)}
    if not wish.streams:
        return whole(ended, said.count)
    return stream(numbered(_events(begun, ended, said, wish.tops)))


def _wish(body: Body) -> Wish:
    given = body.get("input")
    said = [given] if isinstance(given, str) else turns(given, "input")
    form = table(table(body.get("text")).get("format"))
    effort = table(body.get("reasoning")).get("effort")
    includes = body.get("include")
    wants_tops = isinstance(includes, list) and _LOGPROBS in includes
    most = number(body.get("max_output_tokens"), "max_output_tokens")
    if most is not None and most < _LEAST_TOKENS:
        raise BadWish(f"max_output_tokens is at least {_LEAST_TOKENS}")
    return Wish(
        model=model_of(body),
        prompt="\n".join([*texts(body.get("instructions")), *said]),
        last=said[-1],
        most_tokens=most,
        effort="" if effort in ("none", None) else str(effort),
        tops=number(body.get("top_logprobs", 0), "top_logprobs", 0, _MOST_TOPS) if wants_tops else None,
        schema=table(form.get("schema")) if form.get("type") == "json_schema" else None,
        streams=body.get("stream") is True,
    )


def _begun(body: Body, wish: Wish, name: str) -> dict[str, Any]:
    return {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "model": wish.model,
        "output": [],
        "instructions": body.get("instructions"),
        "max_output_tokens": wish.most_tokens,
        "error": None,
        "incomplete_details": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": body.get("temperature", 1.0),
        "top_p": body.get("top_p", 1.0),
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def _ended(said: Said) -> dict[str, Any]:
    if said.finish == "stop":
        return {"status": "completed"}
    return {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


def _usage(asked: int, said: Said) -> dict[str, Any]:
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said.count,
        "output_tokens_details": {"reasoning_tokens": len(said.reasoning)},
        "total_tokens": asked + said.count,
    }


def _output(said: Said, name: str, tops: int | None, shows_summary: bool) -> list[dict[str, Any]]:
    """A reasoning item where there was reasoning, its summary only where one was asked for; then the message."""
    items = []
    if said.reasoning:
        told = [{"type": "summary_text", "text": said.thought}] if shows_summary else []
        items.append({"id": f"rs_{name}", "type": "reasoning", "summary": told})
    worth = [] if tops is None else logprobs(said.tokens, tops)
    part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": worth}
    status = "completed" if said.finish == "stop" else "incomplete"
    message = {"id": f"msg_{name}", "type": "message", "role": "assistant", "status": status, "content": [part]}
    return [*items, message]


def _events(begun: dict[str, Any], ended: dict[str, Any], said: Said, tops: int | None) -> Iterator[Event]:
    yield 0, {"type": "response.created", "response": begun}
    yield 0, {"type": "response.in_progress", "response": begun}
    for place, item in enumerate(ended["output"]):
        told = _reasoning(place, item, said) if item["type"] == "reasoning" else _message(place, item, said, tops)
        yield from told
    yield 0, {"type": f"response.{ended['status']}", "response": ended}


def _reasoning(at: int, item: dict[str, Any], said: Said) -> Iterator[Event]:
    yield 0, {"type": "response.output_item.added", "output_index": at, "item": {**item, "summary": []}}
    place = {"item_id": item["id"], "output_index": at, "summary_index": 0}
    for part in item["summary"]:
        yield 0, {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
        for tokens, text in pieces(said.reasoning):
            yield tokens, {"type": "response.reasoning_summary_text.delta", **place, "delta": text}
        yield 0, {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
        yield 0, {"type": "response.reasoning_summary_part.done", **place, "part": part}
    kept = 0 if item["summary"] else len(said.reasoning)  # what is not told takes its time all the same
    yield kept, {"type": "response.output_item.done", "output_index": at, "item": item}


def _message(at: int, item: dict[str, Any], said: Said, tops: int | None) -> Iterator[Event]:
    (part,) = item["content"]
    place = {"item_id": item["id"], "output_index": at, "content_index": 0}
    begun = {**item, "status": "in_progress", "content": []}
    yield 0, {"type": "response.output_item.added", "output_index": at, "item": begun}
    yield 0, {"type": "response.content_part.added", **place, "part": {**part, "text": "", "logprobs": []}}
    for tokens, text in pieces(said.tokens):
        worth = [] if tops is None else logprobs([text], tops)
        yield tokens, {"type": "response.output_text.delta", **place, "delta": text, "logprobs": worth}
    yield 0, {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": part["logprobs"]}
    yield 0, {"type": "response.content_part.done", **place, "part": part}
    yield 0, {"type": "response.output_item.done", "output_index": at, "item": item}
