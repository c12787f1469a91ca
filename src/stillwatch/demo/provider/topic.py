"""What a prompt is about: the domain most of whose words it has, so that answers are on topic."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

from stillwatch.world.chance import Chance
from stillwatch.world.text.lexicon import LANGUAGES, Domain, Subject, domains, own_subject

_WORD = re.compile(r"[^\W\d_]{4,}|[\u4e00-\u9fff]{2}")
_LOOKED_AT = 1_200
"""Characters at the end of a prompt: where the question stands. Chosen; a longer look costs more than the answer."""


def subject_of(prompt: str, chance: Chance) -> Subject:
    """The subject to talk about: of the domain that the prompt names most, or of any."""
    votes: Counter[tuple[str, int]] = Counter()
    known = _known()
    for word in set(_WORD.findall(prompt[-_LOOKED_AT:].lower())):
        for place in known.get(word, ()):
            votes[place] += 1
    if not votes:
        return own_subject(chance)
    (language, number), _ = max(votes.items(), key=lambda vote: (vote[1], vote[0]))
    return own_subject(chance, language, _of(language, number))


def _of(language: str, number: int) -> Domain:
    return domains(language)[number]


@cache
def _known() -> dict[str, list[tuple[str, int]]]:
    """The domains that a word speaks for."""
    known: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for language in LANGUAGES:
        for number, domain in enumerate(domains(language)):
            for word in set(_WORD.findall(" ".join((domain.name, *domain.terms)).lower())):
                known[word].append((language, number))
    return dict(known)
