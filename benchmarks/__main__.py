"""`python -m benchmarks [NAME ...]`: run benchmarks, print one table, and keep it in benchmarks/results.md."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import (
    alliance,
    doors,
    example,
    hub,
    hub_peers,
    hunt,
    limits,
    machine,
    memory,
    poisoning,
    rings,
    sketch,
    tags,
    tracer,
    watermark,
)
from benchmarks.figures import Figure, as_json, markdown
from benchmarks.proxy import run as proxy
from benchmarks.quality import run as quality
from benchmarks.results import keep
from benchmarks.robustness import run as robustness
from benchmarks.scratch import NoRoom
from benchmarks.soak import run as soak
from benchmarks.streams import run as streams

NAMES = ("sketch", "memory", "hunt", "example", "proxy")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if every target was met, 1 if one was missed, 2 if a benchmark could not run."""
    asked = _parser().parse_args(arguments)
    figures: list[Figure] = []
    try:
        for name in asked.names or NAMES:
            for figure in _figures(name, asked):
                figures.append(figure)
                print(f"{figure.benchmark}: {figure.case} done", file=sys.stderr)
    except NoRoom as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    on = machine.describe()
    print(json.dumps(as_json(figures, on), indent=1) if asked.json else f"{_named(on)}\n\n{markdown(figures)}")
    if not asked.dry:
        keep(figures, on, shlex.join(["python", "-m", "benchmarks", *arguments]))
    return int(any(figure.is_met is False for figure in figures))


def _figures(name: str, asked: argparse.Namespace) -> Iterator[Figure]:
    if name == "sketch":
        return sketch.run((asked.sizes or [sketch.EXCHANGES])[0], asked.scratch)
    if name == "memory":
        return memory.run(asked.sizes or [*memory.SIZES, *[memory.FULL] * asked.full], asked.scratch)
    if name == "hunt":
        return hunt.run(asked.sizes or hunt.SIZES, asked.scratch)
    if name == "proxy":
        return proxy.run(asked.scratch)
    if name == "doors":
        return doors.run(asked.scratch)
    if name == "limits":
        return limits.run()
    if name == "watermark":
        return watermark.run()
    if name == "robustness":
        return robustness.run()
    if name == "quality":
        return quality.run()
    if name == "hub":
        return hub.run(asked.scratch, asked.sizes or hub.SIZES)
    if name == "peers":
        return hub_peers.run(asked.scratch, asked.sizes or hub_peers.SIZES)
    if name == "tags":
        return tags.run()
    if name == "alliance":
        return alliance.run(asked.scratch)
    if name == "poisoning":
        return poisoning.run(asked.scratch)
    if name == "rings":
        return rings.run()
    if name == "streams":
        return streams.run(asked.minutes)
    if name == "soak":
        return soak.run(asked.scratch, asked.minutes)
    if name == "tracer":
        return tracer.run(asked.scratch, asked.sizes or tracer.SIZES)
    return example.run(asked.scratch)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(NAMES)}; all by default")
    parser.add_argument("--json", action="store_true", help="print JSON for machines instead of the table")
    parser.add_argument("--sizes", type=_exchanges, nargs="+", help="numbers of exchanges instead of the usual, as 4e6")
    parser.add_argument("--full", action="store_true", help="memory: ten million exchanges too")
    parser.add_argument("--minutes", type=float, default=0.0, help="streams, soak: how long to watch memory")
    parser.add_argument("--dry", action="store_true", help="do not write benchmarks/results.md")
    parser.add_argument(
        "--scratch", type=Path, default=Path(tempfile.gettempdir()), help="folder for logs and ledgers (6 GB)"
    )
    return parser


def _exchanges(text: str) -> int:
    return int(float(text))


def _named(on: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in on.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
