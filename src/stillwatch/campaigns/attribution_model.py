"""The fitted model behind attribution: multinomial logistic regression, small enough to be read.

With x the traits of a ring (0 .. 1), b and w the fitted numbers of `attribution_model.json`, and T the temperature:

    p(k) = (1 - outside(x)) * softmax_k((b_k + sum_j w_kj x_j) / T), and "unknown" gets outside(x) beside its share

- No single trait moves the odds of two hypotheses by more than `odds_at_most`: |w| / T is at most half its logarithm.
- `outside` is 0 within `reach` of a ring that the model was fitted on, where 95 % of the rings of scenarios left out
  lie, and grows to nearly everything at twice that distance.

Weakness: the intercepts are the mix of rings in simulated worlds, which is nobody's mix. See docs/attribution.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCHEMA = "stillwatch.attribution-model/1"
OUTSIDE_AT_MOST = 0.95
"""However far a ring lies outside: the order of the other hypotheses stays legible."""


@dataclass(frozen=True)
class Measured:
    """How well calibrated the model is on scenarios that it has not seen; intervals of 95 % over scenarios."""

    rings: int
    scenarios: int
    calibration_error: float
    calibration_error_low: float
    calibration_error_high: float
    log_loss: float
    log_loss_uniform: float
    brier: float


@dataclass(frozen=True)
class Model:
    """`bias[hypothesis]`, `weight[hypothesis][trait]`, `mean[trait]` of the fitted rings, `seen`: (rings, traits)."""

    hypotheses: tuple[str, ...]
    traits: tuple[str, ...]
    bias: tuple[float, ...]
    weight: tuple[tuple[float, ...], ...]
    mean: tuple[float, ...]
    temperature: float
    odds_at_most: float
    reach: float
    seen: tuple[tuple[float, ...], ...]
    measured: Measured
    provenance: Mapping[str, str]
    schema: str = SCHEMA

    def probabilities(self, features: Mapping[str, float]) -> dict[str, float]:
        """Of each hypothesis; they add up to 1."""
        x = self.vector(features)
        scores = (np.array(self.bias) + np.array(self.weight) @ x) / self.temperature
        shares = np.exp(scores - scores.max())
        outside = self.outside(x)
        told = dict(zip(self.hypotheses, (shares * (1.0 - outside) / shares.sum()).tolist(), strict=True))
        return told | {"unknown": told["unknown"] + outside}

    def contributions(self, features: Mapping[str, float], hypothesis: str) -> dict[str, float]:
        """How much each trait moved the log odds of this hypothesis against the mean of all, beside a usual ring."""
        weight = np.array(self.weight)
        moved = (weight - weight.mean(axis=0)) * (self.vector(features) - np.array(self.mean)) / self.temperature
        return dict(zip(self.traits, moved[self.hypotheses.index(hypothesis)].tolist(), strict=True))

    def outside(self, x: Floats) -> float:
        """The share of belief that goes to "unknown" because nothing like `x` was seen."""
        distance = float(np.sqrt(((np.array(self.seen) - x) ** 2).sum(axis=1)).min())
        return OUTSIDE_AT_MOST * min(1.0, max(0.0, distance / self.reach - 1.0))

    def vector(self, features: Mapping[str, float]) -> Floats:
        return np.array([features[name] for name in self.traits])


def as_json(model: Model) -> str:
    """The data file: one trait a line, so that a refit reads as a diff."""
    document: dict[str, Any] = msgspec.to_builtins(model)
    lines = []
    for key, value in document.items():
        if isinstance(value, (list, tuple)) and value and isinstance(value[0], (list, tuple)):
            rows = ",\n".join("  " + json.dumps(row) for row in value)
            lines.append(f"{json.dumps(key)}: [\n{rows}\n ]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{" + ",\n ".join(lines) + "}\n"


def of_json(text: str) -> Model:
    """The model of a data file that `as_json` wrote; `msgspec.ValidationError` names what is wrong with another."""
    model = msgspec.json.decode(text, type=Model)
    if model.schema != SCHEMA:
        raise msgspec.ValidationError(f"this is of the form {model.schema!r}, and this program reads {SCHEMA!r}")
    return model


@cache
def shipped() -> Model:
    """The model in the package."""
    return of_json(files("stillwatch.campaigns").joinpath("attribution_model.json").read_text(encoding="utf-8"))
