"""The same hunts, by the same command line, through text that every checkout can make up.

The wrappers are ours; what stands behind them is prose of made-up words. A pool has many subjects, a person has one.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from .command_line import Home
from .truth import accused, acted_on, entries, recall, rings_touched, verdicts
from .worlds import (
    World,
    covered,
    dealt_out,
    independent,
    invented,
    invented_chats,
    on_cards,
    one_organisation,
    people,
    seeded,
    users_of_tools,
    vocabulary,
    write_log,
)

SEED = 5
# As long as published tools make them. A wrapper of under twenty words, half of its users' traffic something else, in a
# log of which they are a fifth, can be missed: too little of it comes back often enough.
REWRITE = (
    "I want you to act as a prompt writer. Rewrite the given prompt into a more complex version that a clever system "
    "finds harder to handle, by adding one more constraint or one more step of reasoning. Keep it reasonable, keep it "
    "understandable for people, and do not make it longer than twice its length. #The Given Prompt#:"
)
ITEMS = (
    "Generate ten question and answer pairs from the passage below, to be used as training data for a model. Every "
    "question must be answerable from the passage alone, every answer must be complete without it, and no two of them "
    "may ask for the same fact. Return a list of objects with the keys question and answer. Passage:"
)
SUMMARY = "You prepare the morning briefing of our editors. Give the gist of this report in three plain sentences:"


def two_rings(cover: float = 0.0, per_card: int = 1) -> World:
    """Two attack runs of 300 exchanges each over a dozen accounts, `per_card` to a card, and people."""
    rng = seeded(SEED)
    chats = invented_chats(rng, 120)
    world = World().with_honest("people", people("person", chats, 4, rng))
    for name, wrapper in (("rewriting", REWRITE), ("items", ITEMS)):
        run = invented(rng, wrapper, [vocabulary(rng) for _ in range(40)], 300)
        world = world.with_ring(name, covered(on_cards(dealt_out(name, run, rng), per_card), chats, cover, rng))
    return world


def with_honest_clients(world: World) -> World:
    """A customer with four keys, and eight strangers who use one tool for subjects of their own."""
    rng = seeded(SEED + 1)
    run = invented(rng, SUMMARY, [vocabulary(rng) for _ in range(10)], 160)
    world = world.with_honest("one organisation", one_organisation("newsroom", run, 4, rng))
    each = [independent(f"desk-{i}", invented(rng, SUMMARY, [vocabulary(rng)], 30), 1, 25, rng)[0] for i in range(8)]
    return world.with_honest("users of one tool", each)


@pytest.mark.parametrize("cover", [0.0, 0.8])
def test_each_run_is_one_campaign_and_nobody_honest_is_in_one(tmp_path: Path, cover: float) -> None:
    world = with_honest_clients(two_rings(cover))
    findings = Home(tmp_path).hunt(world.write(tmp_path / "log.jsonl.gz", SEED), "out")
    assert min(recall(findings, world).values()) >= 0.95
    assert sorted(rings_touched(findings, world)) == [["items"], ["rewriting"]]
    assert {entry["verdict"] for entry in findings["campaigns"]} == {"campaign"}
    assert accused(findings, world) == {}
    assert acted_on(findings) == frozenset()


def test_strangers_with_one_tool_and_a_customer_with_many_keys_are_no_ring(tmp_path: Path) -> None:
    world = with_honest_clients(World())
    findings = Home(tmp_path).hunt(world.write(tmp_path / "log.jsonl", SEED), "out")
    assert entries(findings) == []


def test_a_benign_log_makes_evidence_to_act_on(tmp_path: Path) -> None:
    """And only with it: without a calibration nobody is acted on, whatever the verdict."""
    world, rng = two_rings(per_card=4), seeded(77)
    benign = World().with_honest("tools", users_of_tools(60, rng))
    home, log = Home(tmp_path), world.write(tmp_path / "log.jsonl", SEED)
    plain = home.hunt(log, "plain")
    calibrated = home.hunt(
        log, "calibrated", "--alpha", "0.2", "--calibrate", benign.write(tmp_path / "benign.jsonl", 77)
    )
    assert verdicts(plain) == verdicts(calibrated)
    assert max(entry["log_e"] for entry in plain["campaigns"]) <= 0.0
    assert all(entry["log_e"] > math.log(1 / 0.2) for entry in calibrated["campaigns"])
    assert acted_on(plain) == frozenset()
    assert acted_on(calibrated) == frozenset().union(*entries(calibrated))


@pytest.mark.long
def test_the_order_of_rows_and_doing_it_twice_change_nothing(tmp_path: Path) -> None:
    rows = two_rings().rows(SEED)
    home, log = Home(tmp_path), write_log(tmp_path / "log.jsonl", rows)
    shuffled = write_log(tmp_path / "shuffled.jsonl", seeded(1).sample(rows, len(rows)))
    first, other = home.hunt(log, "first"), home.hunt(shuffled, "other")
    home.hunt(log, "again")
    assert (tmp_path / "again" / "findings.json").read_bytes() == (tmp_path / "first" / "findings.json").read_bytes()
    assert verdicts(other) == verdicts(first)
    assert {entry["id"] for entry in other["campaigns"]} == {entry["id"] for entry in first["campaigns"]}
