"""Fitting the attribution model to rings of known origin, and measuring how well calibrated it is.

1. Multinomial logistic regression with a ridge, every weight inside +- half the logarithm of the stated odds, and
   inside its sign where sense demands one (`campaigns.traits`).
2. The ridge is chosen, and the temperature fitted, on rings of scenarios that were left out of the fit, fold by fold.
3. Scores are of rings of scenarios that neither step has seen. Rings of one scenario hang together, so intervals
   draw whole scenarios.

Sources: Guo et al. (2017), "On calibration of modern neural networks", for temperature and expected calibration error;
Naeini et al. (2015) for the latter. Weakness: calibrated means for the mix of rings of the simulated worlds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from stillwatch.campaigns.attribution_model import Measured, Model
from stillwatch.campaigns.traits import HYPOTHESES, TRAITS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ODDS_AT_MOST = 20.0
"""Chosen: what one trait may move the odds of two hypotheses by. Two traits that agree may say 400 to 1."""
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
FOLDS = 6
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.8, 5.0
"""A temperature below 1 sharpens: weights are fitted inside the bound that it leaves them."""
BINS = 10
DRAWS = 1000
_SEEN_APART = 0.25
"""Of two fitted rings closer than this one is kept: the data file stays small, and distances are right to this much."""
_REACH_QUANTILE = 0.95
_NOT_MEASURED = Measured(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Origins:
    """Rings of known origin. `x`: (rings, traits); `label`: place in `HYPOTHESES`; `scenario`: its number."""

    x: Floats
    label: Ints
    scenario: Ints

    def of(self, chosen: NDArray[np.bool_]) -> Origins:
        return Origins(self.x[chosen], self.label[chosen], self.scenario[chosen])


@dataclass(frozen=True, slots=True)
class Bin:
    """Statements of about one probability: how many, the mean probability, and how often they were right."""

    count: int
    stated: float
    right: float


@dataclass(frozen=True, slots=True)
class Scores:
    """How good probabilities are: each with its 95 % interval over scenarios."""

    calibration_error: tuple[float, float, float]
    brier: tuple[float, float, float]
    log_loss: tuple[float, float, float]
    right: tuple[float, float, float]
    bins: tuple[Bin, ...]


def fit(origins: Origins, provenance: Mapping[str, str]) -> Model:
    """The model of these rings, calibrated inside them; what it is worth is for `measured` on others to say."""
    held_out = {ridge: _left_out(origins, ridge) for ridge in RIDGES}
    ridge = min(RIDGES, key=lambda ridge: _loss(held_out[ridge], origins.label, 1.0))
    temperature = _temperature(held_out[ridge], origins.label)
    bias, weight = _regression(origins, ridge)
    return Model(
        hypotheses=tuple(HYPOTHESES),
        traits=tuple(trait.name for trait in TRAITS),
        bias=_rounded(bias),
        weight=tuple(_rounded(row) for row in weight),
        mean=_rounded(origins.x.mean(axis=0)),
        temperature=round(temperature, 4),
        odds_at_most=ODDS_AT_MOST,
        reach=round(_reach(origins), 4),
        seen=tuple(_rounded(row) for row in _spread(origins.x)),
        measured=_NOT_MEASURED,
        provenance={**provenance, "ridge": str(ridge), "rings": str(len(origins.label))},
    )


def measured(model: Model, origins: Origins) -> Model:
    """The model with what it is worth on these rings, which it has not seen."""
    told = probabilities(model, origins)
    scores = score(told, origins)
    error, low, high = scores.calibration_error
    found = Measured(
        rings=len(origins.label),
        scenarios=len(np.unique(origins.scenario)),
        calibration_error=round(error, 4),
        calibration_error_low=round(low, 4),
        calibration_error_high=round(high, 4),
        log_loss=round(scores.log_loss[0], 4),
        log_loss_uniform=round(math.log(len(HYPOTHESES)), 4),
        brier=round(scores.brier[0], 4),
    )
    return replace(model, measured=found)


def probabilities(model: Model, origins: Origins) -> Floats:
    """(rings, hypotheses) what the model says."""
    told = (model.probabilities(dict(zip(model.traits, row.tolist(), strict=True))) for row in origins.x)
    return np.array([[one[name] for name in HYPOTHESES] for one in told])


def score(told: Floats, origins: Origins, seed: int = 1) -> Scores:
    """Scores of probabilities (rings, hypotheses) beside the labels."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(origins.scenario == one) for one in np.unique(origins.scenario)]
    drawn = [np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]) for _ in range(DRAWS)]

    def interval(statistic: Callable[[Floats, Ints], float]) -> tuple[float, float, float]:
        values = [statistic(told[rows], origins.label[rows]) for rows in drawn]
        low, high = np.quantile(values, [0.025, 0.975])
        return statistic(told, origins.label), float(low), float(high)

    return Scores(
        interval(_calibration_error),
        interval(_brier),
        interval(_log_loss),
        interval(_right),
        _bins(told, origins.label),
    )


def by_chance(told: Floats, seed: int = 1) -> float:
    """The calibration error that exactly right probabilities would show on so many rings, on average."""
    rng = np.random.default_rng(seed)
    ends = told.cumsum(axis=1)
    errors = []
    for _ in range(DRAWS // 5):
        label = (rng.random((len(told), 1)) * ends[:, -1:] > ends).sum(axis=1)
        errors.append(_calibration_error(told, np.minimum(label, told.shape[1] - 1)))
    return float(np.mean(errors))


def _bins(told: Floats, label: Ints) -> tuple[Bin, ...]:
    """The likeliest hypothesis of each ring, in bins of equally many rings."""
    stated, right = told.max(axis=1), told.argmax(axis=1) == label
    order = np.argsort(stated, kind="stable")
    return tuple(
        Bin(len(rows), float(stated[rows].mean()), float(right[rows].mean()))
        for rows in np.array_split(order, min(BINS, len(order)))
    )


def _calibration_error(told: Floats, label: Ints) -> float:
    """Expected calibration error of the likeliest hypothesis."""
    bins = _bins(told, label)
    return sum(one.count * abs(one.stated - one.right) for one in bins) / len(label)


def _brier(told: Floats, label: Ints) -> float:
    return float(((told - np.eye(told.shape[1])[label]) ** 2).sum(axis=1).mean())


def _log_loss(told: Floats, label: Ints) -> float:
    return float(-np.log(np.maximum(told[np.arange(len(label)), label], 1e-12)).mean())


def _right(told: Floats, label: Ints) -> float:
    return float((told.argmax(axis=1) == label).mean())


def _regression(origins: Origins, ridge: float) -> tuple[Floats, Floats]:
    """Intercepts and weights of least penalised log loss inside their bounds."""
    kinds, traits = len(HYPOTHESES), origins.x.shape[1]
    hot = np.eye(kinds)[origins.label]

    def loss(flat: Floats) -> tuple[float, Floats]:
        bias, weight = flat[:kinds], flat[kinds:].reshape(kinds, traits)
        scores = bias + origins.x @ weight.T
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        total = shares.sum(axis=1, keepdims=True)
        wrong = shares / total - hot
        value = float(
            np.log(total).sum() - (scores * hot).sum() + ridge / 2 * (weight**2).sum() + 1e-3 * (bias**2).sum()
        )
        slope = np.concatenate([wrong.sum(axis=0) + 2e-3 * bias, (wrong.T @ origins.x + ridge * weight).ravel()])
        return value, slope

    bounds = [(None, None)] * kinds + _bounds()
    found = minimize(loss, np.zeros(kinds + kinds * traits), jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x[:kinds], found.x[kinds:].reshape(kinds, traits)


def _bounds() -> list[tuple[float, float]]:
    most = LEAST_TEMPERATURE * math.log(ODDS_AT_MOST) / 2
    spans = {0: (-most, most), 1: (0.0, most), -1: (-most, 0.0)}
    return [spans[trait.signs.get(kind, 0)] for kind in HYPOTHESES for trait in TRAITS]


def _left_out(origins: Origins, ridge: float) -> Floats:
    """(rings, hypotheses) scores of each ring by a model that has not seen its scenario."""
    scores = np.zeros((len(origins.label), len(HYPOTHESES)))
    for mine in _folds(origins.scenario):
        bias, weight = _regression(origins.of(~mine), ridge)
        scores[mine] = bias + origins.x[mine] @ weight.T
    return scores


def _folds(scenario: Ints) -> list[NDArray[np.bool_]]:
    """Whole scenarios in turns."""
    _, place = np.unique(scenario, return_inverse=True)
    count = min(FOLDS, int(place.max()) + 1)
    return [place % count == fold for fold in range(count)]


def _temperature(scores: Floats, label: Ints) -> float:
    bounds = (LEAST_TEMPERATURE, MOST_TEMPERATURE)
    return float(minimize_scalar(lambda t: _loss(scores, label, t), bounds=bounds, method="bounded").x)


def _loss(scores: Floats, label: Ints, temperature: float) -> float:
    scaled = scores / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(label)), label]).mean())


def _reach(origins: Origins) -> float:
    """Within this distance of a ring of other scenarios lie most rings of a scenario."""
    nearest = []
    for mine in _folds(origins.scenario):
        others = origins.x[~mine]
        nearest += [float(np.sqrt(((others - row) ** 2).sum(axis=1)).min()) for row in origins.x[mine]]
    return float(np.quantile(nearest, _REACH_QUANTILE)) + _SEEN_APART


def _spread(x: Floats) -> Floats:
    """Rows of `x` so that every row has one within `_SEEN_APART`."""
    kept: list[Floats] = []
    for row in np.unique(np.round(x, 3), axis=0):
        if not kept or float(np.sqrt(((np.array(kept) - row) ** 2).sum(axis=1)).min()) > _SEEN_APART:
            kept.append(row)
    return np.array(kept)


def _rounded(row: Sequence[float] | Floats) -> tuple[float, ...]:
    """To four places towards 0: a weight at its bound stays inside."""
    return tuple(math.trunc(float(value) * 1e4) / 1e4 for value in row)
