"""Hunts through worlds of real clients' traffic, by the real command line.

The folder of real traffic lies beside the repository on the team's machines only; elsewhere these tests are skipped
and `test_invented_worlds.py` runs the same way over text that we make up.

What is asserted was measured with this mechanism over 21 other seeds and secrets (12 plain, 6 with half and 3 with four
fifths cover): 104 of 105 runs one campaign with all of its accounts, one (synthetic-data-kit, 175 exchanges that carry
its skeleton) all in one entry but only watched; no honest account in any entry.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from random import Random

import pytest

from stillwatch.tracing.calibration import STEEPNESS

from .command_line import Home
from .truth import accused, acted_on, entries, recall, rings_touched, verdicts
from .worlds import (
    ATTACKS,
    CHAT,
    CORPUS,
    TOOLS,
    World,
    corpus_run,
    covered,
    dealt_out,
    independent,
    invented_chats,
    one_organisation,
    people,
    seeded,
    users_of_tools,
    write_log,
)

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the corpus of real traffic beside the repository")

SEED = 2
RECALL = {0.0: 0.95, 0.5: 0.95, 0.8: 0.95}
"""Least share of a ring's accounts in its entry, by share of cover traffic: one account of 16 lost is already less."""


def with_attacks(world: World, rng: Random, cover: float = 0.0) -> World:
    """Every attack run dealt out, with people's chats among what its accounts send."""
    chats = corpus_run(CHAT)
    for run in ATTACKS:
        senders = dealt_out(run.removeprefix("attack_"), corpus_run(run), rng)
        world = world.with_ring(run, covered(senders, chats, cover, rng))
    return world


def with_honest_clients(world: World, rng: Random) -> World:
    """Every honest run twice, as one organisation with four accounts and as eight organisations; and people."""
    for run in TOOLS:
        name = run.removeprefix("benign_")
        world = world.with_honest(f"{name}, one", one_organisation(f"{name}-one", corpus_run(run), 4, rng))
        world = world.with_honest(f"{name}, many", independent(f"{name}-many", corpus_run(run), 8, 40, rng))
    return world.with_honest("people", people("person", corpus_run(CHAT), 2, rng))


def whole_world(seed: int, cover: float = 0.0) -> World:
    rng = seeded(seed)
    return with_honest_clients(with_attacks(World(), rng, cover), rng)


def most_that_can_be_claimed(groups: int) -> float:
    """Four kins, each a bet on ranks 1 .. K+1 that pays at most (K+1) / H, H the sum of its weights."""
    total = groups + 1
    return 4 * math.log(total / sum(rank**-STEEPNESS for rank in range(1, total + 1)))


@pytest.mark.parametrize("cover", RECALL)
def test_every_attack_run_is_one_campaign_and_nobody_honest_is_in_one(tmp_path: Path, cover: float) -> None:
    """Separate organisations, addresses and cards; with none, half and four fifths of the traffic people's chats."""
    world = whole_world(SEED, cover)
    findings = Home(tmp_path).hunt(world.write(tmp_path / "log.jsonl.gz", SEED), "out")
    assert min(recall(findings, world).values()) >= RECALL[cover]
    assert sorted(rings_touched(findings, world)) == [[run] for run in ATTACKS]
    assert {entry["verdict"] for entry in findings["campaigns"]} == {"campaign"}
    assert accused(findings, world) == {}
    assert acted_on(findings) == frozenset()  # nothing calibrates this hunt


def test_two_honest_organisations_with_the_same_tool_are_no_ring(tmp_path: Path) -> None:
    rng = seeded(SEED)
    world = World().with_honest("people", people("person", corpus_run(CHAT), 2, rng))
    for run in TOOLS:
        world = world.with_honest(run, independent(run, corpus_run(run), 2, 60, rng))
    findings = Home(tmp_path).hunt(world.write(tmp_path / "log.jsonl", SEED), "out")
    assert entries(findings) == []


def test_no_claim_goes_past_what_the_benign_log_carries(tmp_path: Path) -> None:
    """Users of 30 tools calibrate; the page says how far, nobody honest is accused, and no campaign is lost."""
    world, rng = whole_world(SEED), seeded(77)
    chats = corpus_run(CHAT) + invented_chats(rng, 40)
    benign = World().with_honest("tools", users_of_tools(30, rng)).with_honest("people", people("p", chats, 2, rng))
    for run in TOOLS:
        benign = benign.with_honest(run, independent(f"other-{run}", corpus_run(run), 6, 40, rng))
    home, log = Home(tmp_path), world.write(tmp_path / "log.jsonl.gz", SEED)
    calibrated = home.hunt(log, "out", "--alpha", "0.1", "--calibrate", benign.write(tmp_path / "benign.jsonl.gz", 77))
    page = (tmp_path / "out" / "report.html").read_text()
    [groups] = [
        int(n) for n in re.findall(r"(\d+) groups of accounts that the same search links in the benign log", page)
    ]
    assert groups >= 30
    assert max(entry["log_e"] for entry in calibrated["campaigns"]) <= most_that_can_be_claimed(groups)
    assert min(recall(calibrated, world).values()) >= RECALL[0.0]
    assert accused(calibrated, world) == {}
    assert acted_on(calibrated) <= frozenset().union(*entries(calibrated))
    said = [e["statement"] for entry in calibrated["campaigns"] for e in entry["evidence"] if e["family"] == "template"]
    assert all(re.search(r"0 of \d+ organisations of the benign reference use it", sentence) for sentence in said)


@pytest.mark.long
def test_the_order_of_rows_and_doing_it_twice_change_nothing(tmp_path: Path) -> None:
    """The same log gives the same bytes; a shuffled one the same campaigns and verdicts."""
    rows = with_attacks(World(), seeded(SEED)).rows(SEED)
    home, log = Home(tmp_path), write_log(tmp_path / "log.jsonl", rows)
    shuffled = write_log(tmp_path / "shuffled.jsonl", seeded(1).sample(rows, len(rows)))
    first, other = home.hunt(log, "first"), home.hunt(shuffled, "other")
    home.hunt(log, "again")
    assert (tmp_path / "again" / "findings.json").read_bytes() == (tmp_path / "first" / "findings.json").read_bytes()
    assert verdicts(other) == verdicts(first)
    assert {entry["id"] for entry in other["campaigns"]} == {entry["id"] for entry in first["campaigns"]}
