"""`make radioactivity`: runs the experiment and writes radioactivity.json and its pictures; with `--full`, at the
published size, large.json. The large one goes on where it was stopped.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Before numpy loads, as in `cli.main`: threads of OpenBLAS that wait for each other spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FULL = "--full"


def run(out: Path) -> None:
    """Write the results into `out`."""
    import msgspec

    from stillwatch.experiments.harvest import Layout
    from stillwatch.experiments.picture import picture
    from stillwatch.experiments.run import whole
    from stillwatch.report.atomic_file import write_atomically

    began = time.process_time()
    results = whole(_tell)
    about = _about("make radioactivity", round(time.process_time() - began))
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "radioactivity.json", {"about": about, **msgspec.to_builtins(results)})
    points = [point for point in results.points if point.layout == Layout.CAMPAIGN.name]
    write_atomically(out / "radioactivity.svg", picture(points, "p-values over the share of marked text"))
    sys.stdout.write(f"{out / 'radioactivity.json'}\n{out / 'radioactivity.svg'}\n")


def run_large(out: Path) -> None:
    """Write what comes out at the published size into `out`; what is done lies in its folder `large`."""
    from dataclasses import asdict

    from stillwatch.experiments import large

    parts = large.measured(out / "large", _tell)
    about = _about("make radioactivity FULL=1", sum(part.cpu_seconds for part in parts))
    points = [point for part in parts for point in part.points]
    _write(out / "large.json", {"about": about, "size": asdict(large.PUBLISHED), "points": points})
    sys.stdout.write(f"{large.table(points)}{out / 'large.json'}\n")


def _about(command: str, seconds: int) -> dict[str, str | int]:
    from stillwatch.experiments.machine import processor

    return {
        "command": command,
        "processor": processor(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "cpu_seconds": seconds,
    }


def _write(file: Path, document: dict[str, Any]) -> None:
    import msgspec

    from stillwatch.report.atomic_file import write_atomically

    write_atomically(file, msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")


def _tell(step: str) -> None:
    sys.stderr.write(f"{step}\n")


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != FULL]
    (run_large if FULL in sys.argv else run)(Path(given[0] if given else "out"))
