"""The hunt on one page: what a review promises of any ledger, whoever reads it.

Whole hunts with known truth are in `end_to_end/`; here are the promises around them, in this process.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from end_to_end.worlds import (
    DAY_US,
    World,
    dealt_out,
    invented,
    invented_chats,
    jobs,
    on_cards,
    people,
    seeded,
    users_of_tools,
    vocabulary,
    write_log,
)
from end_to_end.wrappers import MAKE_ITEMS, SECRETS, desks

from stillwatch.assembly import read_logs
from stillwatch.campaigns.campaign import Review
from stillwatch.campaigns.context import NO_EVIDENCE
from stillwatch.campaigns.families import ALL_FAMILIES, COMPLEMENTARITY, INFRASTRUCTURE, TEMPLATE, VARIANTS
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt, learned, review
from stillwatch.stats.sample_split import is_linking

# Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

SEED = 11


def a_world(ring: str = "ring") -> World:
    """A ring, strangers with one tool and subjects of their own, and people."""
    rng = seeded(SEED)
    world = World().with_honest("people", people("person", invented_chats(rng, 60), 4, rng))
    strangers = desks(rng, 25)
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 250)
    return world.with_honest("desks", strangers).with_ring("ring", on_cards(dealt_out(ring, pool, rng), 4))


class Place:
    """Ledgers of worlds, read once each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def view(self, world: World, name: str, **fields: object) -> View:
        """The ledger of a world's log, with these fields in every row."""
        return self.of_rows([{**row, **fields} for row in world.rows(SEED)], name)

    def of_rows(self, rows: Sequence[dict[str, Any]], name: str) -> View:
        log = write_log(self.folder / f"{name}.jsonl", rows)
        read = read_logs([log], self.folder / name, "sketches", SECRETS, 1, lambda kind, share, exchanges, bad: None)
        return View(Ledger.open(read.ledger), connect())

    def names(self, view: View) -> dict[int, str]:
        return dict(NameTable.open(view.ledger.path, SECRETS.deployment).names("account"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def ledger(place: Place) -> View:
    return place.view(a_world(), "world")


@pytest.fixture(scope="module")
def hunt(place: Place, ledger: View) -> Hunt:
    return Hunt(names=place.names(ledger))


@pytest.fixture(scope="module")
def plain(ledger: View, hunt: Hunt) -> Review:
    """The review without a benign log."""
    return review(ledger, None, hunt)


def test_the_ring_is_the_only_campaign(plain: Review) -> None:
    assert [(c.verdict, frozenset(c.accounts)) for c in plain.campaigns] == [("campaign", a_world().rings["ring"])]


def test_without_a_calibration_nobody_is_acted_on(ledger: View, hunt: Hunt, plain: Review) -> None:
    """At the laxest rate there is: an e-value of 1 is no evidence, and a group beside itself is worth no more."""
    lax = review(ledger, None, replace(hunt, alpha=0.999))
    for one in (plain, lax):
        assert max(c.log_e for c in one.campaigns) <= 0.0
        assert "act" not in {a.verdict for a in one.accounts}
        assert "review" in one.campaigns[0].action


def test_a_benign_log_decides_who_is_acted_on(place: Place, ledger: View, hunt: Hunt) -> None:
    """At the rate asked for, and not at one that the reference cannot carry."""
    benign = place.view(World().with_honest("tools", users_of_tools(40, seeded(1))), "benign")
    acted = [
        {a.account for a in review(ledger, benign, replace(hunt, alpha=alpha)).accounts if a.verdict == "act"}
        for alpha in (0.2, 1e-9)
    ]
    assert acted == [a_world().rings["ring"], set()]


def test_every_account_has_one_finding_that_agrees_with_its_campaign(plain: Review) -> None:
    assert len({a.account for a in plain.accounts}) == len(plain.accounts) == plain.account_count
    entry = {account: c.id for c in plain.campaigns for account in c.accounts}
    assert {a.account: a.campaign for a in plain.accounts if a.campaign} == entry
    assert {a.verdict for a in plain.accounts if a.campaign is None} == {"clear"}


def test_who_was_let_go_is_told_why_in_a_sentence_with_numbers(plain: Review) -> None:
    """The strangers with one tool are among them, and no account of a campaign is."""
    assert {"own subjects"} <= {c.reason for c in plain.cleared}
    assert all(re.search(r"\d", c.statement) and len(c.statement.split()) >= 6 for c in plain.cleared)
    let_go = {account for c in plain.cleared for account in c.accounts}
    assert a_world().honest["desks"] <= let_go
    assert not let_go & a_world().rings["ring"]


def test_totals_agree_with_the_log(plain: Review) -> None:
    rows = a_world().rows(SEED)
    assert (plain.exchanges, plain.account_count) == (len(rows), len({row["account"] for row in rows}))
    assert (plain.first_us, plain.last_us) == (rows[0]["ts_us"], rows[-1]["ts_us"])
    assert sum(bar.exchanges for bar in plain.timeline) == len(rows)
    assert all(sum(bar.exchanges for bar in c.timeline) == c.exchanges for c in plain.campaigns)


def test_links_name_accounts_of_their_campaign(plain: Review) -> None:
    for c in plain.campaigns:
        assert c.links
        assert all(0 <= link.left < link.right < len(c.accounts) for link in c.links)


def test_new_accounts_do_not_rename_a_campaign(place: Place, plain: Review) -> None:
    """The operator's next hundred accounts are known by the same name."""
    moved = place.view(a_world(ring="next"), "moved")
    found = review(moved, None, Hunt(names=place.names(moved)))
    assert [c.id for c in found.campaigns] == [c.id for c in plain.campaigns]
    assert not set(found.campaigns[0].accounts) & set(plain.campaigns[0].accounts)


def test_the_same_ledger_gives_the_same_review(ledger: View, hunt: Hunt, plain: Review) -> None:
    assert review(ledger, None, hunt) == plain


def test_country_and_network_operator_change_nothing(place: Place, plain: Review) -> None:
    """Everybody from one country and network, or from none that is known: the same review, but for saying so."""
    placed = place.view(a_world(), "placed", country="XX", asn=64_500)
    found = review(placed, None, Hunt(names=place.names(placed)))
    assert all("XX" in c.context[0] and NO_EVIDENCE in c.context for c in found.campaigns)
    assert replace(found, campaigns=tuple(replace(c, context=()) for c in found.campaigns)) == plain


def test_sealed_names_leave_pseudonyms(ledger: View) -> None:
    assert all(re.fullmatch(r"[0-9a-f]{16}", a.account) for a in review(ledger, None, Hunt()).accounts)


def test_progress_is_told_by_step_and_never_past_its_end(ledger: View, hunt: Hunt) -> None:
    told: list[tuple[str, float]] = []
    review(ledger, None, hunt, lambda step, done: told.append((step, done)))
    assert [step for step, done in told if done == 1.0][:1] == ["reading accounts"]
    assert {"reading accounts", "gathering", "measuring"} <= {step for step, _ in told}
    assert all(0.0 <= done <= 1.0 for _, done in told)


@pytest.mark.long
def test_a_family_that_is_not_heard_speaks_for_nothing(ledger: View, hunt: Hunt) -> None:
    """What a hunt would say without it, which shows what it is worth."""

    def verdicts(*unheard: str) -> list[str]:
        return [c.verdict for c in review(ledger, None, replace(hunt, families=ALL_FAMILIES - {*unheard})).campaigns]

    assert verdicts() == verdicts(VARIANTS) == verdicts(INFRASTRUCTURE) == ["campaign"]
    assert "campaign" not in verdicts(COMPLEMENTARITY)


def test_what_was_learned_of_honest_accounts_serves_many_hunts(place: Place, ledger: View, hunt: Hunt) -> None:
    """The benign log is read once, and each hunt finds what it would find reading it itself."""
    rng = seeded(SEED + 3)
    honest = place.view(World().with_honest("jobs", jobs("job", 60, 12, rng)), "learned")
    known = learned(honest, hunt)
    first, second, alone = (review(ledger, one, hunt) for one in (known, known, honest))
    assert first == second
    assert [c.accounts for c in first.campaigns] == [c.accounts for c in alone.campaigns]
    assert first.tested >= len(first.campaigns) == 1
    silent = review(ledger, known, replace(hunt, families=ALL_FAMILIES - {TEMPLATE}))
    assert [e.log_e for c in silent.campaigns for e in c.evidence if e.family == TEMPLATE] == [0.0]


def moved_on(world: World) -> list[dict[str, Any]]:
    """The world's rows, where the desks send their briefings on linking days and much else on testing days."""
    desks_of, rows = world.honest["desks"], world.rows(SEED)
    chats = invented(seeded(SEED + 5), "", [vocabulary(seeded(n)) for n in range(60)], 600)
    links = is_linking(np.array([row["ts_us"] // DAY_US for row in rows]), Hunt().split_key)
    return [
        {**row, "id": f"{row['id']}/{n}", **(chats[(number * 7 + n) % len(chats)][0] if is_moved else {})}
        for number, row in enumerate(rows)
        for is_moved in (row["account"] in desks_of and not links[number],)
        for n in range(7 if is_moved else 1)
    ]


def test_a_ring_that_only_linking_days_show_is_a_hypothesis_too(place: Place) -> None:
    """What its accounts did on testing days may be why the review does not list it, so leaving it out would favour
    rings that did well on them."""
    rng = seeded(SEED + 4)
    world = World().with_honest("desks", desks(rng, 5))
    world = world.with_honest("people", people("someone", invented_chats(rng, 40), 4, rng))
    found = review(place.of_rows(moved_on(world), "moved on"), None, Hunt())
    assert (found.tested, found.campaigns, found.cleared) == (1, (), ())
