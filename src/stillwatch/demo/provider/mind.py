"""What the model says: text, reasoning and log probabilities, the same for the same request, seed and choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec

from stillwatch.demo.provider.topic import subject_of
from stillwatch.demo.provider.wish import Body, Wish, table
from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.text.answers import answer
from stillwatch.world.text.lexicon import Subject
from stillwatch.world.text.reasoning import reasoning

_TOKEN = re.compile(r" ?[A-Za-z0-9]{1,6}|.", re.DOTALL)
"""Our vocabulary: six letters or digits with the blank before them, and every other character by itself."""
_MEDIAN, _SIGMA = 160.0, 0.8  # tokens of an answer, as in the world's dialogues
_WORKED_OUT = re.compile(r"step by step|chain of thought|in detail|explain|reasoning", re.IGNORECASE)
_WORKED_OUT_TIMES = 2.5  # chosen: answers to those who ask for the way are longer
_SIZES = {"minimal": 0.2, "low": 0.4, "medium": 1.0, "high": 2.2, "xhigh": 3.0}  # as the world's; ends chosen
_MOST_DEPTH = 8  # of a schema; deeper is answered with null


@dataclass(frozen=True, slots=True)
class Said:
    """One choice, in tokens: texts that give the answer when they are joined. `finish` is `stop` or `length`."""

    tokens: list[str]
    reasoning: list[str]
    finish: str

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(self.tokens)

    @property
    def thought(self) -> str:
        """The reasoning."""
        return "".join(self.reasoning)

    @property
    def count(self) -> int:
        """Output tokens, reasoning among them."""
        return len(self.tokens) + len(self.reasoning)


def tokens_in(text: str) -> list[str]:
    """The text in tokens."""
    return _TOKEN.findall(text)


def tokens_of(text: str) -> int:
    """How many tokens a text has."""
    return sum(1 for _ in _TOKEN.finditer(text))


class Mind:
    """A model. Requests with a seed of their own are answered alike each time; the others differ from time to time."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._numbers = count()
        self._length: int | None = None

    def of_length(self, tokens: int) -> Mind:
        """The same model, whose answers have about so many tokens."""
        other = Mind(self._seed)
        other._numbers, other._length = self._numbers, tokens
        return other

    def say(self, wish: Wish) -> list[Said]:
        """All choices that were asked for."""
        number = f"seed {wish.seed}" if wish.seed is not None else next(self._numbers)
        return [self._choice(wish, Chance(self._seed, number, wish.prompt, index)) for index in range(wish.choices)]

    def _choice(self, wish: Wish, chance: Chance) -> Said:
        subject = subject_of(wish.last, chance)
        if wish.schema is not None:
            text = msgspec.json.encode(_filled(wish.schema, subject, chance)).decode()
        else:
            text = answer(subject, self._length or _length(wish, chance), chance)
        thought = _thought(wish, text, chance)
        text, was_stopped = _stopped(text, wish.stops)
        tokens = tokens_in(text)
        most = wish.most_tokens
        if most is None or most >= len(thought) + len(tokens):
            return Said(tokens, thought, "stop")
        return Said(tokens[: max(0, most - len(thought))], thought[:most], "stop" if was_stopped else "length")


def logprob(token: str, rank: int = 0) -> float:
    """The log probability of a token, the same wherever it stands; of its alternatives by `rank`."""
    return -0.02 - (sum(token.encode()) % 97) / 80.0 - 1.3 * rank


def alternative(token: str, rank: int) -> str:
    """What might have stood in a token's place."""
    return token if rank == 0 else f"{token[:1]}{chr(97 + (sum(token.encode()) + 5 * rank) % 26)}{token[2:]}"


def _length(wish: Wish, chance: Chance) -> int:
    times = _WORKED_OUT_TIMES if _WORKED_OUT.search(wish.prompt) else 1.0
    return int(chance.lognormal(_MEDIAN * times, _SIGMA))


def _thought(wish: Wish, text: str, chance: Chance) -> list[str]:
    if not wish.effort:
        return []
    wanted = chance.lognormal(facts.REASONING_TOKENS * _SIZES.get(wish.effort, 1.0), facts.REASONING_SIGMA)
    thought = tokens_in(reasoning(text, int(wanted), chance))
    return thought if wish.most_reasoning is None else thought[: wish.most_reasoning]


def _stopped(text: str, stops: tuple[str, ...]) -> tuple[str, bool]:
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def _filled(schema: Body, subject: Subject, chance: Chance, depth: int = 0) -> Any:
    """A value that fits the schema, for the words of JSON Schema that model APIs document."""
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return chance.pick(schema["enum"])
    kind = schema.get("type")
    kind = str(kind[0] if isinstance(kind, list) and kind else kind or "object").lower()
    if depth > _MOST_DEPTH:
        return None
    if kind == "object":
        parts = table(schema.get("properties"))
        return {name: _filled(table(part), subject, chance, depth + 1) for name, part in parts.items()}
    if kind == "array":
        return [_filled(table(schema.get("items")), subject, chance, depth + 1) for _ in range(2)]
    plain: dict[str, Any] = {"integer": chance.below(100), "number": chance.below(1000) / 10, "boolean": True}
    return plain.get(kind, subject.term(chance))
