"""Tables of patterns beside the code, so that counsel can read and change them: names, reasons, regular expressions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any


def table(file: str) -> dict[str, Any]:
    """The file as it is."""
    return tomllib.loads(files(__package__).joinpath(file).read_text("utf-8"))


def compiled(file: str, kind: str) -> Iterator[tuple[str, str, tuple[re.Pattern[str], ...]]]:
    """Each table `[kind.name]` of a file: its name, why it is there, its patterns with the `[sets]` filled in."""
    found = table(file)
    for name, entry in found[kind].items():
        yield name, entry["why"], tuple(_filled(pattern, found["sets"]) for pattern in entry["patterns"])


def _filled(pattern: str, sets: dict[str, str]) -> re.Pattern[str]:
    for name, words in sets.items():
        pattern = pattern.replace("{" + name + "}", words)
    return re.compile(pattern)
