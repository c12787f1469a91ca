"""An exchange as an analyst reads it: roles and texts, cut to a length; nothing that says who it was."""

from __future__ import annotations

import msgspec

from stillwatch.exchange.record import Exchange

TURN_CHARS = 4_000  # chosen: a page; a template shows in its first lines
FIRST_TURNS = 8
LAST_TURNS = 24  # of longer dialogues the beginning and the end are kept


class Turn(msgspec.Struct, frozen=True):
    """One turn; `chars` is its whole length, of which `text` is the beginning."""

    role: str
    text: str
    chars: int


class ReadableExchange(msgspec.Struct, frozen=True):
    """What of an exchange goes into the reservoir. `turns` has the answer last, as the assistant's."""

    ts_us: int
    operation: str
    model: str
    status: int
    turns: list[Turn]
    omitted_turns: int = 0


def exemplar_json(exchange: Exchange, *, turn_chars: int = TURN_CHARS) -> bytes:
    """The exchange as JSON of `ReadableExchange`: at most 33 turns of at most `turn_chars` characters."""
    said = [(message.role, message.text) for message in exchange.request.messages]
    omitted = max(0, len(said) - FIRST_TURNS - LAST_TURNS)
    if omitted:
        said = said[:FIRST_TURNS] + said[-LAST_TURNS:]
    if exchange.response is not None:
        said.append(("assistant", exchange.response.text))
    request = exchange.request
    turns = [Turn(role, _printable(text[:turn_chars]), len(text)) for role, text in said]
    return msgspec.json.encode(
        ReadableExchange(exchange.ts_us, request.operation, _printable(request.model), exchange.status, turns, omitted)
    )


def _printable(text: str) -> str:
    """Lone surrogates, which JSON cannot carry, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
