"""What people see while a command works: a progress bar on stderr, nothing on stdout but the result.

Names of files and accounts come from outside. None reaches a terminal as markup or as a control sequence.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would exit with 1, which here means that there are findings."""
        raise BrokenPipeError


stderr = _Console(stderr=True, highlight=False)
stdout = _Console(highlight=False)


def printable(text: str) -> str:
    """`text` with controls, direction marks and what no encoding can write spelled out as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def counted(count: int, thing: str) -> str:
    """`count` and the thing counted, in the plural where there are several."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def say(text: str, style: str = "") -> None:
    """One line of the result, whole: a path that was folded cannot be copied."""
    stdout.print(Text(printable(text), style), soft_wrap=True)


def complain(text: str, *, name: str = "", style: str = "") -> None:
    """One line on stderr, after the `name` of who speaks."""
    stderr.print(Text.assemble((name, "bold red"), (printable(text), style)), soft_wrap=True)


class Tell(Protocol):
    """Called with a step's name, how much of it is done (0 .. 1), and a short detail."""

    def __call__(self, step: str, done: float, detail: str = "") -> None: ...


def _say_nothing(step: str, done: float, detail: str = "") -> None:
    pass


@contextmanager
def progress_bar(quiet: bool) -> Generator[Tell]:
    """A bar per step on a terminal; nothing where stderr is no terminal or `quiet`."""
    if quiet or not stderr.is_terminal:
        yield _say_nothing
        return
    columns = (TextColumn("{task.description:<22}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[detail]}"), console=stderr) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: float, detail: str = "") -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=1.0, detail="")
            bar.update(tasks[step], completed=done, detail=detail)

        yield tell


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
