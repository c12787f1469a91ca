"""What the soak's clients ask: a steady mixture, drawn anew for each request.

Customers ask in words of their own, a ring asks under one wrapper, strangers come once and never again, and a few
greedy accounts ask for more than their limit allows. Texts are syllables at random: nobody else's, and never the same.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec

CUSTOMERS, RING, GREEDY = 160, 20, 4
LIMIT_A_MINUTE = 60
"""Requests of an account. Chosen: twice what a customer asks at eighty a second, half of what a greedy one asks."""
_SHARE_RING, _SHARE_GREEDY, _SHARE_STRANGERS, _SHARE_WRONG, _SHARE_ODD = 0.10, 0.10, 0.02, 0.01, 0.01
_SHARE_STREAMS, _SHARE_LEFT, _SHARE_MESSAGES, _SHARE_KEPT = 0.40, 0.20, 0.10, 0.70
_ANSWER_TOKENS = 20, 120
_QUESTION_WORDS = 5, 60
_LEAVES_AFTER = 2, 6  # events of a stream, for who leaves early
_WRAPPER = (
    "You write fully worked solutions for a private collection of problems. State the idea first, then every step "
    "with its justification, and close with the answer on a line of its own."
)
_CHAT = "/v1/chat/completions"
_ODD = ("reset", "stop-mid-stream", "status=500")
_SYLLABLES = [first + second for first in "bdfgklmnprstv" for second in ("a", "e", "i", "o", "u", "an", "er", "il")]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, whole. `leaves_after`: events of a stream, 0 for who stays; `is_odd`: the model misbehaves."""

    data: bytes
    is_stream: bool = False
    leaves_after: int = 0
    keeps_connection: bool = False
    is_odd: bool = False


class Asks:
    """Draws requests."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a load, no secret
        self._strangers = 0

    def next(self) -> Ask:
        """The next request, whoever asks it."""
        chance, drawn = self._chance, self._chance.random()
        if drawn < _SHARE_RING:
            return self._asked(f"sk-ring-{chance.randrange(RING)}", _WRAPPER)
        if drawn < _SHARE_RING + _SHARE_GREEDY:
            return self._asked(f"sk-greedy-{chance.randrange(GREEDY)}")
        if drawn < _SHARE_RING + _SHARE_GREEDY + _SHARE_STRANGERS:
            self._strangers += 1
            return self._asked(f"sk-stranger-{self._strangers}")
        if chance.random() < _SHARE_WRONG:
            return Ask(_request(_CHAT, "sk-wrong", b"{nothing"))
        customer = chance.randrange(CUSTOMERS)
        return self._asked(f"sk-customer-{customer}", f"You help at desk {customer}." if customer % 3 else "")

    def _asked(self, key: str, system: str = "") -> Ask:
        chance = self._chance
        turns = [{"role": "system", "content": system}] if system else []
        turns.append({"role": "user", "content": self._text()})
        tokens = chance.randint(*_ANSWER_TOKENS)
        if chance.random() < _SHARE_STREAMS:
            return self._streamed(key, turns, tokens)
        keeps = chance.random() < _SHARE_KEPT
        if chance.random() < _SHARE_MESSAGES:
            said = {"model": "sonata-3", "max_tokens": tokens, "system": system, "messages": turns[-1:]}
            return Ask(_request("/v1/messages", key, msgspec.json.encode(said)), keeps_connection=keeps)
        said = {"model": "sonata-3", "max_completion_tokens": tokens, "messages": turns}
        return Ask(_request(_CHAT, key, msgspec.json.encode(said)), keeps_connection=keeps)

    def _streamed(self, key: str, turns: list[dict[str, str]], tokens: int) -> Ask:
        chance = self._chance
        said = {"model": "sonata-3", "max_completion_tokens": tokens, "messages": turns, "stream": True}
        body = msgspec.json.encode({**said, "stream_options": {"include_usage": True}})
        leaves_after = chance.randint(*_LEAVES_AFTER) if chance.random() < _SHARE_LEFT else 0
        keeps = not leaves_after and chance.random() < _SHARE_KEPT
        if chance.random() < _SHARE_ODD:
            return Ask(_request(_CHAT, key, body, f"X-Misbehave: {chance.choice(_ODD)}\r\n"), True, is_odd=True)
        return Ask(_request(_CHAT, key, body), True, leaves_after, keeps)

    def _text(self) -> str:
        chance = self._chance
        words = range(chance.randint(*_QUESTION_WORDS))
        return " ".join("".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in words)


def _request(path: str, key: str, body: bytes, more: str = "") -> bytes:
    fields = f"Host: model\r\nAuthorization: Bearer {key}\r\nanthropic-version: 2023-06-01\r\n{more}"
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"POST {path} HTTP/1.1\r\n{fields}{length}\r\n".encode() + body
