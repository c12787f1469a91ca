"""What `generate` found, as it is kept: tokens of every answer, how likely each was, and what was counted."""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = Path(__file__).parent / "answers.json"


class Answer(msgspec.Struct, frozen=True):
    """Tokens of an answer to a prompt of that number. `nats`: how unlikely the unmarked model finds each."""

    prompt: int
    tokens: list[int]
    nats: list[float]


class Made(msgspec.Struct, frozen=True):
    """A contender's answers. `hits` of `trials` as its own statistic counts, 0 of 0 for ours, which is scored afresh.

    `task`: the chance of the right answer to each question, averaged over keys.
    """

    contender: str
    answers: list[Answer]
    hits: int
    trials: int
    task: list[float]


class Stepwise(msgspec.Struct, frozen=True):
    """One marked step at `places` of unmarked text, averaged exactly over what it may draw, and over `keys`.

    `green`: the chance of a green token; `nats`: how much less likely the unmarked model finds what comes; both with
    their standard errors. `entropy`: the median of the places, in nats, of the fifty likeliest tokens.
    """

    strength: float
    gate: float
    places: int
    keys: int
    green: float
    nats: float
    green_error: float
    nats_error: float
    entropy: float


class Answers(msgspec.Struct, frozen=True):
    """The file."""

    machine: dict[str, str]
    model: str
    tokenizer: str
    words: int
    made: list[Made]
    reworded_from: str
    reworded: list[Answer]
    stepwise: list[Stepwise]


def read() -> Answers:
    """What was kept."""
    return msgspec.json.decode(FILE.read_bytes(), type=Answers)
