"""Attribution is rival hypotheses with probabilities that add up to one; where somebody sits is no part of it."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping
from itertools import combinations

import msgspec
import numpy as np
import pytest

from stillwatch.campaigns.attribution import attribute, calibration_note
from stillwatch.campaigns.attribution_model import Model, as_json, of_json, shipped
from stillwatch.campaigns.campaign import HypothesisKind
from stillwatch.campaigns.ring import Ring
from stillwatch.campaigns.traits import HYPOTHESES, TRAITS, features
from stillwatch.evidence import percent
from stillwatch.tracing.infrastructure import Shared

from .rings import (
    DEALT_OUT,
    EACH_ASKED_ONCE,
    GRADING,
    OWN_TURNS,
    PLAINLY_DIFFERENT,
    REWRITING,
    SAMPLED_OFTEN,
    SHARED_ADDRESSES,
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
    ring(shared=SHARED_ADDRESSES),
    ring(shared=()),
    ring(common_units=5),
    ring(carried=30),
    ring(exchanges=0, carried=0),
    ring(intents=GRADING),
    ring(accounts=5_000, units=5_000, values=0, typical_agreement=0.0, templates=0),
]


def weighed(measured: Ring) -> Mapping[HypothesisKind, float]:
    return {told.hypothesis: told.probability for told in attribute(measured)}


@pytest.mark.parametrize("measured", RINGS)
def test_all_five_hypotheses_share_one_unit_of_belief(measured: Ring) -> None:
    told = attribute(measured)
    assert {h.hypothesis for h in told} == {"operator", "relay", "shared_tool", "shared_employer", "unknown"}
    assert math.isclose(sum(h.probability for h in told), 1.0)
    assert all(0.0 < h.probability < 1.0 for h in told)
    assert [h.probability for h in told] == sorted((h.probability for h in told), reverse=True)


@pytest.mark.parametrize("measured", RINGS)
def test_every_hypothesis_says_what_would_refute_it(measured: Ring) -> None:
    told = attribute(measured)
    assert all(len(h.would_refute.split()) >= 4 for h in told)
    assert len({h.would_refute for h in told}) == len(told)


@pytest.mark.parametrize("measured", RINGS)
def test_every_trait_is_a_share(measured: Ring) -> None:
    """Whatever a ring holds, no measurement can run away with the model."""
    assert list(features(measured)) == [trait.name for trait in TRAITS]
    assert all(0.0 <= value <= 1.0 for value in features(measured).values())


def test_country_and_network_operator_are_not_even_inputs() -> None:
    """What is not in a ring cannot move a hypothesis, and no trait is named after a place."""
    known = {field.name for field in dataclasses.fields(Ring)}
    assert not known & {"country", "countries", "asn", "network", "region", "language"}
    assert not {trait.name for trait in TRAITS} & {"country", "asn", "region", "language"}
    assert "ring" in inspect.signature(attribute).parameters


def test_nobody_is_named_without_a_profile() -> None:
    """A hypothesis is a kind of explanation; names need a known profile that matches."""
    assert all(h.name == "" for h in attribute(ring()))


def test_interchangeable_strangers_point_to_an_operator_and_own_subjects_to_a_tool() -> None:
    assert attribute(ring())[0].hypothesis == "operator"
    assert attribute(ring(PLAINLY_DIFFERENT))[0].hypothesis == "shared_tool"


def test_one_address_and_nothing_else_points_to_an_employer_or_a_campus() -> None:
    behind_one = ring(UNCLEAR, shared=(Shared("payment", 12, 0, 0.01), *SHARED_ADDRESSES), typical_agreement=3.0)
    assert attribute(behind_one)[0].hypothesis == "shared_employer"


def test_a_tool_that_others_are_known_to_use_counts_against_the_operator() -> None:
    rare, common = weighed(ring()), weighed(ring(common_units=5))
    assert common["shared_tool"] > rare["shared_tool"]
    assert common["operator"] < rare["operator"]


def test_much_other_traffic_raises_the_relay() -> None:
    assert weighed(ring(carried=60))["relay"] > weighed(ring(carried=300))["relay"]


def test_the_evidence_for_and_against_is_named_by_kind() -> None:
    """An analyst reads what moved the number, not the number alone."""
    operator = next(h for h in attribute(ring(intents=REWRITING, common_units=6)) if h.hypothesis == "operator")
    assert "one pool, though each pays with a card of its own" in operator.speaks_for
    assert "honest organisations of the benign log use it" in operator.speaks_against


def test_without_a_benign_log_nothing_is_said_of_one() -> None:
    """The probabilities are the same; "unknown to the benign log" is no argument where there was none."""
    said = {
        units: [
            phrase for one in attribute(ring(reference_units=units)) for phrase in one.speaks_for + one.speaks_against
        ]
        for units in (40, 0)
    }
    assert "unknown to the benign log" in said[40]
    assert not any("benign log" in phrase for phrase in said[0])
    assert weighed(ring(reference_units=40)) == weighed(ring(reference_units=0))


def test_the_page_can_say_how_well_calibrated_it_is() -> None:
    assert percent(shipped().measured.calibration_error, 1) in calibration_note()
    assert "no verdict rests on these numbers" in calibration_note()


# The model in the package, whatever it was fitted on.


def test_no_single_trait_moves_the_odds_of_two_hypotheses_beyond_the_stated_factor() -> None:
    model = shipped()
    weight = np.array(model.weight) / model.temperature
    widest = max(float(np.abs(weight[a] - weight[b]).max()) for a, b in combinations(range(len(weight)), 2))
    assert widest <= math.log(model.odds_at_most)


def test_weights_keep_the_signs_that_sense_demands() -> None:
    """More shared cards never speak for a shared tool, whatever a fit would like."""
    weight = dict(zip(shipped().hypotheses, shipped().weight, strict=True))
    wrong = [
        (trait.name, kind)
        for place, trait in enumerate(TRAITS)
        for kind, sign in trait.signs.items()
        if weight[kind][place] * sign < 0
    ]
    assert wrong == []


def test_the_model_knows_every_trait_and_hypothesis() -> None:
    """A trait that was added since the last fit would be left out in silence."""
    assert shipped().traits == tuple(trait.name for trait in TRAITS)
    assert shipped().hypotheses == HYPOTHESES


def test_a_ring_unlike_all_that_was_fitted_is_unknown(far_away: Mapping[str, float]) -> None:
    """Outside of what it has seen the model says so, instead of the nearest thing that it knows."""
    assert shipped().outside(shipped().vector(far_away)) > 0.5
    assert shipped().probabilities(far_away)["unknown"] > 0.5


@pytest.fixture
def far_away() -> Mapping[str, float]:
    """Every second trait at its highest: interchangeable and with subjects of its own at once."""
    return {trait.name: float(place % 2) for place, trait in enumerate(TRAITS)}


def test_a_model_reads_back_as_it_was_written() -> None:
    assert of_json(as_json(shipped())) == shipped()


def test_a_file_of_another_form_is_refused() -> None:
    other = as_json(dataclasses.replace(shipped(), schema="stillwatch.attribution-model/9"))
    with pytest.raises(msgspec.ValidationError, match="attribution-model/9"):
        of_json(other)


def test_near_what_was_fitted_nothing_is_taken_away() -> None:
    """A ring that the model was fitted on is not outside."""
    assert shipped().outside(np.array(shipped().seen[0])) == 0.0


def test_belief_in_the_unknown_leaves_the_order_of_the_others(far_away: Mapping[str, float]) -> None:
    """What is left is divided as before."""
    model: Model = shipped()
    near = dataclasses.replace(model, reach=1_000.0)
    far, close = model.probabilities(far_away), near.probabilities(far_away)
    others = [kind for kind in HYPOTHESES if kind != "unknown"]
    assert sorted(others, key=far.__getitem__) == sorted(others, key=close.__getitem__)


def test_dealt_out_work_in_the_fixture_is_what_the_names_say() -> None:
    """The tests above lean on these two facts about their rings."""
    assert DEALT_OUT.is_interchangeable
    assert PLAINLY_DIFFERENT.is_plainly_different
