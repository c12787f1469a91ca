"""Students of the made-up language whose operator works at the mark, and networks; a few minutes, in pieces."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from stillwatch.experiments.harvest import Size
from stillwatch.experiments.kept import Part, Tell, kept
from stillwatch.experiments.treated import Treated, networks, removed

SEEDS = (1, 2, 3)
COUNTED = Size()
LEARNED = Size(words=1_500, corpus=100_000)
"""Of networks, which take longer: some 50 microseconds a word and epoch."""


def measured(folder: Path, tell: Tell, seeds: tuple[int, ...] = SEEDS) -> list[Part[Treated]]:
    """Everything; steps that were done before are taken as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = {f"removed-{seed}": partial(removed, folder, tell, COUNTED, seed) for seed in seeds}
    steps |= {f"networks-{seed}": partial(networks, folder, tell, LEARNED, seed) for seed in seeds}
    return [kept(folder / f"{name}.json", step, Treated, tell) for name, step in steps.items()]
