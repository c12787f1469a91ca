"""Make the example log again: run real published clients against a local model API and write down what they sent.

    python examples/make_logs.py [--out DIR] [--environments DIR] [--seed N]

Needs pip for the clients (each gets a throw-away environment) and nothing else: the model is a small generator on the
loopback interface. Takes some ten minutes, most of them for installing.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from recipe import exchange_log  # noqa: E402 - the recipe lies beside this file
from recipe.environments import python_with  # noqa: E402 - see above
from recipe.local_api import LocalApi  # noqa: E402 - see above
from recipe.runs import Run, Sent, all_runs  # noqa: E402 - see above

_SECONDS_FOR_A_RUN = 900  # chosen: five times the slowest run on two shared cores


def main() -> None:
    """Run every client, lay its requests out in simulated time, write the logs."""
    options = _options()
    runs = all_runs(options.seed)
    sent: list[Sent] = []
    with tempfile.TemporaryDirectory() as scratch:
        environments = options.environments or Path(scratch) / "environments"
        for run in runs:
            print(f"{run.name}: {run.client}", file=sys.stderr, flush=True)
            exchanges = _play(run, python_with(run.client, environments), Path(scratch), options.seed)
            print(f"  {len(exchanges)} exchanges", file=sys.stderr, flush=True)
            sent += exchanges
    exchange_log.write(sent, runs, options.out)


def _play(run: Run, python: Path, scratch: Path, seed: int) -> list[Sent]:
    """Let the client do its job against a local API of its own, then place what it sent in the simulated week."""
    job = scratch / f"{run.name}.json"
    with LocalApi() as api:
        job.write_text(json.dumps(run.job | {"base_url": api.base_url}), encoding="utf-8")
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(  # noqa: S603 - our own words, no shell
                [str(python), "-W", "ignore", str(HERE / "clients" / f"{run.script}.py"), str(job)],
                cwd=scratch,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=_SECONDS_FOR_A_RUN,
                check=False,
            )
            if done.returncode != 0:
                said.seek(0)
                sys.exit(f"{run.client} failed:\n{said.read().decode(errors='replace')[-3000:]}")
        recorded = api.take()
    return run.schedule(recorded, run.accounts, random.Random(f"{seed}/{run.name}"))  # noqa: S311 - no secret


def _environment() -> dict[str, str]:
    """The surroundings of a client: no hub, no telemetry, no keys that happen to lie in the caller's environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "HF_", "LLM_"))}
    return kept | {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the example log again.")
    parser.add_argument("--out", type=Path, default=HERE / "logs", help="where the logs go")
    parser.add_argument("--environments", type=Path, help="keep the clients' environments in this folder")
    parser.add_argument("--seed", type=int, default=2026, help="another seed makes another log of the same kind")
    return parser.parse_args()


if __name__ == "__main__":
    main()
