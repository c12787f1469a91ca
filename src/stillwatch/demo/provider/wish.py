"""What a request asks for, whichever wire format it came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]


class BadWish(ValueError):
    """A request that no answer can be given to; the sentence goes to the client."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`prompt` is all text that was sent and `last` its last turn. `effort` is empty where nobody asked for reasoning.

    `most_tokens` bounds reasoning and answer together; `tops`: alternatives a token where log probabilities are asked
    for; `schema`: of the JSON that is to come back, empty for text.
    """

    model: str
    prompt: str
    last: str
    most_tokens: int | None = None
    most_reasoning: int | None = None
    choices: int = 1
    effort: str = ""
    tops: int | None = None
    stops: tuple[str, ...] = ()
    seed: int | None = None
    schema: Body | None = None
    streams: bool = False


def model_of(body: Body) -> str:
    """The model that is asked. Raises `BadWish`."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadWish("model is missing: name one, any name will do here")
    return model


def texts(content: Any) -> Iterator[str]:
    """Every text in a message's content: a string, or parts that hold `text`."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        yield from texts(content.get("text") or content.get("content") or content.get("parts"))
    elif isinstance(content, list):
        for part in content:
            yield from texts(part)


def turns(messages: Any, name: str = "messages") -> list[str]:
    """The text of each turn. Raises `BadWish` where there is none."""
    if not isinstance(messages, list) or not messages:
        raise BadWish(f"{name} is missing or empty: send at least one turn")
    return ["\n".join(texts(turn)) for turn in messages]


def whole(value: Any, name: str, least: int = 1, most: int = 1 << 31) -> int | None:
    """A whole number, None where none was sent. Raises `BadWish`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise BadWish(f"{name} is a whole number from {least} to {most}")
    return int(value)


def stops(value: Any) -> tuple[str, ...]:
    """Texts at which the answer ends."""
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for text in given if isinstance(text, str) and text)


def table(value: Any) -> Body:
    """An object, empty where something else was sent."""
    return value if isinstance(value, Mapping) else {}
