"""Anthropic messages, with thinking blocks.

Sources: Anthropic API reference, "Create a message" and "Count tokens"; guides "Streaming messages" and "Extended
thinking".
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any

from stillwatch.demo.provider.mind import Mind, Said, tokens_of
from stillwatch.demo.provider.reply import MARK, Block, Reply, event, spoken, stream, whole
from stillwatch.demo.provider.wish import BadWish, Body, Wish, model_of, stops, table, texts, turns
from stillwatch.demo.provider.wish import whole as number

_LEAST_THINKING = 1_024  # prescribed by the guide
_EFFORTS = ((2_048, "low"), (8_192, "medium"), (1 << 31, "high"))  # chosen: budgets up to, and how long it thinks
_FINISHES = {"stop": "end_turn", "length": "max_tokens"}


def reply(body: Body, mind: Mind, name: str) -> Reply:
    """The answer to one request. `name` becomes its id. Raises `BadWish`."""
    wish = _wish(body)
    (said,) = mind.say(wish)
    message = _message(wish, said, name, shows_thinking=table(body.get("thinking")).get("display") != "omitted")
    return stream(_events(message, said)) if wish.streams else whole(message, said.count)


def counted(body: Body, mind: Mind, name: str) -> Reply:
    """How many tokens a request would send. Raises `BadWish`."""
    model_of(body)
    return whole({"input_tokens": tokens_of(_prompt(body))}, 0)


def _prompt(body: Body) -> str:
    return "\n".join([*texts(body.get("system")), *turns(body.get("messages"))])


def _wish(body: Body) -> Wish:
    most = number(body.get("max_tokens"), "max_tokens")
    if most is None:
        raise BadWish("max_tokens is required")
    budget = _budget(table(body.get("thinking")), most)
    return Wish(
        model=model_of(body),
        prompt=_prompt(body),
        last=turns(body.get("messages"))[-1],
        most_tokens=most,
        most_reasoning=budget,
        effort=next(effort for up_to, effort in _EFFORTS if budget <= up_to) if budget else "",
        stops=stops(body.get("stop_sequences")),
        streams=body.get("stream") is True,
    )


def _budget(thinking: Body, most: int) -> int | None:
    """Tokens for thinking; `adaptive` leaves the model half of what there is."""
    if thinking.get("type") == "adaptive":
        return max(1, most // 2)
    if thinking.get("type") != "enabled":
        return None
    budget = number(thinking.get("budget_tokens"), "thinking.budget_tokens", _LEAST_THINKING)
    if budget is None or budget >= most:
        raise BadWish("thinking.budget_tokens is required, and less than max_tokens")
    return budget


def _message(wish: Wish, said: Said, name: str, *, shows_thinking: bool) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": said.text}] if said.tokens else []
    if said.reasoning:
        shown = said.thought if shows_thinking else ""
        content.insert(0, {"type": "thinking", "thinking": shown, "signature": _signature(said.thought)})
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": wish.model,
        "content": content,
        "stop_reason": _FINISHES[said.finish],
        "stop_sequence": None,
        "usage": {"input_tokens": tokens_of(wish.prompt), "output_tokens": said.count},
    }


def _signature(thought: str) -> str:
    """Something that stays with the thought; nobody checks ours."""
    return base64.b64encode(b"demo %08x" % zlib.crc32(thought.encode())).decode()


def _events(message: dict[str, Any], said: Said) -> Iterator[Block]:
    used = {**message["usage"], "output_tokens": 1}
    begun = {**message, "content": [], "stop_reason": None, "usage": used}
    yield event({"type": "message_start", "message": begun}, "message_start")
    yield event({"type": "ping"}, "ping")
    for index, block in enumerate(message["content"]):
        yield from _thinking(index, block, said) if block["type"] == "thinking" else _text(index, said)
        yield event({"type": "content_block_stop", "index": index}, "content_block_stop")
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    last = {"type": "message_delta", "delta": end, "usage": {"output_tokens": said.count}}
    yield event(last, "message_delta")
    yield event({"type": "message_stop"}, "message_stop")


def _thinking(index: int, block: dict[str, Any], said: Said) -> Iterator[Block]:
    yield _start(index, {"type": "thinking", "thinking": "", "signature": ""})
    if block["thinking"]:
        yield from spoken(said.reasoning, _delta(index, {"type": "thinking_delta", "thinking": MARK}), _DELTA)
    kept = 0 if block["thinking"] else len(said.reasoning)  # what is not told takes its time all the same
    signed = {"type": "signature_delta", "signature": block["signature"]}
    yield event(_delta(index, signed), _DELTA, kept)


def _text(index: int, said: Said) -> Iterator[Block]:
    yield _start(index, {"type": "text", "text": ""})
    yield from spoken(said.tokens, _delta(index, {"type": "text_delta", "text": MARK}), _DELTA)


_DELTA = "content_block_delta"


def _start(index: int, block: dict[str, Any]) -> Block:
    start = {"type": "content_block_start", "index": index, "content_block": block}
    return event(start, "content_block_start")


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"type": _DELTA, "index": index, "delta": delta}
