"""Documents of somebody's own: reports, letters, tickets, passages of a book."""

from __future__ import annotations

from stillwatch.world.chance import Chance
from stillwatch.world.text.answers import answer
from stillwatch.world.text.frames import fill, sentence_case
from stillwatch.world.text.lexicon import Subject

_HEADS = (
    "{x}: notes on {a}",
    "Minutes, {t}, {p}",
    "{a} at {p}",
    "Report {n}/{m}: {a}",
    "How we do {a}",
    "{x} handbook, part {n}",
    "Incident {n}: {a}",
    "FAQ {a}",
    "{w}'s summary of {b}",
    "Policy {n}, {a} and {b}",
    "Release notes {n}.{m}",
    "Inventory {p}",
)
_LETTERS = (
    "I am writing about the {a}.",
    "On {t} {w} promised that {a} would be settled.",
    "{a} has not been dealt with and now {b}.",
    "We counted {n}, which cannot be right.",
    "Could somebody confirm {b} before {t}?",
    "I was charged {n} for {a}.",
    "Please cancel {a} and keep {b}.",
    "It broke again after {n} days.",
    "Any news of {b}?",
    "Reference {n}-{m}, as far as I know.",
    "My question: who pays for {b}?",
    "Sorry for the trouble with {a}!",
    "Until {t} everything was fine, then {b} started.",
    "Is {n} normal?",
    "I have photographs of {b} if that helps.",
    "Nobody rang back about {a} since {t}.",
    "What happens to {a} if I do nothing?",
    "{w} says {c} is covered.",
    "The parcel to {p} never came, number {n}.",
    "Last time it took {n} minutes and cost {m}.",
    "Kindly leave {b} out of it.",
    "Great service on {a}, thank you {w}!",
)
_PROSE = (
    "{w} looked at {a} for a long time",
    "in {p} nobody spoke of {b} any more",
    "it was {t}, and {c} was all that {w} had",
    "the road to {p} was {n} miles of {a}",
    "{w} said that {b} would not last",
    "they had waited {n} days for {c}",
    "what {w} remembered of {x} was {a}",
    "the letter mentioned {b} once, and {p} twice",
    "at {n} past the hour {w} left",
    "{x} had been a place where {a} mattered",
    "her brother kept {n} of them in a box",
    "nothing in {p} was as quiet as {c}",
)


def document(subject: Subject, tokens: int, chance: Chance) -> str:
    """A headed document of its owner, of about so many tokens."""
    head = fill(chance.pick(_HEADS), subject, chance)
    middle = tokens // 2 if tokens > 160 else tokens
    parts = [answer(subject, middle, chance)]
    if tokens > 160:
        items = [f"- {fill('{a}: {n}', subject, chance)}" for _ in range(chance.between(2, 5))]
        parts += ["\n".join(items), answer(subject, tokens - middle, chance)]
    return "\n\n".join([head, *parts])


def letter(subject: Subject, chance: Chance) -> str:
    """A customer's letter of two to six sentences."""
    said = [fill(chance.pick(_LETTERS), subject, chance) for _ in range(chance.between(2, 6))]
    return " ".join([*said, fill(chance.pick(("{w}", "Thanks, {w}", "Yours, {w}", "")), subject, chance)]).strip()


def passage(subject: Subject, chance: Chance) -> str:
    """A paragraph of a novel."""
    told = [sentence_case(fill(chance.pick(_PROSE), subject, chance)) for _ in range(chance.between(4, 9))]
    return ". ".join(told) + "."
