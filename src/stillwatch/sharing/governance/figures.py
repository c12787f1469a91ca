"""Figures in sentences: a number tells how much, and how much is told in the decades of the volume band alone.

Numbers that name something stay: a technique, an autonomous system, a version, a date, a status code, a clock's units.
Numbers in words are read likewise: "two families" stays, "two hundred calls" does not.
"""

from __future__ import annotations

import re
from functools import cache

from stillwatch.sharing.governance.pattern_file import table


def has_figure(heard: str) -> bool:
    """Whether a number is left in `spoken` text when those that name something are taken out."""
    quantity, names = _patterns()
    return bool(quantity.search(heard)) and bool(quantity.search(names.sub(" ", heard)))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What is a number, and what names something."""
    numbers = table("numbers.toml")
    names = "|".join(numbers["names"]).replace("{word}", numbers["word"])
    return re.compile(numbers["quantity"]), re.compile(names)
