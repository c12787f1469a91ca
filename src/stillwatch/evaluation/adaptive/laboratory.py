"""The operator's laboratory: honest traffic that he simulates himself, sketched under a secret of his own.

He has this code and no customer's data, so his population is the simulator's, with other people than any world's.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stillwatch.evaluation.adaptive.bench import Bench
from stillwatch.pseudonym import Secret
from stillwatch.sketching.run import sketch_logs
from stillwatch.world.scenario import load
from stillwatch.world.simulate import honest_parts
from stillwatch.world.stage import DAY_US, Stage
from stillwatch.world.write import write_log

SECRET = Secret(b"an operator's own secret, in 32+ bytes")
SCENARIO = "small"
_SEED = 62


def stage_of_days(first_us: int, days: int) -> Stage:
    """The operator's days, without a new model."""
    return Stage("an operator's own", _SEED, "traffic", first_us, days, first_us + 10_000 * DAY_US)


def laboratory(stage: Stage, folder: Path, scale: float) -> Bench:
    """Honest traffic of these days and a benign log of as many before, ready for rehearsals."""
    scenario = load(SCENARIO).scaled(scale)
    before = replace(stage, era="benign", first_us=stage.first_us - stage.days * DAY_US)
    ledgers = {}
    for where in (stage, before):
        log = folder / f"{where.era}.jsonl.gz"
        write_log(list(honest_parts(scenario, where, {})), _SEED, log)
        ledgers[where.era] = folder / where.era
        sketch_logs([log], ledgers[where.era], SECRET, workers=1)
    return Bench.of(ledgers["traffic"], ledgers["benign"], SECRET, folder / "rehearsals")
