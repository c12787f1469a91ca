"""What `generate` found, as it is kept: tokens of every answer, how likely they were, and what was counted."""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = Path(__file__).parent / "answers.json"


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens of an answer to a prompt of that number.

    `nats`: how unlikely the unmarked model finds a token, on average; None where it was not asked. `theirs`: what a
    contender of transformers reads in the tokens: of KGW, from the second on, 1 for a green one; of SynthID, from the
    fifth on, its g-values as bits of a number, the first layer's the lowest, or -1 where the context has been before.
    """

    prompt: int
    tokens: list[int]
    nats: float | None = None
    theirs: list[int] = []


class Made(msgspec.Struct, frozen=True):
    """A contender's answers in one round."""

    contender: str
    answers: list[Answer]


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
    """The file. A round has prompts and keys of its own, the same prompts for every contender.

    `task`: by contender, the chance of the right answer to each question, averaged over keys.
    """

    machine: dict[str, str]
    model: str
    tokenizer: str
    words: int
    rounds: list[list[Made]]
    task: dict[str, list[float]]
    reworded_from: str
    reworded: list[Answer]
    stepwise: list[Stepwise]

    @property
    def made(self) -> list[Made]:
        """Of the first round, under the first keys."""
        return self.rounds[0]


def read() -> Answers:
    """What was kept."""
    return msgspec.json.decode(FILE.read_bytes(), type=Answers)
