"""What competitors may not tell each other does not pass the lint, and a report about a campaign does.

Corpora in `corpus`: violations and clean sentences, in two halves by a hash of the text (`benchmarks.lint`), objects
with one violation in a structured place each, the sentences that rules were improved with, and fresh ones.
"""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import msgspec
import pytest

from benchmarks.lint import CORPUS, Sentence, at_least, at_most, sentences
from stillwatch.sharing.governance.basis import Basis, Grounds
from stillwatch.sharing.governance.expiry import LONGEST_DAYS
from stillwatch.sharing.governance.lint import LONGEST, lint
from stillwatch.sharing.governance.pattern_file import table
from stillwatch.sharing.governance.rules import Rules
from stillwatch.sharing.stix.extension import EXTRACTION
from stillwatch.sharing.stix.identifiers import observable
from tests.sharing.stix.told import one_of_each

TODAY = date(2026, 11, 21)
ACT = Basis(title="An act", since=date(2026, 1, 1), until=date(2027, 6, 1), classes=frozenset(LONGEST_DAYS))
RULES = Rules(Grounds(basis={"gdpr-6-1-f": ACT}), {}, ("Contoso",))
VALID: dict[str, dict[str, Any]] = {one["type"]: one for one in map(msgspec.to_builtins, one_of_each())}
STRUCTURED = [json.loads(line) for line in (CORPUS / "structured.jsonl").read_text("utf-8").splitlines()]
VIOLATIONS, CLEAN = sentences("violations"), sentences("clean")

ALONE = {
    "price": "The surcharge of the reseller is high.",
    "money": "The account held a few yen.",
    "share": "The percentage of streams is in the log.",
    "customer": "The prospects of the reseller are named.",
    "capacity": "The outages began on 3 November.",
    "plan": "The roadmap of the tool is public.",
    "threshold": "The cut-off is public.",
    "boycott": "A boycott is under way.",
    "contract": "The exclusivity is part of it.",
    "person": "The passport is forged.",
    "transcript": "[INST] grade it",
    "self": "The tool is mine.",
    "call": "Is it the same group?",
    "business": "The lawsuit is near.",
    "internals": "The false negatives of the test are known.",
    "name": "The template is from Rotterdam.",
    "address": "The relay is at relay.ring.example.",
    "secret": "The door code is in the report.",
    "figure": "The ring has forty heads.",
    "language": "Le prompt est dans les comptes.",
    "length": "The template and the timing agree. " * (LONGEST // 35 + 1),
}
"""A sentence for each rule that no other rule stops."""
NEVER_ALONE = {"number"}
"""A card or a bank account always has digits, which are a figure too; the rule gives the better reason."""


def broken(text: str) -> set[str]:
    return {violation.rule for violation in lint({"description": text})}


def held_out(corpus: list[Sentence], half: bool) -> list[bool]:
    return [one.is_stopped for one in corpus if one.is_held_out == half]


@pytest.mark.parametrize("half", [False, True], ids=["development", "held-out"])
def test_at_least_98_of_100_violations_are_stopped(half: bool) -> None:
    """216 of 216 and 212 of 215: with 95 % confidence at least 98.6 % and 96.4 % of sentences like these."""
    stopped = held_out(VIOLATIONS, half)
    assert sum(stopped) >= 0.98 * len(stopped)
    assert at_least(sum(stopped), len(stopped)) >= 0.95


@pytest.mark.parametrize(("half", "share", "bound"), [(False, 0.02, 0.04), (True, 0.05, 0.08)])
def test_few_clean_sentences_are_stopped(half: bool, share: float, bound: float) -> None:
    """1 of 206 where rules were improved; 7 of 182, 3.8 %, where not: the aim of 2 % is missed there (docs)."""
    stopped = held_out(CLEAN, half)
    assert sum(stopped) <= share * len(stopped)
    assert at_most(sum(stopped), len(stopped)) <= bound


def test_sentences_written_after_the_last_change() -> None:
    """54 of 60 are stopped (at least 81 % with 95 % confidence), and none of 60 clean ones (at most 5 %)."""
    fresh = sentences("fresh")
    stopped = [one.is_stopped for one in fresh if not one.may_be_said]
    mistaken = [one.is_stopped for one in fresh if one.may_be_said]
    assert at_least(sum(stopped), len(stopped)) >= 0.80
    assert at_most(sum(mistaken), len(mistaken)) <= 0.05


def test_the_halves_are_large_enough() -> None:
    """More than 500 seeded violations in all, and both halves have each kind."""
    assert len(VIOLATIONS) + len(STRUCTURED) >= 500
    assert min(sum(one.is_held_out == half for one in VIOLATIONS) for half in (False, True)) >= 150
    assert min(sum(one.is_held_out == half for one in CLEAN) for half in (False, True)) >= 150


def changed(seeded: dict[str, Any]) -> dict[str, Any]:
    """A valid object of the type with one property set, or taken away where no value is given."""
    document = copy.deepcopy(VALID[seeded["type"]])
    *path, last = [EXTRACTION if name == "extraction" else name for name in seeded["path"]]
    inner = document
    for name in path:
        inner = inner[name]
    inner.update({last: seeded["value"]}) if "value" in seeded else inner.pop(last)
    if (seeded["type"], last) == ("domain-name", "value"):
        document["id"] = observable("domain-name", {"value": seeded["value"]})  # the liar keeps to the form
    return document


def test_the_objects_that_are_changed_pass() -> None:
    assert [RULES.objection(one, TODAY) for one in VALID.values()] == [None] * len(VALID)
    assert [RULES.violations(one) for one in VALID.values()] == [[]] * len(VALID)


@pytest.mark.parametrize("category", sorted({one["category"] for one in STRUCTURED}))
def test_every_violation_in_a_structured_place_is_stopped(category: str) -> None:
    """All of them: the form refuses most, `codes` the words that are of the form and of no vocabulary."""
    seeded = [changed(one) for one in STRUCTURED if one["category"] == category]
    assert [one for one in seeded if not (RULES.objection(one, TODAY) or RULES.violations(one))] == []


CLOSED = [one for one in STRUCTURED if one["category"] not in ("words in an open code", "raw observable")]


def test_the_form_alone_refuses_what_is_in_closed_places() -> None:
    assert len(CLOSED) >= 160
    assert [one for one in CLOSED if RULES.objection(changed(one), TODAY) is None] == []


@pytest.mark.parametrize(("rule", "sentence"), ALONE.items(), ids=ALONE)
def test_each_rule_stops_something_alone(rule: str, sentence: str) -> None:
    assert broken(sentence) == {rule}


def test_no_rule_is_without_its_sentence() -> None:
    named = {*table("rules.toml")["rule"], *table("forms.toml")["form"]}
    assert named <= {*ALONE, *NEVER_ALONE}
    assert broken("Paid from DE89 3704 0044 0532 0130 00.") >= NEVER_ALONE


@pytest.mark.parametrize(
    ("disguise", "rule"),
    [
        ("The p r i c e is known.", "price"),
        ("The pr1c1ng is known.", "price"),
        ("The prіce is known.", "price"),  # noqa: RUF001 - a Cyrillic letter is the point
        ("The ｐｒｉｃｅ is known.", "price"),  # noqa: RUF001 - letters of double width
        ("The pri\N{ZERO WIDTH SPACE}ce is known.", "price"),
        ("The príce is known.", "price"),
        ("Please b1ock them.", "boycott"),
        ("B a n  t h e m, please.", "boycott"),
        ("It goes to t o m @ r i n g . c o m here.", "address"),
        ("It goes to tom[at]ring[.]com here.", "address"),
        ("It comes from 198[.]51[.]100[.]23.", "address"),
    ],
)
def test_a_disguise_does_not_help(disguise: str, rule: str) -> None:
    assert rule in broken(disguise)


def test_what_prompts_are_about_may_be_told() -> None:
    """The topic is no matter between rivals; the same words about oneself are."""
    assert broken("The questions are about pricing theory and contracts.") == set()
    assert broken("The questions are about our pricing and our contracts.") >= {"price", "contract", "self"}


def test_a_small_number_of_named_things_is_no_figure() -> None:
    assert broken("Three families agree after two weeks.") == set()
    assert broken("Three hundred calls came.") >= {"figure"}


def test_two_of_something_is_no_volume() -> None:
    """The least that more than one can be; whose they are, and how many times as much, is another matter."""
    assert broken("The same key appears in two accounts, and the match came two times.") == set()
    assert broken("Our two largest accounts moved.") >= {"customer", "self"}
    assert broken("Two customers left.") >= {"customer", "figure"}
    assert broken("The traffic is two times the normal.") >= {"figure"}
    assert broken("They have three accounts.") >= {"customer", "figure"}


def test_no_violation_repeats_the_words() -> None:
    """What was refused is not in the reason, which goes into logs."""
    said = [str(violation) for one in VIOLATIONS[:40] for violation in lint({"description": one.text})]
    assert not [reason for reason in said for one in VIOLATIONS[:40] if one.text in reason]
