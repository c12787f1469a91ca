"""The steps of the experiment in their order, what tells most first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

from stillwatch.experiments.kept import Part, Tell, kept
from stillwatch.experiments.language_model.harvests import REPLACED, Harvests
from stillwatch.experiments.language_model.lab import Lab, Point
from stillwatch.experiments.language_model.small import Small
from stillwatch.experiments.language_model.tuned import Tuned, name_of

Step = Callable[[], Sequence[Point]]
SHARES = (1.0, 0.2, 0.05, 0.01)


def generated(lab: Lab, tell: Tell) -> int:
    """Have the teacher answer what is missing; CPU seconds over all runs."""
    for pool, marks in lab.pools.needed():
        for answers in pool.fill(lab.speaker, marks):
            tell(f"{pool.folder.name}: {answers} answers")
    return sum(pool.cpu_seconds() for pool, _ in lab.pools.needed())


def steps(lab: Lab) -> dict[str, Step]:
    """Everything that is done with the answers."""
    tuned, small, seeds = Tuned(lab), Small(lab), lab.amounts.seeds
    harvests = Harvests(lab, tuned)
    found: dict[str, Step] = {"tuned-clean": tuned.clean, "tuned-untuned": tuned.untuned, "small-clean": small.clean}
    for share in SHARES:
        for seed in seeds:
            found[f"tuned-{name_of(share, seed)}"] = partial(tuned.marked, seed, share)
            found[f"small-{name_of(share, seed)}"] = partial(small.marked, seed, share)
    for seed in seeds:
        found[f"neutralised-{seed}"] = partial(tuned.neutralised, seed)
        found[f"retuned-{seed}"] = partial(tuned.retuned, seed)
        found[f"own-tokens-{seed}"] = partial(small.own_tokens, seed, 1.0)
        found[f"asked-{seed}"] = partial(tuned.asked, name_of(1.0, seed), seed, 1.0)
        found[f"asked-clean-{seed}"] = partial(tuned.asked, "clean", seed, 0.0)
    for seed, share in product(seeds, REPLACED):
        found[f"replaced-{100 * share:g}-{seed}"] = partial(harvests.replaced, seed, share)
    for accounts in lab.amounts.dealt:
        found[f"dealt-{accounts}-clean"] = partial(harvests.dealt_clean, accounts)
        for seed in seeds:
            found[f"dealt-{accounts}-{seed}"] = partial(harvests.dealt, seed, accounts)
    return found


def measured(lab: Lab, tell: Tell) -> list[Part[Point]]:
    """All steps; those that were done before are taken as they are."""
    return [kept(lab.folder / "steps" / f"{name}.json", step, Point, tell) for name, step in steps(lab).items()]
