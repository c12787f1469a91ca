"""`make radioactivity`: runs the experiment and writes radioactivity.json and its pictures."""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

# Before numpy loads, as in `cli.main`: threads of OpenBLAS that wait for each other spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def run(out: Path) -> None:
    """Write the results into `out`."""
    import msgspec

    from stillwatch.experiments.harvest import Layout
    from stillwatch.experiments.machine import processor
    from stillwatch.experiments.picture import picture
    from stillwatch.experiments.run import whole
    from stillwatch.report.atomic_file import write_atomically

    began = time.process_time()
    results = whole(_tell)
    about = {
        "command": "make radioactivity",
        "processor": processor(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "cpu_seconds": round(time.process_time() - began),
    }
    out.mkdir(parents=True, exist_ok=True)
    document = msgspec.json.encode({"about": about, **msgspec.to_builtins(results)})
    write_atomically(out / "radioactivity.json", msgspec.json.format(document, indent=1).decode() + "\n")
    points = [point for point in results.points if point.layout == Layout.CAMPAIGN.name]
    write_atomically(out / "radioactivity.svg", picture(points, "p-values over the share of marked text"))
    sys.stdout.write(f"{out / 'radioactivity.json'}\n{out / 'radioactivity.svg'}\n")


def _tell(step: str) -> None:
    sys.stderr.write(f"{step}\n")


if __name__ == "__main__":
    run(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
