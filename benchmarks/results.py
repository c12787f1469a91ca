"""The results that are kept: per benchmark the last run, with its machine, date and command."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Figure, markdown

FILE = Path(__file__).parent / "results.md"
_OPENING = """# Measured

The last run of each benchmark. CPU seconds are user and system time of the whole process tree; memory is the largest
of the command's process and, beside it, of one worker. `make bench` measures again.
"""
_SECTION = re.compile(r"^## (\w+)\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def keep(figures: Sequence[Figure], machine: Mapping[str, str], command: str) -> None:
    """Replace the sections of the benchmarks that ran; the others stay."""
    before = FILE.read_text() if FILE.exists() else ""
    sections = {match[1]: match[0].strip() for match in _SECTION.finditer(before)}
    for name in dict.fromkeys(figure.benchmark for figure in figures):
        own = [figure for figure in figures if figure.benchmark == name]
        sections[name] = f"## {name}\n\n{_circumstances(machine, command)}\n\n{markdown(own)}"
    FILE.write_text("\n\n".join([_OPENING.strip(), *(sections[name] for name in sorted(sections))]) + "\n")


def _circumstances(machine: Mapping[str, str], command: str) -> str:
    on = ", ".join(f"{name} {value}" for name, value in machine.items())
    return f"`{_without_scratch(command)}` on {on}."


def _without_scratch(command: str) -> str:
    """A folder of somebody's machine says nothing to others."""
    return re.sub(r" --scratch[ =]\S+", "", command)
