"""A hunt with an alliance's inbox: what partners told weighs while it stands, and without it nothing is otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from end_to_end.worlds import (
    World,
    dealt_out,
    invented,
    invented_chats,
    on_cards,
    people,
    seeded,
    users_of_tools,
    vocabulary,
    write_log,
)
from end_to_end.wrappers import MAKE_ITEMS, SECRETS, desks

from stillwatch import pipeline
from stillwatch.assembly import read_logs
from stillwatch.campaigns.acting import acting, is_asked
from stillwatch.campaigns.heard import Asked, Conversations
from stillwatch.campaigns.statements import Found
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt, Judged
from stillwatch.pseudonym import Secret
from stillwatch.sharing.member.partners import Partners
from stillwatch.sharing.rings.signature import signature
from stillwatch.sharing.rings.traffic import Traffic, shares
from tests.sharing.member.told import Told

# Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

SEED = 31
KEYS = replace(SECRETS, alliance=Secret(bytes(range(100, 132))))
A, B, C, D = (f"member-0{number}" for number in range(2, 6))


@dataclass(frozen=True)
class Hunted:
    """A hunt up to where partners are heard, and what they are asked. `ring`: the place of the campaign."""

    made: Judged
    asked: Asked
    ring: int

    def rings(self, partners: Partners) -> Sequence[Found]:
        heard = partners.heard(self.asked)
        return [one.hearing(said) for one, said in zip(self.made.rings, heard, strict=True)]

    def acted_on(self, partners: Partners, alpha: float) -> Found:
        """The campaign, with whom may be acted on."""
        return acting(self.rings(partners), self.made.grounds, self.made.seen.accounts, alpha)[self.ring]

    @property
    def missed_by_half(self) -> float:
        """The rate at which the campaign's own evidence has half of what the first discovery needs."""
        tried = sum(map(is_asked, self.made.rings)) + len(self.made.grounds.others)
        return tried / (2.0 * float(np.exp(self.made.rings[self.ring].claim.combined)))


def ledger(folder: Path, world: World, name: str) -> View:
    log = write_log(folder / f"{name}.jsonl", world.rows(SEED))
    read = read_logs([log], folder / name, "sketches", KEYS, 1, lambda kind, share, exchanges, bad: None)
    return View(Ledger.open(read.ledger), connect())


@pytest.fixture(scope="module")
def hunted(tmp_path_factory: pytest.TempPathFactory) -> Hunted:
    """A ring, strangers with one tool, and people; beside a benign log of forty tools."""
    folder, rng = tmp_path_factory.mktemp("alliance"), seeded(SEED)
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 250)
    world = World().with_ring("ring", on_cards(dealt_out("ring", pool, rng), 4)).with_honest("desks", desks(rng, 25))
    world = world.with_honest("people", people("person", invented_chats(rng, 60), 4, rng))
    view = ledger(folder, world, "log")
    benign = ledger(folder, World(tuple(users_of_tools(40, seeded(1)))), "benign")
    names = NameTable.open(view.ledger.path, KEYS.deployment).names("account")
    nobody_yet = Partners(Told().hearing(folder))
    hunt = Hunt(names=names, partners=nobody_yet)
    made = pipeline.judged(view, pipeline.learned(benign, hunt), hunt)
    (ring,) = [place for place, one in enumerate(made.rings) if one.judgement.verdict == "campaign"]
    return Hunted(made, pipeline.asked(made, view), ring)


@pytest.fixture
def told(hunted: Hunted) -> Told:
    """A told of just this template, and B saw it."""
    ring, others = hunted.asked.rings[hunted.ring], traffic(hunted.asked.others)
    rest = ~np.isin(others.account, ring.account)
    outside = Traffic(others.account[rest], others.slots[rest])
    said = Told()
    said.see(B, said.tell(A, "it", signature(traffic(ring), shares(outside.thinned()))))
    return said


def traffic(group: Conversations) -> Traffic:
    return Traffic(group.account[group.owner], group.slots)


def test_the_ring_that_partners_told_of_is_known_and_nobody_else_is(hunted: Hunted, told: Told, tmp_path: Path) -> None:
    rings = hunted.rings(Partners(told.hearing(tmp_path)))
    assert [place for place, one in enumerate(rings) if one.heard.comes_first] == [hunted.ring]
    assert rings[hunted.ring].heard.log_e > 1.0
    assert all(one.heard.log_e <= 0.0 for place, one in enumerate(rings) if place != hunted.ring)


def test_it_tips_the_scale_while_the_claim_stands(hunted: Hunted, told: Told, tmp_path: Path) -> None:
    """At a rate that the ring's own evidence misses by half; once two dispute the claim, nobody is acted on."""
    before = hunted.acted_on(Partners(told.hearing(tmp_path)), hunted.missed_by_half)
    assert (bool(before.acts_on), before.leans) == (True, True)
    told.dispute(C, told.last)
    told.dispute(D, told.last)
    after = hunted.acted_on(Partners(told.hearing(tmp_path)), hunted.missed_by_half)
    assert (after.acts_on, after.leans) == (frozenset(), False)
    assert after.heard.why_not == "it is suspended, as two members dispute it"


def test_what_one_told_of_changes_nothing_but_the_order(hunted: Hunted, told: Told, tmp_path: Path) -> None:
    alone = Told()
    pattern = next(one.signature for one in told.hearing(tmp_path).claims)
    alone.tell(A, "it", pattern)
    ring = hunted.acted_on(Partners(alone.hearing(tmp_path)), hunted.missed_by_half)
    assert (ring.acts_on, ring.log_e, ring.heard.comes_first) == (frozenset(), ring.claim.combined, True)
