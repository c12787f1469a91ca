"""Who may be behind a ring: rival hypotheses with probabilities, what speaks for each, and what would refute it.

The probabilities are a fitted model's (`attribution_model`), calibrated on simulated worlds of known origin; how well
stands in `calibration_note`, and docs/attribution.md says how it was measured. Null: none; this is description, not
evidence, and no verdict or action rests on it. Country and network operator are no part of it. A name is given to an
operator only where a known profile matches beyond its false-match rate (`profiles`).

Weakness: the mix of rings in a real log is not the mix that the model was fitted on; traits outside of what it has
seen move belief to "unknown".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from stillwatch.campaigns.attribution_model import Model, shipped
from stillwatch.campaigns.campaign import Hypothesis, HypothesisKind
from stillwatch.campaigns.profiles import Match
from stillwatch.campaigns.ring import Ring
from stillwatch.campaigns.traits import HYPOTHESES, TRAITS, features
from stillwatch.evidence import percent

_REFUTES: dict[HypothesisKind, str] = {
    "operator": "the accounts' owners show separate contracts and separate uses of the answers",
    "relay": "the exchanges without the skeleton turn out to have no customers behind them",
    "shared_tool": "no published tool, tutorial or common phrase contains the skeleton",
    "shared_employer": "the organisations' registrations, contracts and staff have nothing in common",
    "unknown": "any of the others is shown",
}
_WORTH_SAYING = 0.3
"""Change of the log odds below which a trait is not told: a third more or less is no argument."""
_SAID_AT_MOST = 3
_OUTSIDE = "unlike the rings that the model knows"
_BESIDE_A_BENIGN_LOG = frozenset({"known_elsewhere"})
"""Traits that are no argument where there is no benign log: nothing is known of honest use, neither way."""
_MUCH_OUTSIDE = 0.1
"""Share of belief that is worth a word."""


def attribute(ring: Ring, matches: Sequence[Match] = ()) -> tuple[Hypothesis, ...]:
    """All five hypotheses, the likeliest first; probabilities add up to 1.

    `matches`: known operators beside this ring; the best that is beyond chance names the operator and moves nothing.
    """
    model, measured = shipped(), features(ring)
    told = model.probabilities(measured)
    unsaid = frozenset() if ring.reference_units else _BESIDE_A_BENIGN_LOG
    found = [_hypothesis(kind, told[kind], model, measured, unsaid) for kind in HYPOTHESES]
    found[0] = _named(found[0], matches)
    if model.outside(model.vector(measured)) >= _MUCH_OUTSIDE:
        found[-1] = replace(found[-1], speaks_for=(_OUTSIDE, *found[-1].speaks_for))
    return tuple(sorted(found, key=lambda one: -one.probability))


def calibration_note() -> str:
    """A sentence: on what the probabilities were measured, and how far they were off."""
    measured = shipped().measured
    return (
        f"Measured on {measured.rings:,} rings of {measured.scenarios} simulated scenarios unknown to the model: "
        f"the probability of the likeliest explanation was off by {percent(measured.calibration_error, 1)} on average, "
        f"with 95 % confidence by at most {percent(measured.calibration_error_high, 1)}. The mix in this log may "
        "differ; no verdict rests on these numbers."
    )


def _hypothesis(
    kind: HypothesisKind, probability: float, model: Model, measured: Mapping[str, float], unsaid: Collection[str]
) -> Hypothesis:
    moved = {name: by for name, by in model.contributions(measured, kind).items() if name not in unsaid}
    return Hypothesis(
        kind,
        "",
        probability,
        _REFUTES[kind],
        speaks_for=_said({name: by for name, by in moved.items() if by > 0}, model, measured),
        speaks_against=_said({name: by for name, by in moved.items() if by < 0}, model, measured),
    )


def _named(operator: Hypothesis, matches: Sequence[Match]) -> Hypothesis:
    known = next((match for match in matches if match.is_beyond_chance), None)
    if known is None:
        return operator
    return replace(operator, name=known.name, speaks_for=(known.statement, *operator.speaks_for))


def _said(moved: Mapping[str, float], model: Model, measured: Mapping[str, float]) -> tuple[str, ...]:
    """The phrases of the traits that moved most: of a high one what it says, of a low one what is lacking."""
    usual = dict(zip(model.traits, model.mean, strict=True))
    phrases = {t.name: t.says if measured[t.name] > usual[t.name] else t.lacks for t in TRAITS}
    order: Sequence[str] = sorted(moved, key=lambda name: -abs(moved[name]))
    said = [phrases[name] for name in order if abs(moved[name]) >= _WORTH_SAYING and phrases[name]]
    return tuple(said[:_SAID_AT_MOST])
