"""From text to rings: a shared wrapper links strangers, and what everybody's software sends does not."""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa
import pytest

from stillwatch.exchange.record import Exchange, Message, Principal, Request
from stillwatch.pseudonym import Secret
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.tracing.skeleton import value_of
from stillwatch.tracing.survey import SKELETON_COLUMNS, accounts, survey
from stillwatch.tracing.template import candidates, skeletons
from stillwatch.tracing.ubiquitous import PHRASES, ubiquitous_values

SKETCHER = Sketcher(Secret(bytes(range(32))))
RNG_LETTERS = list("bcdfghjklmnpqrstvwxz")


def made_up(rng: np.random.Generator, count: int) -> str:
    """`count` words that nobody else says."""
    return " ".join("".join(word) for word in rng.choice(RNG_LETTERS, (count, 7)))


def log(common: str, ring: str, place: str, rng: np.random.Generator) -> list[Exchange]:
    """Twenty accounts of 12 questions with a `common` phrase; the first four have the `ring`'s text beside it."""
    exchanges = []
    for account in range(20):
        for _ in range(12):
            text = f"{common} {ring}" if account < 4 else common
            question = made_up(rng, 40)
            turns = {
                "system": (Message("system", text), Message("user", question)),
                "head": (Message("user", f"{text}\n\n{question}"),),
                "tail": (Message("user", f"{question}\n\n{text}"),),
            }[place]
            exchanges.append(Exchange(0, Principal(f"acct-{account}"), "/", "", Request("chat", "m", turns)))
    return exchanges


def rings(exchanges: list[Exchange]) -> list[set[str]]:
    """The account names of each candidate, found as a hunt finds them."""
    rows = pa.Table.from_batches([SKETCHER.sketch(exchanges)]).sort_by("account")
    plain = rows.select(
        [name for name in rows.column_names if name not in ("zones", "alliance", "lineage", "projection")]
    )
    found = accounts(ibis.memtable(plain))
    seen = survey(found, [rows.select(SKELETON_COLUMNS)])
    rare = skeletons(seen.repeated, seen.conversations, seen.population, ubiquitous_values(SKETCHER))
    names = {SKETCHER._principals.account(e.principal.account): e.principal.account for e in exchanges}
    return [{names[int(found.account[i])] for i in c.accounts} for c in candidates(rare, seen.repeated, found.unit)]


# 38 words: with the phrase before it, it nearly fills a zone of 48, so that 12 conversations show it beyond doubt.
RING = (
    "Invent riddles about marsh birds for a quiz night, never reveal the solution, use rhymes and a rare verb, and end "
    "every second line with the name of some river, lake or pond that lies near the coast."
)


@pytest.mark.parametrize("place", ["system", "head", "tail"])
def test_a_shared_wrapper_is_a_ring_wherever_it_stands(place: str) -> None:
    """Four accounts with one wrapper among sixteen strangers, all beginning as everybody does."""
    found = rings(log("You are a helpful assistant.", RING, place, np.random.default_rng(131)))
    assert found == [{"acct-0", "acct-1", "acct-2", "acct-3"}]


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_default_system_prompt_links_nobody(phrase: str) -> None:
    """Twenty strangers with the same phrase of the list are twenty strangers."""
    assert rings(log(phrase, "", "system", np.random.default_rng(132))) == []


@pytest.mark.parametrize("place", ["head", "tail"])
def test_a_tutorials_opening_links_nobody(place: str) -> None:
    """Nor before or after a text of their own."""
    assert rings(log("Summarize the following text", "", place, np.random.default_rng(133))) == []


def test_the_ignored_values_belong_to_one_secret_and_are_not_empty_slots() -> None:
    """Every phrase has values in the system's and in a turn's zones; another secret has others."""
    ours, theirs = (ubiquitous_values(Sketcher(Secret(bytes([n] * 32)))) for n in (1, 2))
    assert (value_of(ours) != 0).all()
    assert (np.diff(ours.astype(object)) > 0).all()
    assert len(ours) > len(PHRASES)
    assert not np.isin(ours, theirs).any()
