"""The judgement is the table of docs/tracing.md: each rule, each way out, each with a sentence that has numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from stillwatch.campaigns.judgement import (
    COMMON_UNITS,
    OWN_SETTINGS,
    REFERENCE_AT_LEAST,
    STRANGERS_AT_LEAST,
    UNITS_AT_LEAST,
    judge,
)
from stillwatch.campaigns.ring import Ring
from stillwatch.tracing.strata import HONEST_SHAPES

from .rings import (
    EACH_ASKED_ONCE,
    GRADING,
    MAKING_ITEMS,
    NOTHING,
    OWN_TURNS,
    PLAINLY_DIFFERENT,
    REWRITING,
    SAMPLED_OFTEN,
    SHARED_ADDRESSES,
    SHARED_CARDS,
    SHARED_NETWORKS,
    SLIGHTLY_DIFFERENT,
    UNCLEAR,
    UNKNOWN_ADDRESSES,
    ring,
)

CARDS: dict[str, Any] = {"shared": SHARED_CARDS}
CAMPUS: dict[str, Any] = {"shared": SHARED_ADDRESSES}
FEW: dict[str, Any] = {"units": UNITS_AT_LEAST - 1}
COMMON: dict[str, Any] = {"common_units": COMMON_UNITS}
WORDLESS: dict[str, Any] = {"values": 0, "templates": 0, "stratum": "chat", "units": STRANGERS_AT_LEAST}
"""A pool of subjects: nothing but what they ask about links its accounts."""
DIALOGUES: dict[str, Any] = {"stratum": "agent", "units": STRANGERS_AT_LEAST}
"""Words in common, and sessions as people and coding agents have them."""
KNOWN: dict[str, Any] = {"reference_units": REFERENCE_AT_LEAST}
NOWHERE: dict[str, Any] = {"shared": UNKNOWN_ADDRESSES}
SETTINGS: dict[str, Any] = {"own_settings": OWN_SETTINGS}
RARELY: dict[str, Any] = {"says_it_rarely": True}
TOO_FEW_STRANGERS: dict[str, Any] = {"units": STRANGERS_AT_LEAST - 1}

# (rule of docs/tracing.md, ring, verdict, reason)
TABLE = [
    ("1", ring(**COMMON), "cleared", "common tool"),
    ("1 harvest", ring(intents=REWRITING, **COMMON), "cleared", "common tool"),
    ("1 but a second family", ring(**COMMON, **CARDS), "campaign", "skeleton and infrastructure"),
    ("1 but two users are no tool", ring(common_units=COMMON_UNITS - 1), "campaign", "skeleton and complementarity"),
    ("2", ring(**FEW), "cleared", "two organisations"),
    ("2 harvest", ring(intents=MAKING_ITEMS, **FEW), "cleared", "two organisations"),
    ("2 and a second family", ring(**FEW, **CARDS), "watch", "two organisations"),
    ("3 a phrase in common", ring(**RARELY), "cleared", "a phrase in common"),
    ("3 a phrase in common, harvest", ring(intents=MAKING_ITEMS, **RARELY), "cleared", "a phrase in common"),
    ("3 a phrase in common and a card", ring(UNCLEAR, **RARELY, **CARDS), "watch", "a phrase in common"),
    ("3 each asked once", ring(EACH_ASKED_ONCE), "cleared", "same questions"),
    ("3 each asked once, harvest", ring(EACH_ASKED_ONCE, intents=MAKING_ITEMS), "cleared", "same questions"),
    ("3 dealt out, items", ring(SAMPLED_OFTEN, intents=MAKING_ITEMS), "campaign", "one pool sampled often"),
    ("3 dealt out, grading", ring(SAMPLED_OFTEN, intents=GRADING), "watch", "repeated questions"),
    ("3 dealt out", ring(SAMPLED_OFTEN), "cleared", "repeated questions"),
    (
        "3 dealt out, items, as an evaluation",
        ring(SAMPLED_OFTEN, intents=MAKING_ITEMS, stratum="eval"),
        "cleared",
        "repeated questions",
    ),
    ("4", ring(PLAINLY_DIFFERENT), "cleared", "own subjects"),
    ("4 rewriting", ring(PLAINLY_DIFFERENT, intents=REWRITING), "cleared", "own subjects"),
    ("4 slight, rewriting", ring(SLIGHTLY_DIFFERENT, intents=REWRITING), "watch", "own subjects"),
    ("4 slight", ring(SLIGHTLY_DIFFERENT), "cleared", "own subjects"),
    ("4 items", ring(PLAINLY_DIFFERENT, intents=MAKING_ITEMS), "watch", "own subjects"),
    (
        "4 items, as extraction",
        ring(PLAINLY_DIFFERENT, intents=MAKING_ITEMS, stratum="extraction"),
        "cleared",
        "own subjects",
    ),
    ("4 and a second family", ring(PLAINLY_DIFFERENT, **CARDS), "watch", "own subjects"),
    ("4 own turns", ring(OWN_TURNS), "cleared", "own subjects"),
    ("4 own turns and a second family", ring(OWN_TURNS, **CARDS), "watch", "own subjects"),
    ("5", ring(**CARDS), "campaign", "skeleton and infrastructure"),
    ("5 too few exchanges for 6", ring(UNCLEAR, **CARDS), "campaign", "skeleton and infrastructure"),
    ("5 in an honest shape", ring(stratum="extraction", **CARDS), "campaign", "skeleton and infrastructure"),
    ("5 not by the network", ring(UNCLEAR, shared=SHARED_NETWORKS), "cleared", "too few exchanges"),
    ("6", ring(), "campaign", "skeleton and complementarity"),
    ("6 behind one address", ring(**CAMPUS), "campaign", "skeleton and complementarity"),
    ("6 settings of their own", ring(**SETTINGS), "watch", "own settings"),
    ("6 few with settings", ring(own_settings=OWN_SETTINGS - 0.1), "campaign", "skeleton and complementarity"),
    (
        "6 settings of their own, harvest",
        ring(intents=REWRITING, **SETTINGS),
        "campaign",
        "skeleton and complementarity",
    ),
    ("5 settings of their own, one card", ring(**SETTINGS | CARDS), "campaign", "skeleton and infrastructure"),
    ("6 dialogues, settings of their own", ring(**DIALOGUES | KNOWN | SETTINGS), "watch", "own settings"),
    ("6 in chat", ring(stratum="chat"), "campaign", "skeleton and complementarity"),
    ("6 wordless", ring(**WORDLESS | KNOWN), "campaign", "one pool of subjects"),
    (
        "6 wordless, single questions",
        ring(**WORDLESS | KNOWN | {"stratum": "batch"}),
        "campaign",
        "one pool of subjects",
    ),
    ("6 wordless, no benign log", ring(**WORDLESS | {"reference_units": 0}), "watch", "one pool of subjects"),
    (
        "6 wordless, a small benign log",
        ring(**WORDLESS | {"reference_units": REFERENCE_AT_LEAST - 1}),
        "watch",
        "one pool of subjects",
    ),
    (
        "6 wordless, one honest customer too",
        ring(**WORDLESS | KNOWN | {"common_units": 1}),
        "watch",
        "one pool of subjects",
    ),
    ("6 wordless, too few", ring(**WORDLESS | KNOWN | TOO_FEW_STRANGERS), "watch", "one pool of subjects"),
    ("6 wordless, addresses unknown", ring(**WORDLESS | KNOWN | NOWHERE), "watch", "one pool of subjects"),
    ("6 dialogues, addresses unknown", ring(**DIALOGUES | KNOWN | NOWHERE), "cleared", "cannot tell"),
    ("6 wordless behind one address", ring(**WORDLESS | KNOWN | CAMPUS), "cleared", "one address"),
    ("6 wordless behind one address, unknown", ring(**WORDLESS | CAMPUS), "cleared", "one address"),
    ("1 wordless and usual", ring(**WORDLESS | KNOWN | COMMON), "cleared", "common tool"),
    ("2 wordless, two organisations", ring(**WORDLESS | KNOWN | FEW), "cleared", "two organisations"),
    ("4 wordless, own subjects", ring(PLAINLY_DIFFERENT, **WORDLESS | KNOWN), "cleared", "own subjects"),
    ("5 wordless with cards", ring(**WORDLESS | CARDS), "campaign", "skeleton and infrastructure"),
    (
        "6 own turns are no ground to clear the wordless",
        ring(OWN_TURNS, **WORDLESS | KNOWN),
        "campaign",
        "one pool of subjects",
    ),
    ("8 wordless, unclear", ring(UNCLEAR, **WORDLESS | KNOWN), "cleared", "too few exchanges"),
    ("6 dialogues", ring(**DIALOGUES | KNOWN), "campaign", "one pool in dialogues"),
    ("6 dialogues, no benign log", ring(**DIALOGUES | {"reference_units": 0}), "cleared", "cannot tell"),
    ("6 dialogues, one honest customer too", ring(**DIALOGUES | KNOWN | {"common_units": 1}), "cleared", "cannot tell"),
    ("6 dialogues, too few", ring(**DIALOGUES | KNOWN | TOO_FEW_STRANGERS), "cleared", "cannot tell"),
    ("6 dialogues behind one address", ring(**DIALOGUES | KNOWN | CAMPUS), "cleared", "cannot tell"),
    ("6 dialogues with tools", ring(**DIALOGUES | KNOWN | {"tool_turns": 0.05}), "cleared", "cannot tell"),
    (
        "6 dialogues with hardly a tool",
        ring(**DIALOGUES | KNOWN | {"tool_turns": 0.04}),
        "campaign",
        "one pool in dialogues",
    ),
    ("4 dialogues, own subjects", ring(PLAINLY_DIFFERENT, **DIALOGUES | KNOWN), "cleared", "own subjects"),
    ("7", ring(UNCLEAR, **CAMPUS), "cleared", "one address"),
    ("7 harvest", ring(UNCLEAR, intents=REWRITING, **CAMPUS), "watch", "one address"),
    ("7 own subjects on a campus", ring(PLAINLY_DIFFERENT, **CAMPUS), "cleared", "own subjects"),
    ("8", ring(UNCLEAR), "cleared", "too few exchanges"),
    ("8 harvest", ring(UNCLEAR, intents=REWRITING), "watch", "too few exchanges"),
    ("8 harvest in an honest shape", ring(UNCLEAR, intents=REWRITING, stratum="eval"), "cleared", "too few exchanges"),
]
RULES = pytest.mark.parametrize(
    ("measured", "verdict", "reason"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)


@RULES
def test_the_first_rule_that_applies_decides(measured: Ring, verdict: str, reason: str) -> None:
    judged = judge(measured)
    assert (judged.verdict, judged.reason) == (verdict, reason)


@RULES
def test_every_statement_is_a_sentence_with_numbers(measured: Ring, verdict: str, reason: str) -> None:
    """Whoever reads it aloud to a customer says how many of what."""
    statement = judge(measured).statement
    assert re.search(r"\d", statement)
    assert len(statement.split()) >= 6
    assert not re.search(r"\bnan\b|\binf\b|[{}]|  ", statement)


@pytest.mark.parametrize("stratum", sorted(HONEST_SHAPES))
def test_complementarity_alone_never_accuses_where_honest_jobs_are_divided_alike(stratum: str) -> None:
    """6, second line: an extraction job over many keys looks the same from here."""
    judged = judge(ring(stratum=stratum, intents=MAKING_ITEMS))
    assert (judged.verdict, judged.reason) == ("cleared", "cannot tell")


@pytest.mark.parametrize("stratum", sorted(HONEST_SHAPES))
def test_a_pool_without_words_is_no_campaign_where_honest_jobs_are_divided_alike(stratum: str) -> None:
    """6, third line: however many strangers, and however unusual."""
    judged = judge(ring(**WORDLESS | KNOWN | {"stratum": stratum, "units": 1000}))
    assert (judged.verdict, judged.reason) == ("watch", "one pool of subjects")


@pytest.mark.parametrize("stratum", sorted(HONEST_SHAPES - {"agent"}))
def test_only_dialogues_are_told_from_honest_shapes_by_strangers(stratum: str) -> None:
    assert judge(ring(**DIALOGUES | KNOWN | {"stratum": stratum})).reason == "cannot tell"


@pytest.mark.parametrize("kind", [WORDLESS, DIALOGUES], ids=["wordless", "dialogues"])
def test_a_campaign_by_what_no_customer_does_says_how_many_were_looked_at(kind: dict[str, Any]) -> None:
    assert f"0 of {REFERENCE_AT_LEAST} organisations of the benign reference" in judge(ring(**kind | KNOWN)).statement


def test_a_shared_skeleton_alone_is_no_verdict() -> None:
    """However many strangers repeat it, and however exactly: without a second family nothing is watched."""
    judged = judge(ring(UNCLEAR, intents=NOTHING, accounts=25_000, units=25_000, typical_agreement=9.0))
    assert judged.verdict == "cleared"


def test_volume_is_no_ground() -> None:
    quiet, loud = (judge(ring(exchanges=count, carried=count)) for count in (300, 30_000_000))
    assert quiet == loud
