"""Plausible sentences around the words of a question.

A small grammar: sentence frames with slots that are filled from the reader's own words and from short lists. It is no
language model; it only keeps answers varied, on the subject, and of a realistic length.
"""

import random
import re
from collections.abc import Sequence

_STOP = frozenset(
    re.findall(
        r"\w+",
        "about above after again against also although always among another answer any anything are because "
        "been before being below between both cannot could does doing done during each either else every "
        "explain few first following from further give given have having here how into itself just keep like "
        "make many more most must need never not only other over please question same should since some still "
        "such than that their them then there these they this those through under until very want was were "
        "what when where whether which while who whose why will with within without would write your yours "
        "list provide describe using used user assistant context rewrite rewritten prompt text return valid "
        "json schema format object string number type",
    )
)
_FRAMES = (
    "{Open} {a} {depends} {b}, {reason}.",
    "In practice {a} {matters} {when} {b} {changes}.",
    "{Start} with {a}: {check} {b} before you {act} {c}.",
    "The usual mistake is to treat {a} as {b}; {contrast} {c}.",
    "{Open} {c} {follows} from {a} and {b} taken together.",
    "A {good} rule of thumb is to {act} {a} {frequency}, {reason}.",
    "If {a} {changes}, {b} {reacts} and {c} has to be {adjusted}.",
    "{Compare} {a} and {b}: the first {reacts} quickly, the second only {when} {c} {changes}.",
    "{Number} points decide here: {a}, {b} and how {c} is {adjusted}.",
    "Nothing about {a} is {odd}, but {b} {depends} {c} more than people {expect}.",
    "{Start} small, {act} {a}, and {check} whether {b} still holds.",
    "Most {sources} describe {a} first and come to {b} later, {reason}.",
    "{Contrasting}, {c} {reacts} to {b}, not to {a}.",
    "What remains open is how far {a} carries over to {b}.",
    "{Open} {b} can be {adjusted} {frequency} without touching {a}.",
    "As an example, take {a} with {b}: {c} {follows} at once.",
)
_SLOTS: dict[str, tuple[str, ...]] = {
    "Open": ("Broadly,", "In short,", "As far as one can say,", "To begin with,", "Strictly speaking,", "Usually"),
    "depends": ("depends on", "is shaped by", "rests on", "hangs together with", "is limited by"),
    "reason": (
        "because both draw on the same cause",
        "since small differences add up over time",
        "which is easy to overlook at first",
        "as long as nothing else interferes",
        "so it pays to measure before deciding",
        "and that is where most of the effect comes from",
    ),
    "matters": ("matters most", "shows itself", "becomes visible", "counts twice", "is noticed only"),
    "when": ("when", "once", "as soon as", "whenever"),
    "changes": ("changes", "grows", "falls away", "is replaced", "varies", "reaches its limit"),
    "Start": ("Start", "Begin", "It helps to begin", "One can start"),
    "check": ("check", "look at", "write down", "compare", "measure", "confirm"),
    "act": ("adjust", "change", "rely on", "repeat", "simplify", "replace", "extend", "test"),
    "contrast": ("what counts is", "the difference lies in", "it is better described by", "look instead at"),
    "follows": ("follows", "can be derived", "is explained", "comes out", "is obtained"),
    "good": ("sound", "simple", "cautious", "common", "workable"),
    "frequency": ("once a week", "step by step", "only when needed", "early", "in small portions", "twice"),
    "reacts": ("reacts", "responds", "settles", "shifts", "recovers", "drifts"),
    "adjusted": ("adjusted", "re-checked", "planned again", "written out", "recorded", "scaled"),
    "Compare": ("Compare", "Set side by side", "Distinguish", "Keep apart"),
    "Number": ("Two or three", "Three", "A few", "Only two"),
    "odd": ("mysterious", "unusual", "hard", "controversial"),
    "expect": ("expect", "assume", "remember", "notice"),
    "sources": ("handbooks", "textbooks", "guides", "introductions", "practitioners"),
    "Contrasting": ("By contrast", "On the other hand", "Perhaps surprisingly", "In the long run"),
}
_FALLBACK = ("the setting", "the first step", "the result", "the time available", "the details", "the purpose")
_WORD = re.compile(r"[^\W\d_][\w'-]{3,23}")
_SLOT = re.compile(r"\{(\w+)\}")


def content_words(text: str, limit: int = 24) -> list[str]:
    """The less common words of `text`, each once, from its last 2,000 characters."""
    found: dict[str, None] = {}
    for word in _WORD.findall(text[-2000:]):
        if word.lower() not in _STOP:
            found[word.lower()] = None
    return list(found)[-limit:]


def sentence(words: Sequence[str], rng: random.Random) -> str:
    """One sentence that mentions up to three of `words`."""
    pool = list(words) if len(words) >= 3 else [*words, *_FALLBACK]
    named = dict(zip("abc", rng.sample(pool, 3), strict=True))

    def fill(match: re.Match[str]) -> str:
        slot = match.group(1)
        return named[slot] if slot in named else rng.choice(_SLOTS[slot])

    return _SLOT.sub(fill, rng.choice(_FRAMES))


def paragraph(words: Sequence[str], sentences: int, rng: random.Random) -> str:
    """Several sentences about `words`."""
    return " ".join(sentence(words, rng) for _ in range(sentences))
