"""Attribution is rival hypotheses with weights that add up to one; where somebody sits is no part of it."""

from __future__ import annotations

import dataclasses
import inspect
import math

import pytest

from stillwatch.campaigns.attribution import attribute
from stillwatch.campaigns.ring import Ring

from .rings import (
    EACH_ASKED_ONCE,
    OWN_TURNS,
    PLAINLY_DIFFERENT,
    SAMPLED_OFTEN,
    SHARED_CARDS,
    UNCLEAR,
    ring,
)

RINGS = [
    ring(),
    ring(PLAINLY_DIFFERENT),
    ring(UNCLEAR),
    ring(OWN_TURNS),
    ring(EACH_ASKED_ONCE),
    ring(SAMPLED_OFTEN),
    ring(shared=SHARED_CARDS),
    ring(common_units=5),
    ring(carried=30),
    ring(exchanges=0, carried=0),
]


@pytest.mark.parametrize("verdict", ["campaign", "watch"])
@pytest.mark.parametrize("measured", RINGS)
def test_all_five_hypotheses_share_one_unit_of_belief(measured: Ring, verdict: str) -> None:
    told = attribute(measured, verdict)
    assert {h.hypothesis for h in told} == {"operator", "relay", "shared_tool", "shared_employer", "unknown"}
    assert math.isclose(sum(h.probability for h in told), 1.0)
    assert all(0.0 < h.probability < 1.0 for h in told)
    assert [h.probability for h in told] == sorted((h.probability for h in told), reverse=True)


@pytest.mark.parametrize("measured", RINGS)
def test_every_hypothesis_says_what_would_refute_it(measured: Ring) -> None:
    told = attribute(measured, "campaign")
    assert all(len(h.would_refute.split()) >= 4 for h in told)
    assert len({h.would_refute for h in told}) == len(told)


def test_country_and_network_operator_are_not_even_inputs() -> None:
    """What is not in a ring cannot move a hypothesis."""
    known = {field.name for field in dataclasses.fields(Ring)}
    assert not known & {"country", "countries", "asn", "network", "region", "language"}
    assert list(inspect.signature(attribute).parameters) == ["ring", "verdict"]


def test_nobody_is_named() -> None:
    """A hypothesis is a kind of explanation; names need evidence that no sketch has."""
    assert all(h.name == "" for h in attribute(ring(), "campaign"))


def test_interchangeable_strangers_point_to_an_operator_and_own_subjects_to_a_tool() -> None:
    assert attribute(ring(), "campaign")[0].hypothesis == "operator"
    assert attribute(ring(PLAINLY_DIFFERENT), "watch")[0].hypothesis == "shared_tool"


def test_a_tool_that_others_are_known_to_use_counts_against_the_operator() -> None:
    rare, common = (attribute(ring(common_units=units), "campaign") for units in (0, 5))
    weight = [{h.hypothesis: h.probability for h in told} for told in (rare, common)]
    assert weight[1]["shared_tool"] > weight[0]["shared_tool"]
    assert weight[1]["operator"] < weight[0]["operator"]


def test_much_other_traffic_raises_the_relay() -> None:
    plain, covered = (attribute(ring(carried=carried), "campaign") for carried in (300, 60))
    weight = [next(h.probability for h in told if h.hypothesis == "relay") for told in (plain, covered)]
    assert weight[1] > weight[0]
