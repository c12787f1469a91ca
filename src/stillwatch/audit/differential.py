"""Does a suspect answer more like a teacher than comparable models do? A rank among controls, and no proof.

For each teacher, likeness is the negative discrepancy of answers to the same prompts, less its mean over the other
teachers, so that a model that answers like everybody stands out for nobody. Null: the suspect is one more of its
controls; which of the models is called the suspect is then exchangeable, and p = (1 + controls at least as like) /
(1 + controls), exact. Holm over teachers. With m controls and t teachers no p is below t / (m + 1), and where that is
above the level the answer is "cannot tell".

Says: more like this teacher than these controls are. Whoever chooses controls that are unlike the suspect for another
reason (size, language, base) will find a difference for that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.audit.likeness import Floats, discrepancies
from stillwatch.audit.recording import Recording, in_common
from stillwatch.errors import UsageError
from stillwatch.watermark.detect import family

LEAST_ANSWERS = 2


@dataclass(frozen=True, slots=True)
class Differential:
    """One teacher. `suspect`: its likeness; `controls`: theirs, in their order; `p` alone, `adjusted` among teachers.

    `answer`: "more similar than its controls", "no more similar than its controls", or "cannot tell".
    """

    teacher: str
    suspect: float
    controls: tuple[float, ...]
    p: float
    adjusted: float
    answer: str


def differentials(
    suspect: Recording, controls: Sequence[Recording], teachers: Sequence[Recording], level: float
) -> list[Differential]:
    """Every teacher. Raises `UsageError` where there is nothing to compare with."""
    if not controls or not teachers:
        raise UsageError("a suspect is compared with controls, over teachers", "Name at least one of each")
    models = [suspect, *controls]
    prompts = in_common([*models, *teachers], LEAST_ANSWERS)
    apart = discrepancies([*models, *teachers], prompts).mean(axis=0)
    like = _beside_others(-apart[: len(models), len(models) :])  # (models, teachers)
    p = [float((1 + (one[1:] >= one[0]).sum()) / len(models)) for one in like.T]
    can_tell = len(teachers) / len(models) <= level
    return [
        Differential(
            teacher.name,
            float(one[0]),
            tuple(one[1:].tolist()),
            alone,
            adjusted,
            _answer(adjusted, level, can_tell=can_tell),
        )
        for teacher, one, alone, adjusted in zip(teachers, like.T, p, family(p), strict=True)
    ]


def _beside_others(like: Floats) -> Floats:
    """Likeness to each teacher, less what it is to the others on average."""
    teachers = like.shape[1]
    if teachers == 1:
        return like
    others = (like.sum(axis=1, keepdims=True) - like) / (teachers - 1)
    return np.asarray(like - others, np.float64)


def _answer(adjusted: float, level: float, *, can_tell: bool) -> str:
    if not can_tell:
        return "cannot tell"
    return "more similar than its controls" if adjusted <= level else "no more similar than its controls"
