"""What a prompt is about: the domain most of whose words it has, so that answers are on topic."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

from stillwatch.world.chance import Chance
from stillwatch.world.text.lexicon import LANGUAGES, Domain, Subject, domains, own_subject

_WORD = re.compile(r"[^\W\d_\u4e00-\u9fff]{4,}")
_WIDE = re.compile(r"(?=([\u4e00-\u9fff]{2}))")  # Chinese has no blanks: every two signs in a row
_LOOKED_AT = 1_200
"""Characters at the end of a prompt: where the question stands. Chosen; a longer look costs more than the answer."""


def subject_of(prompt: str, chance: Chance) -> Subject:
    """The subject to talk about: of the domain that the prompt names most, or of any."""
    votes: Counter[tuple[str, int]] = Counter()
    known = _known()
    for word in _words(prompt[-_LOOKED_AT:]):
        for place in known.get(word, ()):
            votes[place] += 1
    if not votes:
        return own_subject(chance)
    (language, number), _ = max(votes.items(), key=lambda vote: (vote[1], vote[0]))
    return own_subject(chance, language, _of(language, number))


def _words(text: str) -> set[str]:
    words = set(_WORD.findall(text.lower()))
    return words if text.isascii() else words | set(_WIDE.findall(text))


def _of(language: str, number: int) -> Domain:
    return domains(language)[number]


@cache
def _known() -> dict[str, list[tuple[str, int]]]:
    """The domains that a word speaks for."""
    known: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for language in LANGUAGES:
        for number, domain in enumerate(domains(language)):
            for word in _words(" ".join((domain.name, *domain.terms))):
                known[word].append((language, number))
    return dict(known)
