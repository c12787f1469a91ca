"""Wrong keys cross as often as they should; counting a cell each time that it is said is the trap it is said to be."""

from __future__ import annotations

import numpy as np

from stillwatch.experiments.calibration import counted_each_time, counted_once, crossings
from stillwatch.experiments.harvest import Keys, Size
from stillwatch.experiments.source import SUBJECTS, Source
from stillwatch.experiments.student import Student

WRONG = Keys(1, Size()).wrong(600)


def test_each_cell_once_is_calibrated_and_each_time_is_not() -> None:
    source, rng = Source(300), np.random.default_rng(2)
    student = Student(source.answers(source.prompts(range(SUBJECTS), 400, rng), 40, rng), 300)
    answers = student.answers(np.arange(300), 60, rng)
    assert all(row.chance > 1e-3 for row in crossings("once", counted_once(answers), WRONG))
    trap = {row.level: row for row in crossings("each time", counted_each_time(answers), WRONG)}
    assert trap[0.01].low > 0.05
