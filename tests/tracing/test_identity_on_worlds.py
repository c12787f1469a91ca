"""Units of simulated campaigns that share cards stand above every honest group that shares an address or a tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import ibis
import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.pseudonym import Secret
from stillwatch.sketching.run import sketch_logs
from stillwatch.tracing.family import Group
from stillwatch.tracing.identity import Identity
from stillwatch.tracing.linkage import linked
from stillwatch.tracing.survey import Accounts, accounts
from stillwatch.tracing.term_frequency import TermFrequencies, term_frequencies
from stillwatch.world.scenario import parse
from stillwatch.world.write import TRAFFIC, write_world

Ints = NDArray[np.int64]

SCENARIO = """
days = 4
release_day = 2
[honest]
people = 60
university = 30
reseller = 24
startup_pool = 16
popular_tool = 40
[[campaign]]
name = "one address"
objective = "chain_of_thought"
level = "E1"
accounts = 8
per_day = 4
[[campaign]]
name = "proxies"
objective = "coding"
level = "E2"
accounts = 24
per_day = 4
[[campaign]]
name = "nothing shared"
objective = "coding"
level = "E5"
accounts = 24
per_day = 4
"""

HONEST = ("people", "university", "reseller", "startup_pool", "popular_tool")
IDENTITY = Identity()


@dataclass(frozen=True)
class World:
    """A ledger, and which accounts are whose."""

    ledger: Ledger
    members: dict[str, list[int]]  # of each class and campaign, as pseudonyms

    @cached_property
    def table(self) -> ibis.Table:
        return self.ledger.table(connect(threads=1))

    @cached_property
    def found(self) -> Accounts:
        return accounts(self.table)

    @cached_property
    def frequencies(self) -> TermFrequencies:
        return IDENTITY.background(self.table, self.found)

    @cached_property
    def rows(self) -> dict[str, Ints]:
        arrow = self.table.select("account", *IDENTITY.columns).to_pyarrow()
        return {name: arrow.column(name).to_numpy() for name in arrow.column_names}

    def units(self, *names: str) -> Ints:
        """The units of some classes or campaigns."""
        return np.unique(self.found.unit[self.found.index(self._accounts(names))])

    def scores(self, *names: str) -> NDArray[np.float64]:
        """Of these as one group, by unit."""
        return IDENTITY.scores(self._group(names), self.frequencies, np.random.default_rng(0))

    def _accounts(self, names: Sequence[str]) -> Ints:
        return np.array([account for name in names for account in self.members[name]], np.int64)

    def _group(self, names: Sequence[str]) -> Group:
        mine = np.isin(self.rows["account"], self._accounts(names))
        account = self.found.index(self.rows["account"][mine])
        units, unit = np.unique(self.found.unit[account], return_inverse=True)
        columns = {name: self.rows[name][mine] for name in IDENTITY.columns}
        return Group(account, unit.astype(np.int64), len(units), np.ones(len(unit), np.bool_), columns)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Simulated, written and sketched once."""
    folder = tmp_path_factory.mktemp("identity")
    written = write_world(parse("cards", SCENARIO), folder / "world", seed=5, scale=1.0, tell=lambda *told: None)
    secret = Secret(b"a secret for tests only, 32 bytes")
    sketch_logs([folder / "world" / TRAFFIC], folder / "ledger", secret, workers=1)
    number = {name: pseudonym for pseudonym, name in NameTable.open(folder / "ledger", secret).names("account").items()}
    people = {name: one["accounts"] for name, one in written.truth["classes"].items()}
    people |= {one["id"]: one["accounts"] for one in written.truth["campaigns"]}
    return World(Ledger.open(folder / "ledger"), {n: [number[a] for a in names] for n, names in people.items()})


@pytest.mark.parametrize("campaign", ["one address", "proxies"])
@pytest.mark.parametrize("honest", HONEST)
def test_units_that_share_cards_stand_above_every_honest_class(world: World, campaign: str, honest: str) -> None:
    """The least tied unit of the campaign above the most tied one of a class that was put together like it."""
    assert world.scores(campaign).min() > world.scores(honest).max()


def test_a_class_behind_one_address_is_tied_weakly(world: World) -> None:
    """All of them, and by fewer bits than one address at its rarest is worth."""
    scores = world.scores("university")
    assert 0.0 < np.median(scores) <= scores.max() < 4.6


@pytest.mark.parametrize("one_organisation", ["reseller", "startup_pool"])
def test_an_organisation_is_not_tied_to_itself(world: World, one_organisation: str) -> None:
    """A reseller's dozen accounts and a start-up's eight keys are one unit each."""
    assert np.nanmax(world.scores(one_organisation)) == 0.0


def test_honest_users_of_a_rings_tool_are_told_from_it(world: World) -> None:
    """Forty strangers and a ring in one group: the strangers stay where they were."""
    together = world.scores("proxies", "popular_tool")
    is_ring = np.isin(world.units("proxies", "popular_tool"), world.units("proxies"))
    assert together[is_ring].min() > together[~is_ring].max()


def test_separate_cards_and_home_addresses_leave_nothing_to_see(world: World) -> None:
    """The known blind spot: from E5 on, an operator shares nothing, and is not accused by guesswork either."""
    assert world.scores("nothing shared").max() < 1.0


def test_splink_finds_the_rings_in_the_whole_ledger_and_nobody_else(world: World) -> None:
    """Without any template: every pair is of one campaign, and no unit that shares a card is missed."""
    links = linked(world.table, world.found, term_frequencies(world.table, world.found))
    of = {int(unit): name for name in ("one address", "proxies") for unit in world.units(name)}
    assert {(of.get(a), of.get(b)) for a, b in zip(links.left.tolist(), links.right.tolist(), strict=True)} == {
        ("one address", "one address"),
        ("proxies", "proxies"),
    }
    assert set(of) == {*links.left.tolist(), *links.right.tolist()}
