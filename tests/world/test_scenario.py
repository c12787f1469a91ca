"""Scenarios: the shipped ones load and hold what they promise; a bad one is refused by field, with the remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stillwatch.world import facts
from stillwatch.world.honest import CLASSES
from stillwatch.world.hostile.campaign import campaign
from stillwatch.world.hostile.objectives import OBJECTIVES
from stillwatch.world.hostile.pool import Pool
from stillwatch.world.scenario import BadScenario, load, parse, shipped
from stillwatch.world.simulate import stage_of

CAMPAIGN = "days = 3\n[[campaign]]\nname = 'a'\nobjective = 'coding'\nlevel = 'E2'\n"


def test_five_are_shipped() -> None:
    """small, dense, ladder, full and nulls."""
    assert shipped() == ["dense", "full", "ladder", "nulls", "small"]


@pytest.mark.parametrize("name", shipped())
def test_the_shipped_ones_load_with_every_class(name: str) -> None:
    """And with campaigns of names of their own."""
    assert set(load(name).honest) == set(CLASSES)


def test_full_holds_every_hard_negative_two_hundred_times() -> None:
    """Fifty thousand honest accounts and more, thirty days, every level and objective."""
    full = load("full")
    assert sum(full.honest.values()) >= 50_000
    assert min(full.honest.values()) >= 200
    assert full.days == 30
    assert {plan.level for plan in full.campaigns} == {f"E{level}" for level in range(8)}
    assert {plan.objective for plan in full.campaigns} == set(OBJECTIVES)


def test_nulls_has_no_campaign() -> None:
    """Whatever is accused there is accused wrongly."""
    assert load("nulls").campaigns == ()


def test_accounts_that_hide_in_dense_send_as_many_exchanges_as_published() -> None:
    """26 an account and day, at every level from E4 to E7.

    Ten accounts a level. An account's exchanges of 14 days vary by about a fifth (sessions are Poisson, of geometric
    length, and the first is late), the mean of ten by 6 %: three times that is allowed.
    """
    dense = load("dense")
    assert [plan.level for plan in dense.campaigns] == ["E4", "E5", "E6", "E7"]
    where = stage_of(dense, 1)
    for plan in dense.campaigns:
        ten = replace(plan, accounts=10)
        sent = sum(1 for _ in campaign(where, ten, Pool(where, ten)))
        assert sent / 10 / dense.days == pytest.approx(facts.CAMPAIGN_PER_DAY, rel=0.18), plan.level


def test_scaling_keeps_everybody_in() -> None:
    """A hundredth of small has one account of every class and three of a campaign."""
    tiny = load("small").scaled(0.01)
    assert min(tiny.honest.values()) >= 1
    assert [plan.accounts for plan in tiny.campaigns] == [1, 3, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("text", "field", "remedy"),
    [
        ("release_day = 2", "days is missing", "number from 1 to 366"),
        ("days = 0", "days is 0", "number from 1"),
        ("days = 'ten'", "days is 'ten'", "number from 1"),
        ("days = 3\n[honest]\nrobots = 4", "robots is not known", "people"),
        ("days = 3\n[honest]\npeople = -1", "people is -1", "number from 0"),
        ("days = 3\nhonest = 5", "honest is no table", "[honest]"),
        ("days = 3\ncampaign = 5", "campaign is no list", "[[campaign]]"),
        ("days = 3\n[[campaign]]\nname = 'a'\nobjective = 'coding'\nlevel = 'E9'", "level is 'E9'", "E0, E1"),
        ("days = 3\n[[campaign]]\nname = 'a'\nlevel = 'E2'", "objective is missing", "chain_of_thought"),
        (f"{CAMPAIGN}speed = 3", "speed is not known", "per_day"),
        (f"{CAMPAIGN}cover = 3", "cover is 3", "from 0 to 1"),
        (f"{CAMPAIGN}sessions = 1", "sessions is 1", "true or false"),
        (f"{CAMPAIGN}accounts = 0", "accounts is 0", "number from 1"),
        (f"{CAMPAIGN}bans = [{{ day = 9, share = 0.5 }}]", "day is 9", "from 0 to 3"),
        (CAMPAIGN + CAMPAIGN.removeprefix("days = 3\n"), "two campaigns are named a", "name of its own"),
        ("days = [", "is no TOML", "Mend"),
    ],
)
def test_a_bad_scenario_is_refused_by_field(text: str, field: str, remedy: str) -> None:
    """The problem names the field, the remedy what it should be."""
    with pytest.raises(BadScenario) as caught:
        parse("mine", text)
    assert field in caught.value.problem
    assert remedy in caught.value.remedy


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    """Neither shipped nor a file."""
    with pytest.raises(BadScenario, match="Shipped are: dense, full, ladder, nulls, small"):
        load("medium")


def test_a_scenario_may_be_a_file(tmp_path: Path) -> None:
    """It is named after the file."""
    file = tmp_path / "mine.toml"
    file.write_text(CAMPAIGN)
    assert (load(str(file)).name, load(str(file)).days) == ("mine", 3)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_is_none_is_refused(scale: float) -> None:
    """Above 0, and a number."""
    with pytest.raises(BadScenario, match="--scale"):
        load("small").scaled(scale)
