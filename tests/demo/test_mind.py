"""What the model says: the same for one seed, on topic, within what was asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.demo.provider.mind import Mind, tokens_in, tokens_of
from stillwatch.demo.provider.topic import subject_of
from stillwatch.demo.provider.wish import Wish
from stillwatch.world.chance import Chance
from stillwatch.world.text.lexicon import Domain, domains

QUESTION = "How long should a sourdough rise before it is baked?"


def wish(**more: object) -> Wish:
    return Wish("m", QUESTION, QUESTION, **more)  # type: ignore[arg-type]  # fields by name


def test_one_seed_says_the_same_again_and_no_seed_does_not() -> None:
    mind = Mind()
    assert mind.say(wish(seed=5, choices=2)) == mind.say(wish(seed=5, choices=2))
    assert mind.say(wish()) != mind.say(wish())
    assert Mind(seed=2).say(wish(seed=5)) != mind.say(wish(seed=5))


@given(st.text(max_size=200))
def test_tokens_are_the_text_cut_in_pieces(text: str) -> None:
    assert "".join(tokens_in(text)) == text
    assert tokens_of(text) == len(tokens_in(text))


@given(st.integers(1, 2_000), st.sampled_from(["", "low", "high"]))
def test_no_answer_is_longer_than_it_may_be(most: int, effort: str) -> None:
    """Reasoning is part of it; what was cut off says so."""
    (said,) = Mind().say(wish(seed=1, most_tokens=most, effort=effort))
    (free,) = Mind().say(wish(seed=1, effort=effort))
    assert said.count == min(most, free.count)
    assert said.finish == ("stop" if most >= free.count else "length")
    assert free.text.startswith(said.text)


def test_an_answer_ends_before_a_stop_word() -> None:
    (free,) = Mind().say(wish(seed=1))
    word = free.text.split(" ")[5]
    (said,) = Mind().say(wish(seed=1, stops=("no such words", word)))
    assert said.text == free.text[: free.text.index(word)]
    assert said.finish == "stop"


def test_an_answer_has_about_the_length_that_the_query_asks_for() -> None:
    """A sentence more or less."""
    lengths = [Mind().of_length(200).say(wish(seed=number))[0].count for number in range(20)]
    assert all(150 < length < 320 for length in lengths)


@pytest.mark.parametrize("domain", domains("en")[::20], ids=lambda domain: domain.name)
def test_a_prompt_is_answered_about_its_own_domain(domain: Domain) -> None:
    """Three of its terms in an ordinary sentence are enough."""
    prompt = f"What comes first, {domain.terms[0]} or {domain.terms[1]}? And where does {domain.terms[2]} come in?"
    assert set(subject_of(prompt, Chance("a")).terms) == set(domain.terms)


def test_a_prompt_is_answered_in_its_own_language() -> None:
    assert subject_of(f"我在学{domains('zh')[0].terms[0]}, 总是弄不懂", Chance("a")).language == "zh"


def test_a_schema_is_filled_in_to_its_leaves() -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "rate": {"type": ["number", "null"]},
            "open": {"type": "boolean"},
        },
    }
    (said,) = Mind().say(wish(seed=1, schema=schema))
    filled = json.loads(said.text)
    assert filled["kind"] in ("a", "b")
    assert [type(line["n"]) for line in filled["lines"]] == [int, int]
    assert (type(filled["rate"]), filled["open"]) == (float, True)


def test_a_schema_without_end_is_answered_all_the_same() -> None:
    endless: dict[str, object] = {"type": "object"}
    endless["properties"] = {"more": endless}
    (said,) = Mind().say(wish(seed=1, schema=endless))
    assert json.loads(said.text)["more"]["more"]
