"""`make distillation`: a small language model answers, students learn, the product audits them; hours of one core.

Folders in OUT hold what is done. Run it again after it was stopped, with the same OUT, and it goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillwatch.experiments.kept import Part
    from stillwatch.experiments.language_model.lab import Lab, Point
    from stillwatch.experiments.treated import Treated

# Before numpy loads, as in `cli.main`: threads of OpenBLAS that wait for each other spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def run(out: Path, weights: Path) -> None:
    """Everything into `out`: distillation.json and its picture at the end."""
    import torch

    from stillwatch.experiments import made_up
    from stillwatch.experiments.language_model import checkpoint
    from stillwatch.experiments.language_model.lab import Lab
    from stillwatch.experiments.language_model.pools import Amounts
    from stillwatch.experiments.language_model.run import generated, measured

    torch.set_num_threads(1)  # two wait for each other on a busy machine
    lab = Lab(out, checkpoint.speaker(weights), weights / checkpoint.TOKENIZER, Amounts())
    asking = generated(lab, _tell)
    write(lab, asking, measured(lab, _tell), made_up.measured(out / "made-up", _tell))


def write(lab: Lab, asking: int, parts: Sequence[Part[Point]], beside: Sequence[Part[Treated]]) -> None:
    """The results and their picture into the experiment's folder, and a table to the terminal."""
    import msgspec
    import torch

    from stillwatch.experiments.language_model.picture import picture
    from stillwatch.experiments.language_model.summary import table
    from stillwatch.report.atomic_file import write_atomically

    spent = {"asking": asking, "students": _seconds(parts), "made_up": _seconds(beside)}
    points = [point for part in parts for point in part.points]
    document = {
        "about": {"torch": str(torch.__version__), **_about(), "cpu_seconds": spent},
        "size": _size(lab),
        "points": points,
        "made_up": [point for part in beside for point in part.points],
    }
    text = msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"
    write_atomically(lab.folder / "distillation.json", text)
    write_atomically(lab.folder / "distillation.svg", picture(points))
    sys.stdout.write(table(points))
    sys.stdout.write(f"{lab.folder / 'distillation.json'}\n{lab.folder / 'distillation.svg'}\n")


def _about() -> dict[str, str]:
    from stillwatch.experiments.machine import processor

    return {"command": "make distillation", "processor": processor(), "date": datetime.now(UTC).date().isoformat()}


def _size(lab: Lab) -> dict[str, Any]:
    from stillwatch.experiments import made_up
    from stillwatch.experiments.harvest import STRENGTH
    from stillwatch.experiments.language_model.lab import answers_of

    return {
        **asdict(lab.amounts),
        "strength": STRENGTH,
        "tokens_of_a_training": sum(map(len, answers_of(lab.clean))),
        "tokens_read": sum(map(len, answers_of(lab.read))),
        "tokens_known": len(lab.known),
        "made_up": {"counts pairs": asdict(made_up.COUNTED), "a network": asdict(made_up.LEARNED)},
    }


def _seconds(parts: Sequence[Part[Any]]) -> int:
    return sum(part.cpu_seconds for part in parts)


def _tell(step: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M} {step}\n")


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:]]
    folder = given[0] if given else Path("out/distillation")
    run(folder, given[1] if len(given) > 1 else folder / "weights")
