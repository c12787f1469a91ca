"""Wording every wrapper anew, so that no two share five words in a row: what an operator with a rewriting model does.

An operator who reads this code checks his own wrappers, so this one does too: a wording that repeats five words of
an earlier one is thrown away, and after a few tries the request goes with fewer than five words around the item.
The memory of what was said is a fixed bit array: a false hit only costs another try.
"""

from __future__ import annotations

import re
import zlib

from stillwatch.world.chance import Chance
from stillwatch.world.hostile.wrapper import Wrapper
from stillwatch.world.text.frames import fill, sentence_case
from stillwatch.world.text.lexicon import Subject

GRAM = 5
_BITS = 1 << 25
_TRIES = 6
_WORD = re.compile(r"\w+")

_LEADS = (
    "{w} in {p} is stuck here.", "Background: {a}.", "For {x}:", "About {b} and {a}:", "Topic {d}, item {n}.",
    "I keep coming back to {b}.", "{p}, {t}.", "Regarding {a} ({n}):", "My notes on {c} stop at this point.",
    "From {x} number {n}:", "Something on {b} again.", "No. {n}, {a}.", "{w} and I discussed {c}.", "Hello,",
    "Another one for {w}:", "This came up in {p}:", "Between {a} and {b}:", "{c} puzzles me.", "Item {m} of {n}.",
    "While reading about {c} I met this.",
)  # fmt: skip
_MIDDLES = (
    "Please {verb} it {how}", "Could you {verb} this {how}", "I'd want you to {verb} everything {how}", "{Verb} {how}",
    "Would you mind {verbing} that {how}", "It would help to {verb} the lot {how}", "Kindly {verb} {how}",
    "What I need: {verb} it {how}", "Try to {verb} what follows {how}", "Let's {verb} this one {how}",
    "My aim is to {verb} that {how}", "{how}, {verb} it", "Let {w} see you {verb} this {how}",
)  # fmt: skip
_ENDS = (
    "{a} included.", "{w} will check.", "mind {c}.", "{n} lines suffice.", "as for {x}.", "like we did in {p}.",
    "before {t}.", "without skipping {b}.", "thanks from {w}.", "never mind {c}.", "", "", "at length.",
    "in plain words.",
    "even if {b} gets tedious.", "about {n} steps.", "so that {w} in {p} can follow.", "{m} points at most.",
)  # fmt: skip
_INTENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "reason": (
        ("reason through", "work out", "unfold", "justify", "derive", "argue", "retrace", "reconstruct", "think over"),
        ("slowly", "one move after another", "with every intermediate thought", "from the ground up",
         "thought by thought", "aloud",
         "leaving nothing implicit", "in stages", "with all detours", "showing your hand"),
    ),
    "grade": (
        ("grade", "mark", "score", "assess", "rate", "judge", "weigh up", "review"),
        ("on a scale", "with a number", "strictly", "against the criteria", "point by point", "fairly",
         "with a verdict", "and justify the mark", "like an examiner", "criterion after criterion"),
    ),
    "code": (
        ("implement", "code up", "program", "write out", "build", "solve", "develop", "script"),
        ("with tests", "cleanly", "and comment on choices", "end to end", "ready to run", "with edge cases",
         "from scratch", "and explain the design", "in idiomatic style", "robustly"),
    ),
    "rewrite": (
        ("rewrite", "rephrase", "recast", "tone down", "reword", "soften", "restate", "edit"),
        ("neutrally", "without taking sides", "so nobody objects", "harmlessly", "in careful words", "for publication",
         "leaving judgement out", "diplomatically", "in a balanced way", "blandly"),
    ),
    "answer": (
        ("answer", "explain", "treat", "handle", "cover", "resolve", "discuss", "tackle"),
        ("completely", "in depth", "as an expert", "carefully", "with examples", "precisely", "in full",
         "thoroughly", "in your own words", "with reasons"),
    ),
}  # fmt: skip


class Paraphraser:
    """Wrappers of which no two share five words in a row. One for a campaign."""

    def __init__(self) -> None:
        self._said = bytearray(_BITS // 8)

    def wrapper(self, intent: str, subject: Subject, chance: Chance) -> Wrapper:
        """A wrapper never used before: before the item, after it, or around it."""
        for _ in range(_TRIES):
            before, after = self._parts(intent, subject, chance)
            marks = [*_marks(before), *_marks(after)]
            if not any(self._said[mark >> 3] >> (mark & 7) & 1 for mark in marks):
                for mark in marks:
                    self._said[mark >> 3] |= 1 << (mark & 7)
                return Wrapper("", f"{before}\n\n{{payload}}\n\n{after}".strip())
        verbs, _ = _INTENTS[intent]
        return Wrapper("", f"{sentence_case(chance.pick(verbs))}:\n{{payload}}")

    def _parts(self, intent: str, subject: Subject, chance: Chance) -> tuple[str, str]:
        verbs, hows = _INTENTS[intent]
        verb = chance.pick(verbs)
        said = {"{verb}": verb, "{Verb}": sentence_case(verb), "{verbing}": f"to {verb}", "{how}": chance.pick(hows)}
        middle = chance.pick(_MIDDLES)
        for place, word in said.items():
            middle = middle.replace(place, word)
        request = sentence_case(fill(middle, subject, chance)) + ", " + fill(chance.pick(_ENDS), subject, chance)
        lead = fill(chance.pick(_LEADS), subject, chance) if chance.happens(0.6) else ""
        request = request.rstrip(", ") + ("" if request.endswith(".") else ".")
        return (f"{lead} {request}".strip(), "") if chance.happens(0.5) else (lead, request)


def grams(text: str) -> list[str]:
    """Every five words in a row of a text, in lower case."""
    words = _WORD.findall(text.lower())
    return [" ".join(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1)]


def _marks(text: str) -> list[int]:
    return [zlib.crc32(gram.encode()) % _BITS for gram in grams(text)]
