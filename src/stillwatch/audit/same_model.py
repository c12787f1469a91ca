"""Do two endpoints serve the same model? For resellers and proxies: an exact test of equal answers.

Null: to each prompt both answer with the same chances. Then which of the two gave an answer is exchangeable among the
answers to one prompt, and the discrepancy is compared with that of answers dealt anew: p = (1 + deals at least as far
apart) / (1 + deals), exact at any number of answers (Phipson & Smyth 2010). Source of the test: Gao, Liang & Guestrin
2024, "Model equality testing", who use the Hamming kernel.

Says: they answer differently. That may be another model, a coarser copy of the same (quantised), another system text, a
filter, or other settings of sampling. A difference that is not shown is not thereby absent: `power` says what would
have been seen. Says nothing of what a model was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.audit.likeness import Floats, Kernel, gram
from stillwatch.audit.recording import Recording, in_common
from stillwatch.errors import UsageError

DEALS = 9_999
"""Chosen: p as small as 1 in 10,000, in a second."""
LEAST_ANSWERS = 2
"""To a prompt, by each: with one there is nothing to compare a difference with."""
_POWER_DEALS = 199
_POWER_RUNS = 200
"""Chosen: a chance is known within 7 points at 95 %, in seconds."""
_EVEN = 1e-12
"""Sums that differ by less differ by rounding alone, and count as equal."""


@dataclass(frozen=True, slots=True)
class Equality:
    """`statistic`: the mean discrepancy over prompts, 0 on average where both answer alike."""

    prompts: int
    answers: tuple[int, int]
    statistic: float
    p: float


@dataclass(frozen=True, slots=True)
class Power:
    """The chance that the test shows at `level` that this share of answers comes from another model.

    By `answers` to a prompt, of each: half of what was recorded, since the other half plays the endpoint. So it is a
    lower bound of what the whole recording can show.
    """

    share: float
    level: float
    answers: int
    chance: float


def same_model(
    one: Recording, other: Recording, kernel: Kernel = Kernel.SPECTRUM, *, seed: int = 0, deals: int = DEALS
) -> Equality:
    """The test. Raises `UsageError` where there is no prompt that both answered twice."""
    prompts = in_common([one, other], LEAST_ANSWERS)
    grams = [gram([*one.answers[prompt], *other.answers[prompt]], kernel) for prompt in prompts]
    firsts = [len(one.answers[prompt]) for prompt in prompts]
    statistic, p = _tested(grams, firsts, deals, np.random.default_rng(seed))
    answers = sum(firsts), sum(len(found) for found in grams) - sum(firsts)
    return Equality(len(prompts), answers, statistic, p)


def power(
    one: Recording,
    unlike: Recording,
    shares: Sequence[float],
    level: float,
    kernel: Kernel = Kernel.SPECTRUM,
    *,
    seed: int = 0,
    runs: int = _POWER_RUNS,
) -> list[Power]:
    """How often the test would show that a share of an endpoint's answers are another model's, by simulation.

    The model's own recording is dealt into two halves, and in one of them that share of answers is replaced by answers
    of `unlike`, none used twice. Raises `UsageError` where a recording has fewer than four answers to a prompt.
    """
    if not 1 / (1 + _POWER_DEALS) <= level < 1:
        raise UsageError(f"power at a level of {level} is not simulated", f"{1 / (1 + _POWER_DEALS)} is the least")
    prompts = in_common([one, unlike], 2 * LEAST_ANSWERS)
    grams = [gram([*one.answers[prompt], *unlike.answers[prompt]], kernel) for prompt in prompts]
    own = [len(one.answers[prompt]) for prompt in prompts]
    half = min(min(own), min(len(found) - mine for found, mine in zip(grams, own, strict=True))) // 2
    rng = np.random.default_rng(seed)
    found = []
    for share in shares:
        shown = sum(_is_shown(grams, own, half, share, level, rng) for _ in range(runs))
        found.append(Power(share, level, half, shown / runs))
    return found


def _is_shown(
    grams: Sequence[Floats], own: Sequence[int], half: int, share: float, level: float, rng: np.random.Generator
) -> bool:
    """One simulated endpoint, tested."""
    dealt = []
    for whole, mine in zip(grams, own, strict=True):
        chosen = rng.permutation(mine)[: 2 * half]
        foreign = mine + rng.permutation(len(whole) - mine)[:half]
        chosen[half:] = np.where(rng.random(half) < share, foreign, chosen[half:])
        dealt.append(whole[np.ix_(chosen, chosen)])
    return _tested(dealt, [half] * len(dealt), _POWER_DEALS, rng)[1] <= level


def _tested(
    grams: Sequence[Floats], firsts: Sequence[int], deals: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The statistic and its p. `firsts`: how many of a prompt's answers, the first of its matrix, are the one's."""
    sums = np.zeros(deals + 1)  # the first is what was seen
    for whole, first in zip(grams, firsts, strict=True):
        sums += _discrepancies(whole, _dealt(len(whole), first, deals, rng))
    sums /= len(grams)
    return float(sums[0]), float((1 + (sums[1:] >= sums[0] - _EVEN).sum()) / (1 + deals))


def _dealt(answers: int, first: int, deals: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Which answers are the one's: as it was, then dealt anew; (deals + 1, answers) of 0 and 1."""
    order = rng.random((deals + 1, answers)).argsort(axis=1)
    order[0] = np.arange(answers)
    return (order < first).astype(np.float64)


def _discrepancies(whole: Floats, is_one: Floats) -> Floats:
    """Unbiased, of every deal; (deals,)."""
    apart = whole - np.diag(np.diag(whole))
    one = is_one.sum(axis=1)
    other = is_one.shape[1] - one
    towards = is_one @ apart
    within = (towards * is_one).sum(axis=1)
    between = towards.sum(axis=1) - within
    rest = apart.sum() - within - 2 * between
    found: Floats = within / (one * (one - 1)) + rest / (other * (other - 1)) - 2 * between / (one * other)
    return found
