"""The instruction set that the operator of the first campaign has answered: every field, every kind of task.

A builder of training data wants breadth: the sets cycle through fields and kinds evenly and hardly repeat. The texts
are combinations of this project's own word lists (CC0-1.0).
"""

import random
from collections.abc import Callable, Iterator

from recipe.subjects import FIELDS, Field

_Maker = Callable[[Field, random.Random], str]


def instructions(count: int, seed: int) -> list[str]:
    """`count` different instructions, the same ones for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - variety, no secret
    found: dict[str, None] = {}
    for field in _rotation(rng):
        found[rng.choice(_KINDS)(field, rng)] = None
        if len(found) == count:
            return list(found)
    raise AssertionError("the rotation of fields never ends")


def _rotation(rng: random.Random) -> Iterator[Field]:
    while True:
        yield from rng.sample(FIELDS, len(FIELDS))


def _two(field: Field, rng: random.Random) -> tuple[str, str]:
    first, second = rng.sample(field.things, 2)
    return first, second


def _explain(field: Field, rng: random.Random) -> str:
    reader = rng.choice(
        ("a curious ten-year-old", "a new colleague", "somebody who failed the exam", "a journalist", "a retired nurse")
    )
    verb = rng.choice(("Explain", "Describe", "Introduce", "Clear up"))
    return f"{verb} {rng.choice(field.things)} to {reader}, using {rng.choice(field.settings)} as the example."


def _compare(field: Field, rng: random.Random) -> str:
    first, second = _two(field, rng)
    return rng.choice(
        (
            f"What do {first} and {second} have in common, and where does the comparison break down?",
            f"When would an expert in {field.name} prefer to think about {first} rather than {second}?",
            f"Contrast {first} with {second} in a table of {rng.randint(3, 7)} rows.",
        )
    )


def _calculate(field: Field, rng: random.Random) -> str:
    thing, place = rng.choice(field.things), rng.choice(field.settings)
    a, b, c = rng.randint(3, 97), rng.randint(12, 480), rng.randint(2, 60)
    return rng.choice(
        (
            f"At {place}, {a} groups of {b} people hear about {thing}; {c} % forget it. How many remember?",
            f"Design a numerical exercise on {thing} in which the values {a}, {b} and {c} occur, and solve it.",
            f"A helper at {place} writes {b} cards on {thing} in {a} minutes. How long do {b * c} cards take for two?",
        )
    )


def _code(field: Field, rng: random.Random) -> str:
    language = rng.choice(("Python", "Go", "JavaScript", "Rust", "SQL", "Java", "C"))
    thing = rng.choice(field.things)
    return rng.choice(
        (
            f"Write a {language} function that models {thing}; include input checks and two tests.",
            f"Sketch a {language} program for {rng.choice(field.settings)} that stores records about {thing}.",
            f"Refactor a naive {language} simulation of {thing} so that it runs {rng.randint(2, 40)} times faster.",
        )
    )


def _argue(field: Field, rng: random.Random) -> str:
    first, second = _two(field, rng)
    return rng.choice(
        (
            f"Argue for and against teaching {first} before {second} in a course on {field.name}.",
            f"Write a dialogue in which two experts disagree about {first} in {rng.choice(field.settings)}.",
            f"Which popular belief about {first} is wrong, and what evidence about {second} shows it?",
        )
    )


def _write(field: Field, rng: random.Random) -> str:
    place = rng.choice(field.settings)
    form = rng.choice(("a limerick", "a press release", "a museum label", "the start of a story", "a letter", "a quiz"))
    return f"Compose {form} about {rng.choice(field.things)} for {place}, {rng.randint(40, 300)} words."


def _plan(field: Field, rng: random.Random) -> str:
    first, second = _two(field, rng)
    days, place = rng.randint(2, 21), rng.choice(field.settings)
    return f"Plan {days} days of study in {field.name} that lead from {first} to {second} for {place}."


def _diagnose(field: Field, rng: random.Random) -> str:
    return (
        f"Something went wrong with {rng.choice(field.things)} at {rng.choice(field.settings)}: the outcome was "
        f"{rng.randint(5, 90)} % off. List the likely causes in order and how to tell them apart."
    )


_KINDS: tuple[_Maker, ...] = (_explain, _compare, _calculate, _code, _argue, _write, _plan, _diagnose)
