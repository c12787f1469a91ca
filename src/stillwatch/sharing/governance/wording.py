"""The rules about words: `rules.toml`, compiled. English only; `language` refuses what is not.

Weakness: a list of words knows only what somebody thought of. It stops slips and habits, not an author who means to get
around it: two people read every object for that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from stillwatch.sharing.governance.figures import has_figure
from stillwatch.sharing.governance.pattern_file import compiled, table

_OWN_WORDS = re.compile(r"[$€£]|\b(?:we|our|ours|us|you|your|i|my|me|them|paid|pays?)\b")
"""Who speaks of itself or of an amount tells no topic of prompts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that is not said."""

    name: str
    why: str
    patterns: tuple[re.Pattern[str], ...]

    def forbids(self, text: str) -> bool:
        """Whether `text`, as spoken, says it."""
        return any(pattern.search(text) for pattern in self.patterns)


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in the order of the file."""
    return tuple(Rule(name, why, patterns) for name, why, patterns in compiled("rules.toml", "rule"))


@cache
def _topics() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """The rules that do not read the topics of prompts, and what tells a topic."""
    topics = table("rules.toml")["topics"]
    return frozenset(topics["rules"]), tuple(map(re.compile, topics["patterns"]))


def broken(heard: Sequence[str]) -> list[Rule]:
    """The rules that a text breaks in one of its `spoken.readings`."""
    both = [(reading, _without_topics(reading)) for reading in heard]
    aside, _ = _topics()
    return [rule for rule in rules() if any(rule.forbids(pair[rule.name in aside]) for pair in both)]


def _without_topics(heard: str) -> str:
    if _OWN_WORDS.search(heard) or has_figure(heard):
        return heard
    for pattern in _topics()[1]:
        heard = pattern.sub(" ", heard)
    return heard
