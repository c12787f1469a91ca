"""Each baseline beats chance where its idea applies, and says why where it cannot run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.evaluation.detector import Detector, Look, NotRun
from stillwatch.evaluation.detectors import synchrotrap
from stillwatch.evaluation.detectors.choice import BASELINES
from stillwatch.evaluation.detectors.prada import least_distances, not_normal
from stillwatch.evaluation.detectors.synchrotrap import Likeness, calm_threshold, likeness
from stillwatch.evaluation.rows import Rows
from stillwatch.evaluation.world import World


def at_the_end(detector: Detector, world: World) -> Look:
    return detector.learned(world)(world.cuts()[-1])


def auc(scores: Mapping[str, float], above: set[str], below: set[str]) -> float:
    """The chance that one of `above` scores higher than one of `below`; 1/2 is a coin."""
    pairs = [(scores.get(a, 0.0), scores.get(b, 0.0)) for a in above for b in below]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)


WHERE_IT_APPLIES = {
    "volume": "people",  # campaigns send more than people do, and less than heavy customers
    "prada": "people",
    "mmd": "people",
    "isolation_forest": "people",
    "synchrotrap": "people",
    "unmimic": "people",
}


@pytest.mark.parametrize("name", [name for name in WHERE_IT_APPLIES if name != "unmimic"])
def test_it_ranks_a_campaign_above_people(world: World, name: str) -> None:
    scores = at_the_end(BASELINES[name], world).scores
    campaign = {account for one in world.truth.campaigns for account in one.accounts if one.id == "items"}
    assert auc(scores, campaign, set(world.truth.classes["people"].accounts)) > 0.6


def test_volume_accuses_the_heavy_customers_first(world: World) -> None:
    scores = at_the_end(BASELINES["volume"], world).scores
    assert auc(scores, set(world.truth.classes["desks"].accounts), set(world.truth.campaign_of)) == 1.0


def same_tool(units: list[int]) -> Rows:
    """Accounts that send one template value on two days, each from an address of its own."""
    account = np.repeat(np.arange(1, len(units) + 1), 2)
    zones = np.zeros((len(account), 32), np.uint32)
    zones[:, 0] = 7
    own = {"ip": account + 100, "payment": np.zeros(len(account), np.int64)}
    day = np.tile([0, 1], len(units))
    unit = np.repeat(np.array(units), 2)
    return Rows(day, account, unit, day, own, zones, np.empty((len(account), 0), np.int8))


def test_co_occurrence_takes_users_of_one_tool_for_a_ring() -> None:
    """The known weakness, and the reason for a second family: of four actions an account, two are shared by all."""
    found = likeness(same_tool([1, 2, 3, 4]))
    assert found.jaccard == pytest.approx(2 / 6)
    assert [len(ring) for ring in found.rings(0.3)] == [4]
    assert found.rings(0.35) == []


def test_accounts_of_one_organisation_are_no_strangers() -> None:
    assert likeness(same_tool([5, 5, 5, 5])).rings(0.05) == []


def test_what_everybody_does_joins_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchrotrap, "MOST_SHARERS", 3)
    assert len(likeness(same_tool([1, 2, 3, 4])).jaccard) == 0


@pytest.mark.parametrize("name", ["mmd", "isolation_forest"])
def test_what_has_to_learn_is_not_run_without_a_benign_log(world: World, name: str) -> None:
    with pytest.raises(NotRun, match=r"needs benign\.jsonl\.gz"):
        BASELINES[name].learned(replace(world, benign=None))


@pytest.mark.parametrize("name", ["volume", "prada", "synchrotrap"])
def test_without_a_benign_log_nobody_is_acted_on(world: World, name: str) -> None:
    look = at_the_end(BASELINES[name], replace(world, benign=None))
    assert look.scores
    assert look.acted == ()


@pytest.mark.parametrize("name", ["volume", "prada", "mmd", "isolation_forest", "synchrotrap"])
def test_it_sees_nothing_of_later_days(world: World, name: str) -> None:
    """A prefix has no account that first comes later, and the same look twice is the same."""
    watch = BASELINES[name].learned(world)
    day = world.cuts()[0]
    early = watch(day)
    assert set(early.scores) <= set(watch(world.cuts()[-1]).scores)
    assert watch(day) == early


def test_unmimic_is_run_where_it_is_installed(world: World) -> None:
    pytest.importorskip("unmimic")
    look = at_the_end(BASELINES["unmimic"], world)
    assert set(look.scores) <= set(world.names.values())
    assert all(0.0 <= score <= 1.0 for score in look.scores.values())


def test_least_distances_are_to_queries_before() -> None:
    projection = np.array(
        [[3, 4], [6, 8], [-4, 3], [0, 5]], np.int8
    )  # as rows of length 1: .6 .8 / same / -.8 .6 / 0 1
    expected = [0.0, np.sqrt(2), np.hypot(0.6, 0.2)]
    assert least_distances(projection) == pytest.approx(expected, abs=1e-3)


def test_normal_distances_score_lower_than_two_lumps() -> None:
    rng = np.random.default_rng(1)
    lumps = np.concatenate([rng.normal(0.2, 0.01, 50), rng.normal(0.9, 0.01, 50)])
    assert not_normal(rng.normal(0.5, 0.1, 100)) < 0.05 < not_normal(lumps)


def test_too_few_or_equal_distances_are_no_evidence() -> None:
    assert not_normal(np.linspace(0, 1, 19)) == not_normal(np.ones(50)) == 0.0


def test_the_calm_threshold_is_the_least_at_which_benign_accounts_form_no_ring() -> None:
    def chain(jaccard: float) -> Likeness:
        return Likeness(np.arange(3), np.array([0, 1]), np.array([1, 2]), np.full(2, jaccard))

    assert calm_threshold(chain(0.32)) == pytest.approx(0.35)
    assert calm_threshold(chain(1.0)) > 1
    assert calm_threshold(Likeness.nothing()) == pytest.approx(0.05)
