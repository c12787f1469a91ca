"""Texts vary: domains, questions, and wrappers of which no two share five words in a row."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from stillwatch.world.chance import Chance
from stillwatch.world.hostile.objectives import OBJECTIVES
from stillwatch.world.hostile.paraphrase import Paraphraser, grams
from stillwatch.world.text.lexicon import LANGUAGES, domains, own_subject, whole_domain
from stillwatch.world.text.questions import question


def test_there_are_many_domains() -> None:
    """At least 150 in English, at least ten in every language, each with eight terms or more."""
    assert len(domains("en")) >= 150
    assert all(len(domains(language)) >= 10 for language in LANGUAGES)
    assert all(len(domain.terms) >= 8 for language in LANGUAGES for domain in domains(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_of_ten_thousand_questions_are_equal(language: str) -> None:
    """As a campaign asks them: any domain, one after the other."""
    chance = Chance("questions", language)
    asked = Counter(question(whole_domain(chance, language), chance) for _ in range(10_000))
    assert [text for text, count in asked.items() if count > 1] == []


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_two_of_five_thousand_items_are_equal(name: str) -> None:
    """Of any objective: an operator who paid for an answer does not ask again."""
    objective, chance = OBJECTIVES[name], Chance("items", name)
    items = Counter(objective.payload(objective.subject(chance), chance) for _ in range(5_000))
    assert [text for text, count in items.items() if count > 1] == []


def test_terms_are_zipfian_and_everybody_has_favourites_of_his_own() -> None:
    """The first term comes as often as ln 2 / ln(n + 1), and two owners prefer different ones."""
    chance = Chance("terms")
    subject = own_subject(chance)
    said = Counter(subject.term(chance) for _ in range(4_000))
    expected = math.log(2) / math.log(len(subject.terms) + 1)  # of a log-uniform rank
    assert said[subject.terms[0]] / 4_000 == pytest.approx(expected, abs=0.03)
    other = own_subject(chance, "en", next(d for d in domains("en") if d.name == subject.domain))
    assert (other.terms, other.things) != (subject.terms, subject.things)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_two_wrappers_share_five_words_in_a_row(name: str) -> None:
    """E4: three thousand wrappers of one campaign, everything around the item."""
    objective, chance, paraphraser = OBJECTIVES[name], Chance("paraphrase", name), Paraphraser()
    said: Counter[str] = Counter()
    for _ in range(3_000):
        wrapper = paraphraser.wrapper(objective.intent, objective.subject(chance), chance)
        before, after = wrapper.user.split("{payload}")
        said.update({*grams(wrapper.system), *grams(before), *grams(after)})
    assert len(said) > 1_000
    assert [gram for gram, count in said.items() if count > 1] == []


def test_the_default_wording_takes_the_first_alternatives() -> None:
    """And variants differ from it."""
    wrapper = OBJECTIVES["coding"].wrapper
    assert wrapper.worded(None).system.startswith("You are an expert software engineer")
    variants = {wrapper.worded(Chance("variant", number)).user for number in range(50)}
    assert len(variants) > 40
    assert all("[" not in text and "{payload}" in text for text in variants)
