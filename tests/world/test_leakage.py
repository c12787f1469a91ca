"""The audit: what one raw field alone gives away, and that operators' fields give away nothing from E5 on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import msgspec
import pytest

from stillwatch.world.chance import Chance
from stillwatch.world.hostile.ladder import LEVELS
from stillwatch.world.hostile.plan import Plan
from stillwatch.world.leakage import TOLERANCE, Leak, as_table, auc_of, audit
from stillwatch.world.raw_fields import FIELDS, Profile
from stillwatch.world.scenario import load
from stillwatch.world.simulate import campaign_parts, honest_parts, stage_of
from stillwatch.world.wire.rows import row_of

HIDDEN = ("E5", "E6", "E7")


def test_the_auc_is_that_of_every_pair() -> None:
    """Ties count half. By hand: of six pairs three are won and one is tied."""
    auc, error = auc_of([1.0, 2.0, 3.0], [2.0, 3.5])
    assert auc == pytest.approx((1 + 0.5 + 0 + 3) / 6)
    assert error > 0


def test_the_bound_holds_the_auc_of_nothing() -> None:
    """Two hundred fields of pure chance: about one in twenty lies outside its own 95 % interval, and none far off."""
    chance = Chance("null")
    outside = 0
    for _ in range(200):
        auc, error = auc_of([chance.random() for _ in range(80)], [chance.random() for _ in range(40)])
        outside += abs(auc - 0.5) > 1.96 * error
    assert outside <= 20


@pytest.fixture(scope="module")
def leaks() -> list[Leak]:
    """Small's honest customers at a fifth, five days, and 110 accounts each of three levels that hide and of E1."""
    small = load("small").scaled(0.2)
    objectives = ("question_sweep", "coding", "non_english_reasoning", "chain_of_thought")
    levels = (*HIDDEN, "E1")
    campaigns = tuple(
        Plan(level, objective, level, LEVELS[level], 110, 3.0)
        for level, objective in zip(levels, objectives, strict=True)
    )
    plan = replace(small, days=5, release_day=3.0, campaigns=campaigns)
    stage = stage_of(plan, 1)
    profiles: dict[str, Profile] = defaultdict(Profile)
    labelled: dict[str, set[str]] = defaultdict(set)
    for part in (*honest_parts(plan, stage, {}), *campaign_parts(plan, stage, {})):
        for stream in part.streams:
            for sent in sorted(stream, key=lambda one: one.ts_us):
                row = row_of(sent, 1)
                profiles[row["account"]].add(row | {"body": msgspec.json.decode(row["body"])})
                labelled[part.label if part.is_campaign else "honest"].add(row["account"])
    honest = labelled.pop("honest")
    labelled["E5 to E7"] = set().union(*(labelled[level] for level in HIDDEN))
    return audit(profiles, honest, labelled)


@pytest.mark.parametrize("level", HIDDEN)
def test_no_field_of_an_operators_choice_separates_a_hidden_campaign(leaks: list[Leak], level: str) -> None:
    """E5 and above: no field's interval lies outside 0.5 +- 0.1."""
    own = [leak for leak in leaks if leak.level == level and not leak.is_behaviour]
    assert len(own) > 40
    assert [leak for leak in own if leak.separates] == []


def test_hidden_campaigns_together_are_within_the_bound(leaks: list[Leak]) -> None:
    """With three times the accounts no estimate is outside 0.5 +- 0.1 either."""
    own = [leak for leak in leaks if leak.level == "E5 to E7" and not leak.is_behaviour]
    assert [leak for leak in own if abs(leak.auc - 0.5) > TOLERANCE] == []


def test_an_open_campaign_is_seen_by_its_infrastructure(leaks: list[Leak]) -> None:
    """So the audit can see: at E1 address and card are shared, one client program sends all, accounts are young."""
    seen = {leak.field for leak in leaks if leak.level == "E1" and leak.separates}
    assert {"ip", "payment", "header order", "age at first use", "parameter max_tokens"} <= seen


def test_behaviour_may_separate() -> None:
    """What comes of the harvest itself; everything else is the operator's choice."""
    assert {field.name for field in FIELDS if field.is_behaviour} == {
        "exchanges",
        "active days",
        "exchanges an active day",
        "burstiness",
        "turns an exchange",
        "system an exchange",
        "last turn an exchange",
        "not ascii an exchange",
        "tools an exchange",
        "failed an exchange",
        "asked an exchange",
        "answered an exchange",
        "reasoned an exchange",
        "night an exchange",
        "weekend an exchange",
    }


def test_the_table_has_a_line_a_field(leaks: list[Leak]) -> None:
    """And a column a level; what separates is starred."""
    table = "\n".join(as_table(leaks))
    assert all(field.name in table for field in FIELDS)
    assert "*" in table.split("what an operator chooses")[1]
